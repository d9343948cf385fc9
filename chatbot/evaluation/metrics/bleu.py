"""BLEU-4 twice: as sacrebleu defines it for Chinese, and as the original lab does, so that its figures can be compared."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU

ORDER = 4
STATISTICS = (
    "bleu_predicted_length",
    "bleu_gold_length",
    *(f"bleu_match{n}" for n in range(1, ORDER + 1)),
    *(f"bleu_total{n}" for n in range(1, ORDER + 1)),
)
"""Sufficient statistics of corpus BLEU: their sums over sentences give the score of the corpus."""


@cache
def _sacrebleu() -> "BLEU":
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize="zh", effective_order=True)


def statistics(predicted: str, gold: str) -> dict[str, float]:
    """The sufficient statistics of one sentence, tokenised by sacrebleu's `zh` tokenizer."""
    score = _sacrebleu().sentence_score(predicted, [gold])
    return dict(zip(STATISTICS, (score.sys_len, score.ref_len, *score.counts, *score.totals), strict=True))


def corpus_bleu(sums: Mapping[str, Any]) -> np.ndarray:
    """Corpus BLEU-4, 0 to 100, from summed statistics; arrays of sums give an array of scores.

    The formula is sacrebleu's default (Post 2018, "A Call for Clarity in Reporting BLEU Scores"): geometric mean of the
    n-gram precisions, brevity penalty, and exponential smoothing, in which the k-th order without a match counts 1 / 2^k.
    NaN where there is no gold text.
    """
    shape = np.broadcast_shapes(*(np.shape(sums[key]) for key in STATISTICS))
    logs, halvings = np.zeros(shape), np.zeros(shape)
    matched = np.zeros(shape, dtype=bool)
    predicted, gold = np.asarray(sums["bleu_predicted_length"], float), np.asarray(sums["bleu_gold_length"], float)
    with np.errstate(divide="ignore", invalid="ignore"):
        for n in range(1, ORDER + 1):
            match, total = np.asarray(sums[f"bleu_match{n}"], float), np.asarray(sums[f"bleu_total{n}"], float)
            halvings = halvings + (match == 0)
            matched = matched | (match > 0)
            logs = logs + np.log(np.where(match > 0, match, 0.5**halvings) / total)
        penalty = np.where(predicted < gold, np.exp(1 - gold / predicted), 1.0)
        score = np.where(
            matched & (np.asarray(sums[f"bleu_total{ORDER}"]) > 0), 100 * penalty * np.exp(logs / ORDER), 0.0
        )
    return np.where(gold > 0, score, np.nan)


def _ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def lab_bleu4(predicted: str, gold: str) -> float:
    """Sentence BLEU-4 over characters, 0 to 1, as in `evaluator.py` of agiclass/fine-tuning-lab.

    There it is `nltk.translate.bleu_score.sentence_bleu` with `SmoothingFunction().method3` on `list(text.strip())`,
    and 0 where either text is empty. nltk's method 3: the k-th order without a match counts 1 / (2^k · its total), and
    the score is 0 where no single character matches.
    """
    hypothesis, reference = list(predicted.strip()), list(gold.strip())
    if not hypothesis or not reference:
        return 0.0
    log, halvings = 0.0, 0
    for n in range(1, ORDER + 1):
        found = _ngrams(hypothesis, n)
        match, total = (found & _ngrams(reference, n)).total(), max(1, found.total())
        if match == 0 and n == 1:
            return 0.0
        halvings += match == 0
        log += math.log((match or 0.5**halvings) / total) / ORDER
    penalty = 1.0 if len(hypothesis) > len(reference) else math.exp(1 - len(reference) / len(hypothesis))
    return penalty * math.exp(log)
