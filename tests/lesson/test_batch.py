"""Rows are filled as the trainer fills them, and each way says what it wastes and who may look at whom."""

import pytest

from chatbot.core.settings import DATA, settings
from chatbot.lesson.batch import NOBODY, lay_out, some_examples
from chatbot.models.render import IGNORED
from chatbot.training.data import rows, statistics

LENGTH = 96


@pytest.fixture(scope="module")
def data():
    return some_examples(settings().base, DATA / "conversations" / "first_calls.jsonl", 8, 0)


def test_packed_rows_are_the_trainers_own(data):
    batch = lay_out(data, "packed", LENGTH)
    theirs = rows(data, LENGTH, packed=True)
    assert [[i for i, e in zip(row.ids, row.example, strict=True) if e != NOBODY] for row in batch.rows] == [
        row["input_ids"] for row in theirs
    ]
    starts = [[at for at, e in enumerate(row.example) if e != NOBODY and row.positions[at] == 0] for row in batch.rows]
    assert [len(found) for found in starts] == [len(row["seq_lengths"]) for row in theirs]


def test_the_waste_is_the_one_of_the_statistics(data):
    count = statistics(data, LENGTH)
    assert lay_out(data, "packed", LENGTH).waste == pytest.approx(1 - count.filled)
    assert lay_out(data, "padded", LENGTH).waste == pytest.approx(1 - count.rows_padded_filled)
    assert lay_out(data, "concatenated", LENGTH).waste < lay_out(data, "packed", LENGTH).waste


def test_only_concatenation_tears_examples_and_lets_them_see_each_other(data):
    long, packed = lay_out(data, "concatenated", LENGTH), lay_out(data, "packed", LENGTH)
    assert long.torn > 0 == packed.torn

    def strangers(batch):
        return sum(
            row.sees(a, b) and row.example[a] != row.example[b]
            for row in batch.rows
            for a in range(LENGTH)
            for b in range(LENGTH)
        )

    assert strangers(long) > 0 == strangers(packed)
    assert not any(row.sees(at, at + 1) for row in packed.rows for at in range(LENGTH - 1))


def test_the_loss_falls_on_what_the_model_must_write(data):
    row = lay_out(data, "padded", LENGTH).rows[0]
    wanted = [label != IGNORED for label in data[0].labels]
    assert row.trained[: len(wanted)] == wanted and sum(row.trained) == data[0].trained > 0


def test_shuffling_changes_the_order_and_nothing_else(data):
    other = some_examples(settings().base, DATA / "conversations" / "first_calls.jsonl", 8, 3)
    assert [e.id for e in other] != [e.id for e in data] and sorted(e.id for e in other) == sorted(e.id for e in data)
