"""A morning of two annotators and a lead as their pages' commands, 120 cards, nothing lost, counts agree, to an export."""

import json
import zipfile

from chatbot.core.messages import Conversation, call, reply, user
from chatbot.corpus.review.items import Candidate
from chatbot.hotels.query import HotelQuery
from chatbot.ui.data.files import DataFiles, make_export, make_split
from chatbot.ui.data.review.handlers import ReviewHandlers
from chatbot.ui.data.tab import Steps
from tests.ui.test_review_step import Asker, queue  # noqa: F401 — fixtures
from tests.ui.test_review_team import DISPUTED, people  # noqa: F401 — fixtures


def cards(store, number):
    """Dialogues of one search each, about hotels of four types."""
    for n in range(number):
        kind = ("经济型", "舒适型", "高档型", "豪华型")[n % 4]
        found = store.search(HotelQuery(type=kind))
        told = reply(f"推荐{found.records[0]['name']}。")
        said = [user(f"第{n + 1}位客人找{kind}酒店"), call({"type": kind}), found.message(), told]
        yield Conversation(id=f"c{n + 1}", source=f"c{n + 1}", messages=said)


def decide_all(person, action, **wishes):
    """Decide on every card of a filter; returns them."""
    seen = []
    answer = person("next", wishes=wishes)
    while answer["card"]:
        seen.append(answer["card"]["id"])
        answer = person(action, answer["card"], wishes=wishes)
    return seen


def test_a_morning_from_dealing_to_an_export(people, queue):  # noqa: F811
    lead, li, wang = people.values()
    files = DataFiles(queue.settings)
    li.handlers.store.add_many(Candidate(made, "spoken", made) for made in cards(queue.default_store, 117))
    assert "120 张" in lead("deal", people="li：2、wang", common=10)["note"]

    common = decide_all(li, "approve", whose="common")
    assert len(common) == 12
    first = wang("next", wishes={"whose": "common"})
    wang("reject", first["card"], reason="meaning")
    li, wang = (Asker(ReviewHandlers(queue), name) for name in ("li", "wang"))  # the server was started anew
    assert decide_all(wang, "approve", whose="common") == [item for item in common if item != first["card"]["id"]]

    asked = wang("ask_bulk", wishes={"whose": "own"})["bulk"]
    assert asked["n"] == 36
    wang("bulk", until=asked["until"], wishes={"whose": "own"})
    assert "36" in wang("undo")["note"]
    assert len(decide_all(wang, "approve", whose="own")) == 36
    own = li("next", wishes={"whose": "own"})["card"]
    li("reject", own, reason="unnatural")
    asked = li("ask_bulk")["bulk"]
    li("bulk", until=asked["until"])
    assert len(decide_all(li, "approve")) == 72 - 1 - asked["n"]

    assert files.counts().disputed == 1
    both = lead("next", wishes=DISPUTED)["card"]
    assert both["id"] == first["card"]["id"]
    assert lead("settle", both, choice=1, wishes=DISPUTED)["card"] is None
    counts = files.counts()
    assert (counts.pending, counts.approve, counts.edit, counts.reject, counts.disputed) == (0, 119, 0, 1, 0)
    assert "待审 0 · 通过 119 · 修改 0 · 退回 1" in lead("next")["progress"]
    assert "都审完了" in Steps(queue).show(lead.request)[2]["value"]
    assert "12 张" in lead("team")["team"]

    found = make_split(files, 0, with_corpus=False)
    assert not any(found["leaks"].values())
    assert sum(files.sides().values()) == len(files.approved()) == 119
    with zipfile.ZipFile(make_export(files, "jsonl", queue.default_store)) as archive:
        [kept] = [name for name in archive.namelist() if name.endswith("review.jsonl")]
        rows = [json.loads(line) for line in archive.read(kept).decode().splitlines()]
    assert len(rows) == len(files.audit())
    verdicts = [(row["annotator"], row["item"]) for row in rows if row["action"] == "reject"]
    assert len(verdicts) == 2
