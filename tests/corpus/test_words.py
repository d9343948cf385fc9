"""Claims about a person's words: shown, forgotten one conversation at a time, forgotten after a time, handed on without numbers that are theirs."""

import json
import threading
import time
from contextlib import closing

import pytest
from typer.testing import CliRunner

from chatbot.__main__ import app
from chatbot.core.errors import InputError
from chatbot.core.locks import append_whole, rewrite_whole
from chatbot.core.messages import Conversation, observation, reply, user
from chatbot.core.settings import Settings
from chatbot.corpus.export.scrub import scrub, scrub_decision, scrub_text
from chatbot.corpus.review.feedback import read_feedback, record_feedback
from chatbot.corpus.review.kept import expire, forget, kept
from chatbot.corpus.review.queue import ReviewStore
from chatbot.evaluation.reporting.votes import Vote, read_votes, record_vote
from chatbot.ui.operation.retention import forget_daily

OPENING = [user("想找能打麻将的经济型酒店，我叫张三"), reply("好的。")]
ON = [*OPENING, user("电话发到13812345678"), reply("没有电话。")]
OTHER = [user("想找能打麻将的经济型酒店，我叫张三"), reply("没有。")]


@pytest.fixture
def settings(tmp_path):
    return Settings(workspace=tmp_path, _env_file=None)


@pytest.fixture
def said(settings, store):
    """Two ratings of one conversation that went on, one of another with the same first words; two cards are decided on."""
    for messages, liked in ((OPENING, False), (ON, False), (OTHER, True)):
        record_feedback(messages, model="m", liked=liked, store=store, workspace=settings.workspace)
    with closing(ReviewStore(settings.review_address(settings.workspace))) as review:
        review.decide(review.next("ann"), "ann", "approve")
    return settings


def cards(settings):
    with closing(ReviewStore(settings.review_address(settings.workspace))) as review:
        counts = review.counts()
    return counts.pending + counts.approve


def test_what_is_kept_is_shown_one_conversation_a_line(said):
    found = kept(said.workspace)
    assert sorted(one.ratings for one in found) == [1, 2]
    assert {one.words for one in found} == {OPENING[0].content}


def test_one_conversation_is_forgotten_with_its_ratings_cards_and_decisions_and_others_stay(said):
    long = next(one for one in kept(said.workspace) if one.ratings == 2)
    assert cards(said) == 2
    assert forget(said, long.id).to_dict() == {"ratings": 2, "cards": 2, "votes": 0}
    assert [row.messages for row in read_feedback(said.workspace)] == [OTHER]
    assert cards(said) == 0
    with pytest.raises(InputError, match="nothing of this conversation is kept"):
        forget(said, long.id)


def test_a_rating_of_nothing_is_no_part_of_every_conversation(said):
    record_feedback([], model="m", liked=True, workspace=said.workspace)
    empty = next(one for one in kept(said.workspace) if not one.words)
    assert forget(said, empty.id).to_dict() == {"ratings": 1, "cards": 0, "votes": 0}
    assert len(read_feedback(said.workspace)) == 3


def test_what_is_forgotten_is_in_no_file_any_more(said):
    with closing(ReviewStore(said.review_address(said.workspace))) as page:  # another has the database open
        assert page.counts().approve == 1
        for one in kept(said.workspace):
            forget(said, one.id)
        files = [path for path in said.workspace.rglob("*") if path.is_file()]
        assert [path.name for path in files if "张三".encode() in path.read_bytes()] == []


def test_what_is_older_goes_and_what_is_younger_stays(said):
    record_vote(said.workspace / "votes.jsonl", Vote("a", "b", "left", "旧", time=time.time() - 9 * 86_400))
    record_vote(said.workspace / "votes.jsonl", Vote("a", "b", "left", "新"))
    assert expire(said, 8).to_dict() == {"ratings": 0, "cards": 0, "votes": 1}
    assert expire(said, 8, now=time.time() + 9 * 86_400).to_dict() == {"ratings": 3, "cards": 2, "votes": 1}
    assert read_feedback(said.workspace) == [] and read_votes(said.workspace / "votes.jsonl") == []


