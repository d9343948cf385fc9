"""`chat` on the command line: one utterance a line, an empty line begins anew, and JSON for programs."""

import json

import pytest
import typer
from typer.testing import CliRunner

from chatbot.commands import chat
from chatbot.core.errors import InputError
from tests.conftest import write_hotels


@pytest.fixture(scope="module")
def command():
    app = typer.Typer()
    chat.register(app)
    app.command()(lambda: None)
    return app


@pytest.fixture
def say(command, tmp_path):
    """A function that types lines and gives what is printed; the model is the rules."""
    hotels = write_hotels(tmp_path / "hotels.json")

    def run(*lines, flags=()):
        arguments = ["chat", "--model", "rules", "--hotels", str(hotels), *flags]
        return CliRunner().invoke(command, arguments, input="\n".join(lines) + "\n", catch_exceptions=False).stdout

    return run


def test_every_line_is_answered(say):
    first, second = say("找能打麻将的经济型酒店", "第二家电话多少").splitlines()
    assert "归途快捷酒店" in first and "010-22220000" in second


def test_a_program_reads_reply_call_state_and_records_of_every_turn(say):
    lines = [json.loads(line) for line in say("要经济型的", "评分4.5以上", "谢谢", flags=["--json"]).splitlines()]
    assert [line["query"] for line in lines] == [{"type": "经济型"}] + [
        {"type": "经济型", "rating_range_lower": 4.5}
    ] * 2
    assert [line["call"] is not None for line in lines] == [True, True, False]
    assert [record["name"] for record in lines[1]["records"]] == ["归途快捷酒店(北京云桥店)"]
    assert all(line["reply"] for line in lines)


def test_an_empty_line_begins_a_new_conversation(say):
    lines = [json.loads(line) for line in say("要经济型的", "", "评分4.5以上", flags=["--json"]).splitlines()]
    assert [line["query"] for line in lines] == [{"type": "经济型"}, {"rating_range_lower": 4.5}]


def test_a_verifier_that_is_not_there_is_named(say):
    with pytest.raises(InputError, match="strict"):
        say("你好", flags=["--verifier", "strict"])
    assert say("你好", flags=["--verifier", "none"])
