"""Errors reach a person in their language: every message that a page can show has Chinese words, and values are shown as text."""

import ast
from pathlib import Path

import pytest

from chatbot.core.errors import InputError
from chatbot.ui.shell.errors import CHINESE, in_words, needs

ROOT = Path(__file__).parents[2] / "chatbot"
COMMAND_LINE = {
    *("chatglm3.py", "chatglm3_tokenizer.py", "pretrain.py", "extract_adapter.py", "accounts.py", "human_wording.py"),
    "extract.py",  # reached by commands only
    *("parsers.py", "hotel_mini.py"),  # a call that does not parse is tried again, not shown
    *("openai_format.py", "mcp.py", "server.py", "openai_server.py"),  # told to programs
    "download.py",
}
KINDS = {
    "InputError",
    "QueryError",
    "HotelFileError",
    "ModelError",
    "CallParseError",
    "BackendError",
    "TrainingError",
    "JobError",
    "BudgetError",
}


def shape(node):
    """A message as it stands in the source, each value that is filled in as a word; None where it is put together elsewhere."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "something" for part in node.values)
    return None


def messages():
    for path in ROOT.rglob("*.py"):
        if path.name in COMMAND_LINE or path.parent.name == "commands":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in KINDS
                and node.args
                and (what := shape(node.args[0]))
            ):
                yield path.name, what.replace("something:something: something: ", "something.jsonl:3: something: ")


@pytest.mark.parametrize(("file", "what"), sorted(set(messages())))
def test_every_error_that_a_page_can_show_has_chinese_words(file, what):
    assert in_words(InputError(what, remedy="Do this."), "zh") != str(InputError(what, remedy="Do this.")), file


def test_what_was_wrong_is_named_in_chinese_too():
    error = InputError("3 of 12 conversations would train nothing", value="a, b, c", remedy="Remove them.")
    assert in_words(error, "zh").startswith("12 段对话里有 3 段没有可学的内容") and in_words(error, "zh").endswith(
        "：a, b, c"
    )
    assert in_words(error, "en") == str(error)


def test_an_unknown_error_is_told_as_it_is():
    assert in_words("something new", "zh") == "something new"


def test_every_field_of_a_translation_is_one_of_the_message():
    assert all(in_words(english, "zh") for english in CHINESE)


def test_an_error_on_the_page_shows_a_value_as_text():
    class Handlers:
        class context:
            require = staticmethod(lambda request, role: None)

        @needs("engineer")
        def fail(self, request):
            raise InputError("no run is chosen", value="<img src=x>")

    import gradio as gr

    with pytest.raises(gr.Error, match="&lt;img"):
        Handlers().fail(None)
