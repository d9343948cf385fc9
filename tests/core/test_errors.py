"""Errors are data: a code and fields; what a person reads stands in one table, whole in both languages, and no raise names what it lacks."""

import ast
import inspect
import re
from pathlib import Path
from string import Formatter

import pytest

import chatbot
from chatbot.core import errors
from chatbot.core.errors import HotelFileError, InputError, ModelError, WorkbenchError, error_texts

ROOT = Path(chatbot.__file__).parents[1]
SOURCES = [ROOT / "app.py", *sorted((ROOT / "chatbot").rglob("*.py"))]
CODE = re.compile(r"[a-z]+\.[a-z0-9_]+")
KINDS = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, WorkbenchError)}
ALWAYS = {"HotelFileError": {"entry", "name", "field"}}
"""Fields that a class fills by itself."""


def marks(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def codes(node):
    """The codes that an expression can be: a constant, or one of two."""
    if isinstance(node, ast.IfExp):
        return codes(node.body) | codes(node.orelse)
    return {node.value if isinstance(node, ast.Constant) else f"put together: {ast.unparse(node)}"}


def raises():
    """Where each error is made: (place, class, code, fields)."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in KINDS):
                continue
            kind = ast.unparse(node.func).split(".")[-1]
            fields = {str(keyword.arg) for keyword in node.keywords} - {"value"}
            for code in codes(node.args[0]) if len(node.args) == 1 else {"no single code"}:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", kind, code, fields


RAISES = list(raises())
ROWS = sorted(error_texts().items())
SENTENCES = [(code, row) for code, row in ROWS if not code.startswith("cause.")]


def test_every_raise_gives_a_code_of_the_table_and_the_fields_of_its_sentences():
    wrong = []
    for place, kind, code, fields in RAISES:
        row = error_texts().get(code)
        needed = row and marks(row["en"]["what"] + row["en"]["remedy"])
        if needed is None or not needed - ALWAYS.get(kind, set()) <= fields <= needed | ALWAYS.get(kind, set()):
            wrong.append(f"{place}: {code} needs {needed}, is given {fields}")
    assert len(RAISES) > 100 and wrong == []


def test_every_code_of_the_table_is_used():
    written = {
        node.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert len(ROWS) > 100 and [code for code, _ in ROWS if code not in written] == []


@pytest.mark.parametrize(("code", "row"), SENTENCES)
def test_every_code_says_what_and_a_remedy_in_both_languages_with_the_same_marks(code, row):
    assert CODE.fullmatch(code) and set(row) == {"zh", "en"}
    assert all(set(texts) == {"what", "remedy"} and all(texts.values()) for texts in row.values())
    zh, en = (marks(row[language]["what"] + row[language]["remedy"]) for language in ("zh", "en"))
    assert zh == en


@pytest.mark.parametrize(("code", "row"), ROWS)
def test_every_chinese_sentence_is_chinese_and_every_english_one_is_not(code, row):
    names = re.compile(r"\{\{.*?\}\}|\"[^\"]*\"|'[^']*'")
    assert all(re.search(r"[\u4e00-\u9fff]{2}", text) for text in row["zh"].values())
    assert not any(
        re.search(r"[\u4e00-\u9fff]", names.sub("", re.sub(r"\[name, .*?\]", "", text))) for text in row["en"].values()
    )
    assert not any(
        re.search(r"\b(the|is|an?|of|could|not|Error|codec|Exception)\b", text) for text in row["zh"].values()
    )


@pytest.mark.parametrize(("code", "row"), SENTENCES)
def test_every_sentence_can_be_filled_and_keeps_what_it_is_given(code, row):
    fields = {name: f"<{name}>" for name in marks(row["en"]["what"] + row["en"]["remedy"])}
    for said in (str(error := WorkbenchError(code, value="7", **fields)), error.text("zh"), error.text("en")):
        assert all(field in said for field in fields.values()) and "7" in said


def test_an_error_is_one_english_message_with_the_value_quoted_and_shortened():
    error = InputError("training.trains_nothing", value="a, b", n=3, all=12, most=64)
    assert error.what == "3 of 12 conversations would train nothing" and error.value == "a, b"
    assert str(error) == f"{error.what}: 'a, b'. {error.remedy}"
    assert len(str(InputError("core.user", value="x" * 9999))) < 400
    assert len(InputError("core.user", value="x" * 9999).text("zh")) < 400


def test_a_person_reads_the_sentence_of_their_language():
    error = InputError("training.trains_nothing", value="a, b", n=3, all=12, most=64)
    assert error.text("zh").startswith("12 段对话里有 3 段没有可学的内容：a, b。请去掉它们，让助手在 64 个字块之内回答")
    assert error.text("en").startswith("3 of 12 conversations would train nothing: a, b. Remove them")


def test_choices_are_listed_as_a_language_lists_them():
    error = ModelError("models.no_model", value="x", choices=["rules", "hotel-mini"])
    assert "rules, hotel-mini" in str(error) and "rules、hotel-mini" in error.text("zh")


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (FileNotFoundError(2, "No such file or directory", "/home/me/x.json"), "没有这个文件"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "文字不是 UTF-8 编码"),
        (OSError(28, "No space left on device", "/home/me/x.json"), "No space left on device"),
    ],
)
def test_a_person_is_told_a_files_name_and_cause_without_folder_and_codec(tmp_path, cause, told):
    error = HotelFileError("hotels.unreadable", value=cause, path=tmp_path / "my.json")
    assert error.text("zh").startswith(f"读不出酒店文件 my.json：{told}。")
    assert str(tmp_path) in str(error) and str(tmp_path) not in error.text("en") and "/home" not in error.text("en")


@pytest.mark.parametrize(("code", "fields"), [("core.no_such_code", {}), ("core.file_unreadable", {"file": "x"})])
def test_an_unknown_code_or_a_missing_field_warns_and_still_tells_the_code_and_the_value(code, fields):
    with pytest.warns(UserWarning, match="cannot say"):
        error = InputError(code, value="7", **fields)
    with pytest.warns(UserWarning, match="cannot say"):
        told = error.text("zh")
    assert (str(error), told) == (f"{code}: '7'", f"{code}：7")
