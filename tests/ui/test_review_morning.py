"""A morning in real browsers: two annotators and a lead, a lost server, adjudication, split and export."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from chatbot.core.accounts import Accounts
from chatbot.core.settings import DATA, Settings
from chatbot.corpus.review.items import Candidate
from chatbot.corpus.review.queue import ReviewStore
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.store import HotelStore
from chatbot.ui.data.files import DataFiles
from tests.hostile.test_accounts import QUICK, WORD
from tests.servers import answered, free_port
from tests.ui.test_review_day import cards

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CARDS = 120
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def workspace(tmp_path):
    """Three accounts, and 120 cards of two operations about the shipped hotels."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    accounts = Accounts(folder / "accounts.json", QUICK)
    for name, role in (("lead", "engineer"), ("li", "annotator"), ("wang", "annotator")):
        accounts.add(name, WORD, role)
    store = HotelStore.load(DATA / "hotel_db.json")
    review = ReviewStore(f"sqlite:///{folder / 'review.sqlite'}", overlap=0.0)
    review.add_many(Candidate(made, ("spoken", "by_cap")[n % 2], made) for n, made in enumerate(cards(store, CARDS)))
    review.close()
    return folder


@pytest.fixture
def serve(workspace):
    """A function that starts the page, always at the same address, and gives its process and that address."""
    processes, port = [], free_port()

    def start():
        command = [sys.executable, "-m", "tests.ui.review_server", str(workspace), str(port)]
        processes.append(
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
        return processes[-1], f"http://127.0.0.1:{port}/"

    yield start
    for process in processes:
        process.kill()
        process.communicate()


class Person:
    """Somebody at their own browser, who knows nothing but the page."""

    def __init__(self, chromium, address, name):
        self.context = chromium.new_context(
            locale="zh-CN", viewport={"width": 1280, "height": 860}, accept_downloads=True
        )
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(300_000)
        self.tab.goto(address)
        self.tab.get_by_label("用户名").fill(name)
        self.tab.get_by_label("密码").fill(WORD)
        self.tab.get_by_role("button", name="登录").click()
        self.tab.locator(".slots").wait_for()
        self.open()

    def open(self):
        self.tab.locator("#tab-data-button").click()
        self.tab.locator("#data-step3").click()
        self.tab.locator("#review-filters").wait_for()

    def press(self, *keys):
        for key in keys:
            self.tab.keyboard.press(key)

    def told(self, words, where="#review-progress"):
        self.tab.locator(where).get_by_text(words).first.wait_for()

    def rests(self):
        """Wait until nothing is under way: a key pressed before is kept, and opens its panel only when an answer came."""
        self.tab.wait_for_function(
            "!(JSON.parse(sessionStorage.getItem('review-unsent') || '{}').commands || []).length"
        )

    def choose(self, **filters):
        """Set filters, and wait until the page has answered."""
        for name, value in filters.items():
            self.tab.locator(f"#review-filters [name={name}]").select_option(value)

    def card(self):
        return int(self.tab.locator("article.card").get_attribute("data-card"))

    def decide(self, key, *more):
        """Decide on the card in hand; the next one, or none, is there."""
        here = self.card()
        self.press(key, *more)
        self.tab.wait_for_function(
            "(id) => document.querySelector('article.card')?.dataset.card !== String(id)", arg=here
        )
        return here


def test_a_morning_of_two_annotators_and_a_lead(chromium, serve, workspace):
    process, address = serve()
    answered(f"{address}login", process, 300)
    files = DataFiles(Settings(workspace=workspace, _env_file=None))

    lead = Person(chromium, address, "lead")
    lead.press("t")
    lead.tab.locator("#review-plan [name=people]").fill("li：2、wang")
    lead.tab.locator("#review-plan [name=common]").fill("10")
    lead.tab.locator("#review-deal").click()
    lead.told("120 张", "#review-note")

    li, wang = Person(chromium, address, "li"), Person(chromium, address, "wang")
    li.tab.locator("#review-guide h1", has_text="审核员手册").wait_for()
    li.told("共 84 张", "#review-list")
    wang.told("共 48 张", "#review-list")
    li.press("m")
    li.tab.locator("#review-guide").wait_for(state="hidden")

    # the common ones: li keeps all, and corrects the words and the call of one; wang rejects two of them with reasons
    for person in (li, wang):
        person.choose(whose="common")
        person.told("共 12 张", "#review-list")
    first = li.card()
    li.press("e")
    li.tab.locator("#review-editor textarea").first.fill("找一家豪华的")
    entry = li.tab.locator(".chipset input").first
    entry.focus()
    li.press("Backspace")
    li.tab.keyboard.type("豪华型")
    li.press("Enter")
    li.told("草稿已存", "#review-kept")
    li.tab.reload()
    li.tab.locator("#review-editor [data-chip]").get_by_text("豪华型").wait_for()
    name = HotelStore.load(DATA / "hotel_db.json").search(HotelQuery(type="豪华型")).records[0]["name"]
    li.tab.locator("#review-editor textarea").nth(1).fill(f"推荐{name}。")
    li.press("Control+Enter")
    li.told("修改 1")
    for _ in range(11):
        li.decide("a")
    assert wang.card() == first
    wang.decide("r", "1")
    wang.decide("r", "2")
    for _ in range(10):
        wang.decide("a")
    li.told("有分歧")

    # own cards: filters, bulk and its undo, and again
    wang.choose(whose="own")
    wang.told("共 36 张", "#review-list")
    wang.press("b")
    wang.told("36", "#review-bulk-take")
    wang.press("Enter")
    wang.told("通过了 36 张", "#review-note")
    wang.press("u")
    wang.told("撤销了批量通过的 36 张", "#review-note")
    wang.choose(operation="by_cap")
    wang.press("b")
    wang.tab.locator("#review-bulk-take").wait_for()
    wang.press("Enter")
    wang.told("通过了", "#review-note")

    # the server is killed while li goes on; what was pressed is there when it is back
    li.choose(whose="own")
    li.told("共 72 张", "#review-list")
    li.rests()
    li.tab.evaluate("window.before = true")
    process.kill()
    process.wait()
    li.press("r")
    li.tab.locator("#review-panel .reason").first.wait_for()
    li.press("3")
    li.told("连不上", "#review-note")
    process, _ = serve()
    answered(f"{address}login", process, 300)
    li.tab.wait_for_function("!window.before")  # Gradio has loaded the page anew
    li.told("退回 1（回复没有依据 1）")
    before = files.counts()
    assert before.reject == 1
    li.tab.locator("#review-progress").get_by_text(f"待审 {before.pending} ").wait_for()
    li.press("b")
    li.tab.locator("#review-bulk-take").wait_for()
    li.press("Enter")
    li.told("通过了 71 张", "#review-note")

    # the lead settles both disagreements: once by somebody's word, once by their own
    lead.tab.reload()
    lead.open()
    lead.choose(state="disputed")
    lead.told("共 2 张", "#review-list")
    assert lead.card() == first
    lead.tab.locator(".judgements").get_by_text("意思变了").wait_for()
    lead.decide("1")
    lead.decide("r", "2")
    lead.press("t")
    lead.told("满 30 张才", "#review-team")
    lead.choose(state="")

    # whoever is left over takes the rest, and all counts agree
    wang.choose(operation="")
    wang.told("共", "#review-list")
    wang.press("b")
    wang.tab.locator("#review-bulk-take").wait_for()
    wang.press("Enter")
    wang.told("待审 0")
    counts = files.counts()
    assert (counts.pending, counts.approve, counts.edit, counts.reject, counts.disputed) == (0, 117, 1, 2, 0)
    wang.tab.locator("#data-step3", has_text="都审完了").wait_for()
    made = files.approved()
    assert (len(made), len({one.id for one in made})) == (118, 118)
    assert {"type": "豪华型"} in [one.messages[1].call.arguments for one in made if one.id == f"c{first}"]
    audit = files.audit()
    verdicts = [(row["annotator"], row["item"]) for row in audit if row["action"] == "reject"]
    assert len(verdicts) == len(set(verdicts)) == 4

    lead.tab.locator("#data-step4").click()
    lead.tab.locator("#split").click()
    lead.tab.locator("#split-shown .tiles").wait_for()
    lead.tab.locator("#export").click()
    lead.tab.locator("#export-file a").first.wait_for()
    with lead.tab.expect_download() as download:
        lead.tab.locator("#export-file a").first.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = archive.namelist()
        sides = [
            len(archive.read(n).decode().splitlines())
            for n in names
            if n.endswith(("train.jsonl", "val.jsonl", "test.jsonl"))
        ]
        kept = next(n for n in names if n.endswith("review.jsonl"))
        rows = [json.loads(line) for line in archive.read(kept).decode().splitlines()]
    assert sum(sides) == 118
    assert len([row for row in rows if "annotator" in row and "item" in row]) == len(audit)
    for person in (lead, li, wang):
        person.context.close()
