"""Examples: what is refused, held out, cut, packed and counted."""

import pytest

from chatbot.core.errors import InputError
from chatbot.core.messages import Conversation, reply, user
from chatbot.models.families.hotel_mini import HOTEL_MINI
from chatbot.models.loading import load_tokenizer
from chatbot.training.config import FinetuneConfig
from chatbot.training.data import examples, hold_out, rows, statistics
from chatbot.training.preview import histogram, preview


@pytest.fixture(scope="module")
def tokenizer(base):
    return load_tokenizer(base)


def test_an_example_whose_answer_lies_behind_the_cut_is_refused(tokenizer):
    late = Conversation(id="late", source="s", messages=[user("很长的问题" * 40), reply("好")])
    with pytest.raises(InputError, match=r"1 of 1 conversations would train nothing: 'late'.*within 64 tokens"):
        examples([late], HOTEL_MINI, tokenizer, 64)


def test_empty_data_is_refused(tokenizer):
    with pytest.raises(InputError, match="empty"):
        examples([], HOTEL_MINI, tokenizer, 64)


def test_conversations_of_one_source_stay_on_one_side():
    several = [Conversation(id=f"{s}-{k}", source=f"s{s}", messages=[user("x")]) for s in range(20) for k in range(3)]
    train, held = hold_out(several, 0.2, seed=0)
    assert len(held) == 12 and not {c.source for c in train} & {c.source for c in held}


def test_a_single_source_is_not_held_out():
    only = [Conversation(id="a", source="s", messages=[user("x")])]
    assert hold_out(only, 0.5, seed=0) == (only, [])


def test_packing_loses_no_token_and_fills_rows(conversations, tokenizer):
    data = examples(conversations, HOTEL_MINI, tokenizer, 256)
    packed = rows(data, 256, packed=True)
    assert sum(len(row) for row in packed["input_ids"]) == sum(len(e.ids) for e in data)
    assert sum(len(sizes) for sizes in packed["seq_lengths"]) == len(data)
    count = statistics(data, 256)
    assert count.rows == len(packed) and count.filled > 2 * count.rows_padded_filled


def test_a_preview_shows_what_is_trained_what_is_cut_and_who_shares_a_row(base, data):
    shown = preview(FinetuneConfig(base=base, data=data, out="x", max_length=64, eval_share=0), 0, HOTEL_MINI)
    assert "推荐" not in "".join(t.text for t in shown.tokens if not t.trained)
    assert {t.kept for t in shown.tokens[:64]} == {True} and {t.kept for t in shown.tokens[64:]} == {False}
    wide = preview(FinetuneConfig(base=base, data=data, out="x", max_length=512, eval_share=0), 0, HOTEL_MINI)
    assert all(sum(n for _, n in row.parts) + row.empty == 512 for row in wide.packed)
    assert len(wide.packed[0].parts) > 1


def test_a_histogram_counts_every_length_once():
    found = histogram([3, 5, 5, 90, 41])
    assert sum(count for _, _, count in found) == 5
    assert found[0][0] == 3 and found[-1][1] >= 90
