"""CrossWOZ as people have it: single files, whole archives, files with broken dialogues in them."""

import json
import zipfile

import pytest

from chatbot.core.errors import InputError
from chatbot.corpus.crosswoz.extract import extract
from chatbot.corpus.reading.reader import read, read_conversations
from chatbot.corpus.reading.replay import taken_in

STATE = {"酒店": {"酒店类型": "豪华型", "selectedResults": []}}


def dialogue(asked=None, answered=None):
    act = [["Inform", "酒店", "酒店类型", "豪华型"]]
    messages = [
        {"role": "usr", "content": "找一家豪华型的", "dialog_act": act} | (asked or {}),
        {"role": "sys", "content": "好的。", "dialog_act": [], "sys_state_init": STATE, "sys_state": STATE}
        | (answered or {}),
    ]
    return {"messages": [{key: value for key, value in m.items() if value != "absent"} for m in messages]}


def archive(path, **members):
    with zipfile.ZipFile(path, "w") as out:
        for name, content in members.items():
            out.writestr(name.replace("__", "."), json.dumps(content, ensure_ascii=False))
    return path


@pytest.fixture
def file(tmp_path):
    def make(**dialogues):
        path = tmp_path / "train.json"
        path.write_text(json.dumps(dialogues, ensure_ascii=False), encoding="utf-8")
        return path

    return make


@pytest.mark.parametrize(
    "broken",
    [
        dialogue(asked={"dialog_act": None}),
        dialogue(asked={"content": "absent"}),
        dialogue(answered={"sys_state_init": None}),
        dialogue(answered={"sys_state_init": {"酒店": ["a"]}}),
        dialogue(answered={"role": "wizard"}),
    ],
)
def test_a_malformed_dialogue_is_left_out_and_counted_and_the_rest_is_read(file, store, broken):
    found = extract(file(good=dialogue(), bad=broken), store)
    assert [c.source for c in found.conversations] == ["crosswoz-good"]
    assert found.report.to_dict()["drops"] == {"malformed": 1}
    preview = read(file(good=dialogue(), bad=broken)).preview
    assert (preview.read, preview.malformed) == (1, 1) and "bad" in preview.left_out[0].reason.text("zh")


def test_a_file_of_malformed_dialogues_alone_is_still_crosswoz(file, store):
    found = extract(file(bad=dialogue(asked={"dialog_act": None})), store)
    assert (found.conversations, found.report.to_dict()["drops"]) == ([], {"malformed": 1})


def test_a_state_that_is_missing_or_blank_is_no_fault(file, store):
    assert extract(file(a=dialogue(answered={"sys_state_init": "absent"})), store).report.dialogues == 1
    assert extract(file(a=dialogue(answered={"sys_state_init": {"酒店": None}})), store).report.dialogues == 1


def test_all_dialogue_files_of_an_archive_are_read_and_its_hotels_are_named(tmp_path, store):
    path = archive(
        tmp_path / "whole.zip",
        hotel_db__json=[["甲酒店", {}]],
        train__json={"1": dialogue()},
        VAL__JSON={"1": dialogue(), "2": dialogue()},
        test__json={"3": dialogue()},
    )
    found = extract(path, store)
    assert [c.source for c in found.conversations] == ["crosswoz-1", "crosswoz-VAL-1", "crosswoz-2", "crosswoz-3"]
    assert [(one.file, one.reason.code) for one in read(path).preview.left_out] == [("hotel_db.json", "reading.hotels")]


def test_zips_in_a_zip_are_read_as_the_repository_packs_them(tmp_path, store):
    inner = archive(tmp_path / "train.json.zip", train__json={"1": dialogue()})
    with zipfile.ZipFile(tmp_path / "repository.zip", "w") as out:
        out.write(inner, "CrossWOZ-master/data/train.json.zip")
        out.writestr("CrossWOZ-master/README.md", "#")
    assert [c.source for c in extract(tmp_path / "repository.zip", store).conversations] == ["crosswoz-1"]


def test_other_commands_say_that_its_searches_must_be_run_first(file):
    with pytest.raises(InputError, match=r"have no results yet.*python -m chatbot read"):
        read_conversations(file(a=dialogue()))


def test_it_is_taken_in_as_extract_cuts_it(file, store):
    path = file(a=dialogue())
    made, report = taken_in(read(path), store)
    assert made == extract(path, store).conversations and report["kept"] == 1


def test_conversations_are_no_crosswoz(tmp_path, store):
    (tmp_path / "a.jsonl").write_text('{"messages": [{"role": "user", "content": "x"}]}\n' * 2, encoding="utf-8")
    with pytest.raises(InputError, match="not a CrossWOZ file"):
        extract(tmp_path / "a.jsonl", store)