def test_a_running_page_forgets_by_itself(said):
    ending = threading.Event()
    short = said.model_copy(update={"keep_days": 1})
    lines = (said.workspace / "feedback.jsonl").read_text().splitlines()
    old = [json.dumps(json.loads(line) | {"time": 1.0}) + "\n" for line in lines]
    (said.workspace / "feedback.jsonl").write_text("".join(old))
    page = threading.Thread(target=forget_daily, args=(short, ending))
    page.start()
    while read_feedback(said.workspace):
        time.sleep(0.01)
    ending.set()
    page.join()


def test_the_commands_list_forget_and_expire(said, monkeypatch):
    monkeypatch.setattr("chatbot.commands.trust.settings", lambda: said)
    run = CliRunner().invoke
    listed = json.loads(run(app, ["words", "list", "--json"]).stdout)
    assert len(listed) == 2
    gone = json.loads(run(app, ["words", "forget", listed[0]["id"], "--json"]).stdout)
    assert gone["ratings"] == listed[0]["ratings"]
    assert run(app, ["words", "expire", "--days", "0"]).exit_code == 0
    assert run(app, ["words", "list"]).stdout == "nothing is kept\n"


def test_nothing_that_is_added_while_lines_are_left_out_is_lost(tmp_path):
    path, many = tmp_path / "x.jsonl", 200
    append_whole(path, "old")
    adding = threading.Thread(target=lambda: [append_whole(path, f"new{n}") for n in range(many)])
    adding.start()
    while adding.is_alive():
        rewrite_whole(path, lambda line: line != "old")
        append_whole(path, "old")
    assert [line for line in path.read_text().split() if line != "old"] == [f"new{n}" for n in range(many)]


@pytest.mark.parametrize(
    ("said", "handed_on"),
    [
        ("我的手机13812345678，请回电", "我的手机〔电话〕，请回电"),
        ("我的手机 +86 138-1234-5678", "我的手机 〔电话〕"),
        ("１３８１２３４５６７８", "〔电话〕"),
        ("家里021-58881234", "家里〔电话〕"),
        ("call +44 20 7946 0958", "call 〔电话〕"),
        ("身份证11010519491231002X", "身份证〔证件号〕"),
        ("护照E12345678号", "护照〔证件号〕号"),
        ("卡号6222 0212 3456 7890 123", "卡号〔卡号〕"),
        ("发到zhang.san@example.com吧", "发到〔邮箱〕吧"),
        ("300元以内，4.5分以上，2026-11-29入住", "300元以内，4.5分以上，2026-11-29入住"),
        ("北京2008奥运村附近10000元", "北京2008奥运村附近10000元"),
    ],
)
def test_numbers_that_are_a_persons_are_not_handed_on_and_wishes_are(said, handed_on):
    assert scrub_text(said) == handed_on


def test_a_hotels_own_telephone_stays(store):
    record = {"name": "x", "phone": "010-11110000"}
    told = Conversation(
        id="c",
        source="c",
        messages=[
            user("010-11110000 是它的电话吗？我的是010-99998888"),
            observation([record]),
            reply("电话010-11110000。"),
        ],
        meta={"comment": "打13812345678", "operation": "feedback"},
    )
    got = scrub(told)
    assert got.messages[0].content == "010-11110000 是它的电话吗？我的是〔电话〕"
    assert got.messages[1:] == told.messages[1:]
    assert got.meta == {"comment": "打〔电话〕", "operation": "feedback"}
    row = {"action": "edit", "comment": "13812345678", "before": told.to_dict(), "item": 1}
    handed_on = scrub_decision(row)
    assert handed_on["comment"] == "〔电话〕" and handed_on["before"] == got.to_dict() and handed_on["item"] == 1


def test_an_export_leaves_them_out_unless_it_is_told_to_keep_them(tmp_path, hotels_file):
    line = Conversation(id="c", source="c", messages=[user("手机13812345678"), reply("好")]).to_json() + "\n"
    for side in ("train", "val", "test"):
        (tmp_path / f"{side}.jsonl").write_text(line.replace('"c"', f'"{side}"'))
    run = CliRunner().invoke
    for more, there in (([], False), (["--personal"], True)):
        out = tmp_path / f"out{there}"
        argv = ["export", str(tmp_path), "--format", "openai", "--out", str(out), "--hotels", str(hotels_file), *more]
        assert run(app, argv).exit_code == 0
        assert ("13812345678" in "".join(path.read_text() for path in out.iterdir())) is there
