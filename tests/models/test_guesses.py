"""A facility that the model all but guesses is an unknown wish in the line that is used."""

import pytest

from chatbot.models.act_lines.beams import Line
from chatbot.models.act_lines.constraint import ActConstraint
from chatbot.models.act_lines.guesses import SURE, without_guesses
from chatbot.models.families.act_tokens import read_act
from tests.tiny_models import act_tokenizer


@pytest.fixture(scope="module")
def constraint():
    return ActConstraint(act_tokenizer())


def line(constraint, *tokens):
    """The line of (mark, probability) pairs without its guesses, read back."""
    written = Line(0.0, [constraint.ids[text] for text, _ in tokens], [sureness for _, sureness in tokens])
    ids = without_guesses(written, constraint.ids)
    return str(read_act(constraint.tokenizer.decode(ids, skip_special_tokens=False)))


REQUEST, ADD, GYM, SPA = ("<|act:request|>", 0.9), ("<|op:+|>", 0.9), "<|v:健身房|>", "<|v:SPA|>"
TYPE, LUXURY = ("<|op:type=|>", 0.9), ("<|v:豪华型|>", 0.2)
LOW, HIGH = SURE - 0.1, SURE + 0.1


def test_a_line_of_one_guess_is_an_unsupported_wish(constraint):
    assert line(constraint, REQUEST, ADD, (GYM, LOW)) == "unsupported ?"
    assert line(constraint, REQUEST, ADD, (GYM, HIGH)) == "request +健身房"


def test_what_else_was_said_is_kept(constraint):
    assert line(constraint, REQUEST, ADD, (GYM, LOW), ADD, (SPA, HIGH), TYPE, LUXURY) == "request ? +SPA type=豪华型"


def test_a_choice_that_begins_with_a_guess_goes_as_a_whole(constraint):
    assert (
        line(constraint, REQUEST, ADD, (GYM, LOW), ("<|or|>", 0.9), (SPA, HIGH), TYPE, LUXURY)
        == "request ? type=豪华型"
    )


def test_a_question_for_a_guessed_facility_is_one_that_the_list_cannot_answer(constraint):
    ask = ("<|act:ask_has|>", 0.9), ("<|op:has:|>", 0.9), (GYM, LOW), ("<|op:#|>", 0.9), ("<|v:1|>", 0.2)
    assert line(constraint, *ask) == "unsupported ? #1"


def test_what_is_given_up_is_never_a_guess(constraint):
    assert line(constraint, ("<|act:drop|>", 0.9), ("<|op:-|>", 0.9), (GYM, LOW)) == "drop -健身房"
