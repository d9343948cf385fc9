"""What a person at the command line sees: no long silence, losses, and what lasts on a line of its own."""

import time

import pytest

from chatbot.core.console import Console
from chatbot.core.events import Metrics, Note, Progress, Rollback


def seen(capsys):
    return capsys.readouterr().err


def test_where_nothing_is_told_the_last_report_is_shown_again_with_the_time_that_has_passed(capsys):
    console, out = Console(silence=0.02), ""
    console.event(Progress(done=1, total=5, what="load"))
    with console.alive():
        while " … " not in out:
            time.sleep(0.01)
            out += seen(capsys)
    assert out.startswith("\r1/5 load") and out.endswith(" s")
    assert seen(capsys) == "\n"


def test_the_sign_of_life_ends_with_the_work_even_where_that_fails(capsys):
    console = Console(silence=0.01)

    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), console.alive():
        fail()
    seen(capsys)
    time.sleep(0.05)
    assert seen(capsys) == ""


def test_losses_pass_by_and_figures_notes_and_roll_backs_stay(capsys):
    console = Console()
    console.event(Metrics(step=3, max_steps=9, seconds_left=12.4, figures={"loss": 1.25, "grad_norm": 2.0}))
    assert seen(capsys) == "\rstep 3/9  loss 1.25  12 s left"
    console.event(Metrics(step=3, max_steps=9, figures={"eval_loss": 1.5, "eval_slot_f1": 0.5}))
    assert seen(capsys).rstrip(" \n") == "\rstep 3/9  loss 1.5  slot_f1 0.5"
    console.event(Note(text="left out"))
    console.event(Rollback(step=4, back_to=2, learning_rate=0.5, reason="the loss jumped"))
    lines = seen(capsys).split("\n")
    assert lines == ["\rleft out", "\rstep 4: the loss jumped; back to step 2 at a learning rate of 0.5", ""]
