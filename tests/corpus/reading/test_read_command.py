"""`read` on the command line, and the same word from every command that takes conversations."""

import json

import pytest
from typer.testing import CliRunner

from chatbot.__main__ import app
from chatbot.core.errors import InputError
from chatbot.core.settings import DATA
from chatbot.corpus.reading.reader import read_conversations
from chatbot.evaluation.evaluate import evaluate_file
from chatbot.training.config import FinetuneConfig
from chatbot.training.prepared import prepare
from tests.conftest import write_hotels

GOOD = {"messages": [{"role": "user", "content": "想找便宜的酒店"}, {"role": "assistant", "content": "好的。"}]}
LONELY = {"messages": [{"role": "user", "content": "有人吗"}]}


def write(path, *rows, encoding="utf-8"):
    path.write_bytes("\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode(encoding))
    return path


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_it_shows_what_is_left_out_by_line_and_takes_the_rest_in(tmp_path):
    done = run("read", write(tmp_path / "a.jsonl", GOOD, LONELY, GOOD), "--out", tmp_path / "new.jsonl")
    shown = json.loads(done.stdout[: done.stdout.index("\n}\n") + 2])
    assert shown["left_out"]["reading.no_reply"]["first"] == ["2"] and shown["read"] == 2
    assert [c.id for c in read_conversations(tmp_path / "new.jsonl")] == ["a-1", "a-3"]


def test_gbk_is_taken_in_only_when_it_is_confirmed(tmp_path):
    path, out = write(tmp_path / "a.jsonl", GOOD, encoding="gbk"), tmp_path / "new.jsonl"
    refused = run("read", path, "--out", out)
    assert isinstance(refused.exception, InputError) and refused.exception.code == "reading.encoding"
    assert not out.exists()
    assert run("read", path, "--encoding", "gbk", "--out", out).exit_code == 0
    assert read_conversations(out)[0].messages[0].content == "想找便宜的酒店"


def test_a_filled_in_template_and_a_sheet_with_columns_by_hand_are_taken_in(tmp_path):
    hotels, out = write_hotels(tmp_path / "hotels.json"), tmp_path / "new.jsonl"
    assert run("read", "--template", tmp_path / "t.xlsx").exit_code == 0
    assert run("read", tmp_path / "t.xlsx", "--hotels", hotels, "--out", out).exit_code == 0
    assert len(read_conversations(out)) == 2
    (tmp_path / "s.csv").write_text("客人说了,我们说了,类型\n便宜的,好,经济型\n", encoding="utf-8")
    columns = ("--column", "user=客人说了", "--column", "reply=我们说了")
    assert run("read", tmp_path / "s.csv", *columns, "--hotels", hotels, "--out", out).exit_code == 0
    assert len(read_conversations(out)[0].messages[2].records) == 2
    assert run("read", tmp_path / "s.csv", "--column", "nobody=x").exception.code == "commands.column"


@pytest.mark.parametrize(
    ("rows", "encoding", "code"),
    [
        ([GOOD, LONELY], "utf-8", "reading.line"),
        ([GOOD], "gbk", "reading.encoding"),
        ([{"instruction": "x", "input": "", "output": "y"}], "utf-8", "reading.line"),
    ],
)
def test_check_split_evaluate_and_finetune_refuse_alike(tmp_path, rows, encoding, code):
    path, hotels = write(tmp_path / "a.jsonl", *rows, encoding=encoding), write_hotels(tmp_path / "hotels.json")
    said = [run("check", path, "--hotels", hotels).exception, run("split", path, "--out", tmp_path / "s").exception]
    with pytest.raises(InputError) as evaluated:
        evaluate_file(path, hotels, "rules", tmp_path / "r.json")
    with pytest.raises(InputError) as trained:
        prepare(FinetuneConfig(base=DATA / "models" / "hotel-mini", data=path, out=tmp_path / "o"))
    said += [evaluated.value, trained.value]
    assert {error.code for error in said} == {code} and len({str(error) for error in said}) == 1
