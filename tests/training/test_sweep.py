"""A sweep trains at every combination, goes on where it was cut off, and says what its figures can tell apart."""

import pytest
from typer.testing import CliRunner

from chatbot.__main__ import app
from chatbot.core.errors import InputError
from chatbot.core.events import Note, NullReporter, Progress, Stopped
from chatbot.core.settings import settings
from chatbot.evaluation.sweep import SweepConfig, ordered, read_over, runs, sweep, table

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def config(base, data, tmp_path):
    def make(over, **fields):
        shared = {"base": str(base), "data": str(data), "method": "lora", "max_steps": 2, "eval_every": 2}
        shared |= {"eval_limit": 0, "max_length": 192}
        return SweepConfig(run=shared | fields, over=over, out=tmp_path / "sweep")

    return make


class Watching(NullReporter):
    def __init__(self, stop_after=99):
        self.seen, self.stop_after = [], stop_after

    def event(self, event):
        self.seen.append(event)

    def should_stop(self):
        return sum(isinstance(e, Note) for e in self.seen) >= self.stop_after

    @property
    def trained(self):
        return [e.what for e in self.seen if isinstance(e, Progress) and e.what]


def test_values_are_read_as_people_type_them_and_what_does_not_fit_is_named():
    assert read_over(["--learning-rate=1e-3, 4e-3", "rank=8"]) == {"learning_rate": ["1e-3", "4e-3"], "rank": ["8"]}
    for text in ("rank", "rank=", "=8"):
        with pytest.raises(InputError, match=r"setting=value,value"):
            read_over([text])


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"hotels": ["a", "b"]}, "this setting cannot be swept"),
        ({"rank": ["8", "many"]}, "rank"),
        ({"rank": ["8"]}, "this makes 1 runs"),
        ({"rank": ["1", "2"], "alpha": ["1", "2"], "seed": ["1", "2"]}, "one or 2 settings"),
        ({"rank": [str(k) for k in range(1, 30)]}, "2 to 24 runs"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_before_anything_is_trained(over, told, config):
    with pytest.raises(InputError, match=told):
        runs(config(over))


def test_every_combination_is_trained_once_and_a_cut_off_sweep_goes_on(config, tmp_path):
    asked = config({"learning_rate": ["1e-3", "4e-3"]})
    cut, rest = Watching(stop_after=1), Watching()
    with pytest.raises(Stopped):
        sweep(asked, settings().hotels, cut)
    first = tmp_path / "sweep" / "learning_rate=1e-3" / "run.json"
    written = first.stat().st_mtime_ns
    found = sweep(asked, settings().hotels, rest)
    assert first.stat().st_mtime_ns == written
    assert rest.trained == ["learning_rate=1e-3", "learning_rate=4e-3"]
    assert {row["settings"]["learning_rate"] for row in found["rows"]} == {1e-3, 4e-3}
    assert all(row["steps"] == 2 and row["figures"]["loss"] > 0 for row in found["rows"])
    assert found["rows"][0]["figures"]["loss"] <= found["rows"][1]["figures"]["loss"]


def row(rank, f1=None, low=None, high=None, **more):
    figures = {} if f1 is None else {"slot_f1": f1, "slot_f1_low": low, "slot_f1_high": high}
    return {"settings": {"rank": rank}, "figures": figures, "steps": 2, "seconds": 1.0, "verdict": "", **more}


def test_the_table_says_which_runs_cannot_be_told_from_the_best_and_which_the_guard_ended():
    rows = [row(4, 0.2, 0.1, 0.3), row(8, 0.8, 0.7, 0.9), row(16, 0.75, 0.6, 0.85), row(32, verdict="gave up")]
    assert [(r["settings"]["rank"], r["apart"]) for r in ordered(rows)] == [
        (8, False),
        (16, False),
        (4, True),
        (32, None),
    ]
    lines = list(table(rows))
    assert lines[2].startswith("| * | 8 | 0.8000 (0.70 – 0.90)") and lines[3].startswith("| ~ | 16")
    assert lines[4].startswith("|  | 4 |") and "gave up" in lines[5]


def test_the_command_prints_the_table(base, data, tmp_path, set_setting):
    set_setting("workspace", str(tmp_path / "workspace"))
    options = ["--base", base, "--data", data, "--out", tmp_path / "s", "--method", "lora", "--max-steps", "1"]
    options += ["--eval-limit", "0", "--max-length", "192", "--over", "rank=2,4"]
    done = CliRunner().invoke(app, ["sweep", *map(str, options)], catch_exceptions=False)
    assert done.exit_code == 0 and done.stdout.startswith("|  | rank |") and "| * |" in done.stdout
