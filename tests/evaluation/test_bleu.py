"""BLEU against the two reference implementations: sacrebleu itself, and values that nltk gave."""

import random

import numpy as np
import pytest
import sacrebleu

from chatbot.evaluation.metrics import bleu

PAIRS = [
    ("电话是01012345678。", "您好,电话是01012345678。", 0.8187307530779819),
    ("您好", "您好,请问有什么可以帮您", 0.004006407255911835),
    ("这家酒店有早餐", "价格三百元", 0.0),
    ("不客气", "不客气", 0.8408964152537145),
    ("为您推荐北京饭店,评分4.7分", "推荐您去北京饭店,它的评分是4.7分,价格1000元。", 0.22021347603913705),
    ("", "不客气", 0.0),
]


def _sums(pairs):
    rows = [bleu.statistics(predicted, gold) for predicted, gold in pairs]
    return {name: np.array(float(sum(row[name] for row in rows))) for name in bleu.STATISTICS}


def _sentences(seed, count):
    draw = random.Random(seed)
    return ["".join(draw.choices("酒店推荐价格评分abc 。4.7", k=draw.randint(0, 14))) for _ in range(count)]


@pytest.mark.parametrize(("predicted", "gold", "expected"), PAIRS)
def test_the_labs_bleu_is_nltks_sentence_bleu_with_method_3(predicted, gold, expected):
    assert bleu.lab_bleu4(predicted, gold) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_corpus_bleu_equals_sacrebleu(seed):
    predicted, gold = _sentences(seed, 6), _sentences(seed + 1000, 6)
    gold[0] = predicted[0] = "酒店推荐价格"
    expected = sacrebleu.corpus_bleu(predicted, [gold], tokenize="zh").score
    assert bleu.corpus_bleu(_sums(zip(predicted, gold, strict=True))) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("predicted", "gold"), [("好", "好"), ("好的", "好吗"), ("是", "否"), ("", "好")])
def test_short_and_empty_texts_score_as_in_sacrebleu(predicted, gold):
    assert bleu.corpus_bleu(_sums([(predicted, gold)])) == pytest.approx(
        sacrebleu.corpus_bleu([predicted], [[gold]], tokenize="zh").score
    )


def test_bleu_of_no_reply_is_unknown_instead_of_zero():
    assert np.isnan(bleu.corpus_bleu({name: np.array(0.0) for name in bleu.STATISTICS}))


def test_arrays_of_sums_give_the_score_of_each():
    one, two = _sums([("推荐北京饭店", "推荐北京饭店")]), _sums([("推荐北京饭店", "推荐上海饭店吧")])
    both = {name: np.array([one[name], two[name]]) for name in bleu.STATISTICS}
    assert bleu.corpus_bleu(both).tolist() == pytest.approx(
        [float(bleu.corpus_bleu(one)), float(bleu.corpus_bleu(two))]
    )
