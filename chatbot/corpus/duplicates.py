"""Near-duplicates and diversity of a corpus, on character n-grams: word tokenisers skip most Chinese utterances."""

from collections import Counter
from collections.abc import Iterator, Sequence

from chatbot.core.messages import Conversation

GRAM = 3
PERMUTATIONS = 125
BANDS = (25, 5)
"""25 bands of 5: a pair at 0.8 becomes a candidate with probability 1 − (1 − 0.8⁵)²⁵ > 0.9999."""
NEAR = 0.8
"""Jaccard similarity of the users' character 3-grams from which two conversations count as near-duplicates."""
SAMPLE = 100


def grams(text: str, size: int = GRAM) -> frozenset[str]:
    """The character n-grams of a text, the whole of a shorter one."""
    text = "".join(text.split())
    return frozenset(text[i : i + size] for i in range(max(1, len(text) - size + 1)))


def user_words(conversation: Conversation) -> str:
    """All that the user says: what makes two conversations alike, whatever hotels were found."""
    return "\n".join(m.content for m in conversation.messages if m.role == "user")


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Shared n-grams over all n-grams of two texts."""
    return len(a & b) / len(a | b)


class NearDuplicates:
    """Finds conversations that are nearly the same as an earlier one, group by group as they come.

    Candidates by MinHash with locality-sensitive hashing, then compared exactly.
    """

    def __init__(self, threshold: float = NEAR) -> None:
        from datasketch import MinHashLSH  # brings all of scipy, which the page's start does not need

        self._threshold, self._texts = threshold, list[frozenset[str]]()
        self._index = MinHashLSH(num_perm=PERMUTATIONS, params=BANDS)

    def add(self, conversations: Sequence[Conversation]) -> Iterator[tuple[int, int, float]]:
        """Pairs of positions (i < j) whose similarity reaches the threshold, counted over all that were added; j is a new one."""
        from datasketch import MinHash

        texts = [grams(user_words(c)) for c in conversations]
        sketches = MinHash.generator([[gram.encode() for gram in text] for text in texts], num_perm=PERMUTATIONS)
        for text, sketch in zip(texts, sketches, strict=True):
            for i in sorted(map(int, self._index.query(sketch))):
                similarity = jaccard(self._texts[i], text)
                if similarity >= self._threshold:
                    yield i, len(self._texts), similarity
            self._index.insert(str(len(self._texts)), sketch)
            self._texts.append(text)


def near_duplicates(conversations: Sequence[Conversation], threshold: float = NEAR) -> Iterator[tuple[int, int, float]]:
    """Pairs of positions (i < j) whose similarity reaches the threshold."""
    return NearDuplicates(threshold).add(conversations)


def distinct(texts: Sequence[str], size: int = 2) -> float:
    """Distinct-n (Li et al. 2016) on characters: different n-grams over all n-grams, 0 for an empty corpus."""
    counts = Counter(text[i : i + size] for text in texts for i in range(len(text) - size + 1))
    return len(counts) / max(1, counts.total())


def self_bleu(texts: Sequence[str], sample: int = SAMPLE) -> float:
    """Self-BLEU (Zhu et al. 2018), 0–1: the mean BLEU-4 of each utterance against the others; lower is more diverse.

    Computed on evenly spaced utterances, at most `sample` of them, with sacrebleu's Chinese tokeniser.
    """
    from sacrebleu.metrics.bleu import BLEU

    chosen = list(texts[:: max(1, len(texts) // sample)][:sample])
    if len(chosen) < 2:
        return 0.0
    bleu = BLEU(tokenize="zh", effective_order=True)
    scores = [bleu.sentence_score(text, chosen[:i] + chosen[i + 1 :]).score for i, text in enumerate(chosen)]
    return sum(scores) / len(scores) / 100


def diversity(conversations: Sequence[Conversation]) -> dict[str, float]:
    """Distinct-2 and self-BLEU of what users say."""
    texts = [m.content for c in conversations for m in c.messages if m.role == "user"]
    return {"distinct_2": round(distinct(texts), 4), "self_bleu": round(self_bleu(texts), 4)}
