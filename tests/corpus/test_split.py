"""Claims about near-duplicates and leak-free splits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, reply, user, write_conversations
from chatbot.corpus.duplicates import distinct, diversity, near_duplicates, self_bleu
from chatbot.corpus.export.split import leaks, read_sides, split


def said(number, words, source=None):
    return Conversation(id=f"c{number}", source=source or f"s{number}", messages=[user(words), reply("好的。")])


def numbered(count):
    """Conversations with nothing in common."""
    return [said(i, "".join(chr(0x4E00 + (i * 97 + k * 13) % 9000) for k in range(30))) for i in range(count)]


def ids(side):
    return [c.id for c in side]


def test_the_same_words_but_for_a_few_characters_are_near_duplicates():
    words = "你好，帮我找一家提供早餐服务和叫醒服务的高档型酒店，评分要在4.5分以上，谢谢"
    found = list(near_duplicates([said(1, words), *numbered(5), said(2, words.replace("谢谢", "多谢"))]))
    assert [(i, j) for i, j, _ in found] == [(0, 6)] and 0.8 <= found[0][2] < 1


def test_a_split_is_8_1_1_and_complete():
    whole = numbered(100)
    made = split(whole, seed=1)
    assert (len(made.train), len(made.val), len(made.test)) == (80, 10, 10)
    assert sorted(ids([*made.train, *made.val, *made.test])) == sorted(ids(whole))


def test_the_same_seed_gives_the_same_split_whatever_the_order():
    whole = numbered(60)
    first, again, other = split(whole, 1), split(whole[::-1], 1), split(whole, 2)
    assert ids(first.test) == ids(again.test) != ids(other.test)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), min_size=1, max_size=40), st.integers(0, 3))
def test_no_source_and_no_near_duplicate_lies_on_two_sides(rows, seed):
    words = [c.messages[0].content for c in numbered(10)]
    made = split([said(i, words[w], f"s{s}") for i, (s, w) in enumerate(rows)], seed)
    assert made.leaks == {"sources": 0, "near_duplicates": 0}


def test_the_leak_report_counts_what_a_bad_split_leaks():
    [a, b, c] = numbered(3)
    twin = said(9, b.messages[0].content)
    assert leaks([[a, b], [c.model_copy(update={"source": "s0"})], [twin]]) == {"sources": 1, "near_duplicates": 1}


def test_diversity_falls_when_everybody_says_the_same():
    same, varied = ["帮我找一家酒店"] * 10, [c.messages[0].content for c in numbered(10)]
    assert distinct(same) < distinct(varied) and self_bleu(varied) < self_bleu(same) == pytest.approx(1)
    assert diversity([said(1, "一")]) == {"distinct_2": 0.0, "self_bleu": 0.0}


def test_a_missing_side_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(InputError, match=r"train\.jsonl"):
        read_sides(tmp_path)


def test_sides_read_back_whatever_characters_people_typed(tmp_path):
    odd = said(1, "有\u2028暖气\x85吗")
    for name in ("train", "val", "test"):
        write_conversations(tmp_path / f"{name}.jsonl", [odd])
    assert read_sides(tmp_path)["train"] == [odd]
