"""Claims about extract, check, split, export and selfplay on the command line, run one after the other as a person would."""

import json

import pytest
import typer
from typer.testing import CliRunner

from chatbot.commands import corpus
from chatbot.corpus.reading.reader import read_conversations

ACTS = {"dialog_act": [["Inform", "酒店", "酒店类型", "豪华型"]]}
STATE = {"酒店": {"酒店类型": "豪华型", "selectedResults": []}}


@pytest.fixture
def run():
    app = typer.Typer()
    corpus.register(app)

    def call(*words):
        return CliRunner().invoke(app, [str(word) for word in words])

    return call


def test_self_play_is_made_checked_split_and_exported(run, tmp_path, hotels_file):
    made = run("selfplay", "--out", tmp_path / "all.jsonl", "--n", 20, "--seed", 3, "--hotels", hotels_file)
    assert made.exit_code == 0, made.output
    shares = json.loads(run("split", tmp_path / "all.jsonl", "--out", tmp_path / "sides", "--seed", 1).stdout)
    assert shares["train"] + shares["val"] + shares["test"] == 20 and shares["leaks"] == {
        "sources": 0,
        "near_duplicates": 0,
    }
    out = run(
        "export", tmp_path / "sides", "--format", "llama-factory", "--out", tmp_path / "x", "--hotels", hotels_file
    )
    assert out.exit_code == 0, out.output
    assert (tmp_path / "x" / "README.md").read_text(encoding="utf-8").startswith("# 数据卡")


def test_extract_prints_its_report_and_what_it_writes_passes_check(run, tmp_path, hotels_file):
    messages = [
        {"role": "usr", "content": "找一家豪华型的"} | ACTS,
        {"role": "sys", "content": "好的。", "dialog_act": [], "sys_state_init": STATE, "sys_state": STATE},
    ]
    (tmp_path / "val.json").write_text(json.dumps({"1": {"messages": messages}}), encoding="utf-8")
    out = run("extract", tmp_path / "val.json", "--hotels", hotels_file, "--out", tmp_path / "all.jsonl")
    assert json.loads(out.stdout)["kept"] == 1
    assert run("check", tmp_path / "all.jsonl", "--hotels", hotels_file).exit_code == 0


def test_check_fails_with_the_reason_of_each_conversation(run, tmp_path, hotels_file):
    run("selfplay", "--out", tmp_path / "all.jsonl", "--n", 1, "--hotels", hotels_file)
    [first, *_] = read_conversations(tmp_path / "all.jsonl")
    first.messages[-1].content = "北京没影大酒店只要1元。"
    (tmp_path / "bad.jsonl").write_text(first.to_json(), encoding="utf-8")
    out = run("check", tmp_path / "bad.jsonl", "--hotels", hotels_file, "--json")
    assert out.exit_code == 1 and json.loads(out.stdout.splitlines()[0])["check"] == "grounded"
