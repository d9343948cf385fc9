"""Conversations as training examples: rendered once by THE renderer, checked that each trains something, packed into full rows."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation
from chatbot.corpus.reading.reader import read_conversations
from chatbot.models.families.family import Family
from chatbot.models.render import IGNORED, encode

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Example:
    """One conversation as token ids and labels (IGNORED where not trained), cut to the row's length.

    Attributes:
        length: tokens before the cut.
    """

    id: str
    source: str
    ids: list[int]
    labels: list[int]
    length: int

    @property
    def trained(self) -> int:
        """How many tokens carry loss; the first token never does, because nothing predicts it."""
        return sum(label != IGNORED for label in self.labels[1:])

    def cut(self, max_length: int) -> "Example":
        """Without what lies behind a row's end."""
        return replace(self, ids=self.ids[:max_length], labels=self.labels[:max_length])


@dataclass(frozen=True)
class Statistics:
    """What a data set amounts to.

    Attributes:
        tokens, trained: tokens of one epoch, and those that carry loss.
        longest, cut: tokens of the longest conversation, and how many conversations lose their end.
        rows, filled: packed rows of one epoch, and the share of them that is not empty.
        rows_padded_filled: the share that would be filled if every conversation had a row of its own.
        lengths: tokens of each conversation before the cut.
    """

    conversations: int
    tokens: int
    trained: int
    longest: int
    cut: int
    rows: int
    filled: float
    rows_padded_filled: float
    lengths: list[int]


def rendered(
    conversation: Conversation, family: Family, tokenizer: "PreTrainedTokenizerBase", max_length: int | None = None
) -> list[Example]:
    """The examples of one conversation, cut where a length is given: one, or one a turn where the family reads turn by turn."""
    out = []
    for pieces in family.examples(conversation.messages, conversation.tools) or [[]]:
        found = encode(pieces, tokenizer)
        whole = Example(conversation.id, conversation.source, found.ids, found.labels, len(found.ids))
        out.append(whole if max_length is None else whole.cut(max_length))
    return out


def examples(
    conversations: Sequence[Conversation], family: Family, tokenizer: "PreTrainedTokenizerBase", max_length: int
) -> list[Example]:
    """Render all conversations.

    Raises:
        InputError: there are none, or some train nothing (no assistant message, or it lies behind the cut); their ids are named.
    """
    return cut_to([e for c in conversations for e in rendered(c, family, tokenizer)], max_length)


def cut_to(whole: Sequence[Example], max_length: int) -> list[Example]:
    """Examples cut to a row's length; raises what `examples` raises."""
    if not whole:
        raise InputError("training.no_data")
    out = [e.cut(max_length) for e in whole]
    empty = [e.id for e in out if not e.trained]
    if empty:
        shown = ", ".join(empty[:5]) + (" …" if len(empty) > 5 else "")
        raise InputError("training.trains_nothing", value=shown, n=len(empty), all=len(out), most=max_length)
    return out


def load(path: Path, family: Family, tokenizer: "PreTrainedTokenizerBase", max_length: int) -> list[Example]:
    """Read and render a file of conversations.

    Raises:
        InputError: as `read_conversations` and `examples` do.
    """
    return examples(read_conversations(path), family, tokenizer, max_length)


def hold_out(
    conversations: Sequence[Conversation], share: float, seed: int
) -> tuple[list[Conversation], list[Conversation]]:
    """Split into training and held-out conversations by source, so that no rewriting of a trained dialogue is held out."""
    sources = sorted(
        {c.source for c in conversations}, key=lambda source: hashlib.sha256(f"{seed}-{source}".encode()).hexdigest()
    )
    held = set(sources[: round(share * len(sources))] if len(sources) > 1 else [])
    return [c for c in conversations if c.source not in held], [c for c in conversations if c.source in held]


def rows(data: Sequence[Example], max_length: int, packed: bool) -> "Dataset":
    """A data set that SFTTrainer takes as it is: `input_ids`, `labels`, and `seq_lengths` where packed (best fit decreasing)."""
    from datasets import Dataset, disable_progress_bars
    from trl import pack_dataset

    disable_progress_bars()
    plain = Dataset.from_dict({"input_ids": [e.ids for e in data], "labels": [e.labels for e in data]})
    return (
        pack_dataset(plain, max_length, "bfd", {"load_from_cache_file": False, "batch_size": len(plain)})
        if packed
        else plain
    )


def statistics(data: Sequence[Example], max_length: int) -> Statistics:
    """Count what an epoch holds."""
    tokens, packed = sum(len(e.ids) for e in data), len(rows(data, max_length, packed=True))
    return Statistics(
        conversations=len(data),
        tokens=tokens,
        trained=sum(e.trained for e in data),
        longest=max(e.length for e in data),
        cut=sum(e.length > max_length for e in data),
        rows=packed,
        filled=tokens / (packed * max_length),
        rows_padded_filled=tokens / (len(data) * max_length),
        lengths=[e.length for e in data],
    )


def fingerprint(path: Path) -> dict[str, Any]:
    """A file's name, size and SHA-256, for the record of a run."""
    content = Path(path).read_bytes()
    return {"file": Path(path).name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
