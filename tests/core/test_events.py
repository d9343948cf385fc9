"""One reader for everything that long work reports, whichever version wrote it."""

from pathlib import Path

import pytest

from chatbot.core.errors import InputError
from chatbot.core.events import (
    GAVE_UP,
    Checkpoint,
    Done,
    Failed,
    JobWriter,
    Metrics,
    Note,
    Progress,
    Rollback,
    read_event,
    read_events,
)

OLDER = Path(__file__).parents[1] / "fixtures" / "older_jobs"
"""Folders that the version wrote whose tasks each had events of their own shape; the explosions and the batch are lines of its writer, called by hand."""


@pytest.mark.parametrize(
    "event",
    [
        Progress(done=1, total=4, what="base", paid=0.5, cap=2.0),
        Metrics(step=3, max_steps=9, seconds_left=4.0, figures={"loss": 2.5, "grad_norm": None}),
        Rollback(step=7, back_to=4, learning_rate=0.001, reason="x", conversations=["a"]),
        Note(text="一", level="warning"),
        Checkpoint(step=4, name="checkpoint-4"),
        Failed.of(InputError("ui.no_data")),
        Failed.of(KeyError("x")),
        Done(result={"best": {"slot_f1": 0.5}, "verdict": None}, stopped=True),
    ],
    ids=lambda event: event.kind,
)
def test_what_is_written_is_read_back_the_same(event, tmp_path):
    JobWriter(tmp_path).event(event)
    assert list(read_events(tmp_path)) == [event]


def test_a_failure_that_we_know_is_kept_with_its_code_in_every_language():
    failed = Failed.of(InputError("ui.no_data"))
    assert failed.code == "ui.no_data" and failed.zh != failed.en


def test_a_result_that_is_not_json_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        JobWriter(tmp_path).event(Done(result={"loss": float("nan")}))


@pytest.mark.parametrize("text", ["", '{"kind": "prog', "[1]", '{"kind": "from-the-future"}', '{"kind": "progress"}'])
def test_a_line_that_is_torn_or_unknown_is_left_out(text):
    assert read_event(text) is None


def test_a_line_after_a_torn_one_is_whole(tmp_path):
    (tmp_path / "events.jsonl").write_text('{"kind": "progress", "do')
    JobWriter(tmp_path).event(Progress(done=1, total=2))
    assert [event.done for event in read_events(tmp_path)] == [1]


def test_a_training_of_an_older_version_keeps_its_curve_and_its_end():
    begun, *points, end = read_events(OLDER / "finetune")
    assert (begun.done, begun.total) == (0, 4)
    assert [point.step for point in points] == [1, 2, 3, 4] and all(point.max_steps == 4 for point in points)
    assert all(point.figures["loss"] > 0 and "step" not in point.figures for point in points)
    assert points[-1].seconds_left is not None and "seconds_left" not in points[-1].figures
    assert isinstance(end, Done) and end.result["checkpoint"] == "checkpoint-4" and end.time > begun.time > 1e9


def test_a_training_that_an_older_versions_guard_ended_has_failed_for_that_reason():
    events = list(read_events(OLDER / "gave-up"))
    assert [type(event) for event in events] == [Progress, Metrics, Metrics, Rollback, Rollback, Failed]
    assert events[2].figures["eval_slot_f1"] == 0.5 and events[3].conversations == ["a"]
    assert events[-1].code == GAVE_UP


def test_a_study_of_an_older_version_keeps_its_progress():
    last = list(read_events(OLDER / "study"))[-1]
    assert isinstance(last, Progress) and (last.done, last.total, last.what) == (6, 6, "rules")


def test_an_augmentation_of_an_older_version_keeps_its_progress_its_result_and_its_batches():
    *told, ended, batch = read_events(OLDER / "augment")
    assert (told[-1].done, told[-1].total) == (16, 16) and told[-1].per_minute > 0
    assert isinstance(ended, Done) and ended.result["state"] == "done" and ended.result["made"] == 16
    assert (batch.what, batch.done, batch.total) == ("batch", 3, 9)
