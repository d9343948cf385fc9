"""The Data tab in a real browser, from a file to an export, as an annotator walks it: no key, no network, reviewed by keyboard."""

import json
import zipfile

import pytest

from chatbot.core.jobs import ACTIVE
from chatbot.core.settings import Settings
from chatbot.corpus.selfplay.generate import selfplay
from chatbot.hotels.generate import generate
from chatbot.hotels.store import HotelStore
from chatbot.models.catalog import ModelChoice
from chatbot.ui.data.files import DataFiles
from chatbot.ui.shell.context import PageContext
from tests.conftest import write_hotels
from tests.corpus.paid_run import openai_server, stats

pytestmark = pytest.mark.browser
WISHES = (
    "你好，帮我找一家{kind}的酒店，要能提供{facility}。",
    "我们想住{kind}酒店，酒店最好有{facility}，有合适的吗？",
    "请推荐一个有{facility}的{kind}酒店，谢谢。",
    "晚上想找个地方休息，{kind}就行，但是需要{facility}，麻烦查一下。",
)
QUESTIONS = ("{name}的电话是多少？", "请问{name}怎么联系？", "好的，把{name}的电话告诉我吧。")
H = "酒店"


def dialogue(n, hotel):
    facility = hotel.facilities[n % len(hotel.facilities)]
    state = {"酒店": {"酒店类型": hotel.type, "酒店设施": facility, "selectedResults": [hotel.name]}}
    said = [
        (
            WISHES[n % 4].format(kind=hotel.type, facility=facility),
            [["Inform", H, "酒店类型", hotel.type], ["Inform", H, f"酒店设施-{facility}", "是"]],
        ),
        (QUESTIONS[n % 3].format(name=hotel.name), [["Inform", H, "名称", hotel.name], ["Request", H, "电话", ""]]),
    ]
    answers = [
        (f"推荐您去{hotel.name}。", [["Inform", H, "名称", hotel.name]]),
        (f"电话是{hotel.phone}。", [["Inform", H, "电话", hotel.phone]]),
    ]
    out = []
    for (words, acts), (answer, answer_acts) in zip(said, answers, strict=True):
        out.append({"role": "usr", "content": words, "dialog_act": acts})
        out.append(
            {"role": "sys", "content": answer, "dialog_act": answer_acts, "sys_state_init": state, "sys_state": state}
        )
    return out


@pytest.fixture
def hotels():
    return [hotel for hotel in generate(60, seed=5) if hotel.facilities and hotel.phone]


@pytest.fixture
def page_context(tmp_path, hotels, tiny_model):
    """A workspace that is empty, on forty invented hotels, without a key."""
    choices = [ModelChoice("hotel-mini", "hotel-mini", "shipped")]
    settings = Settings(
        workspace=tmp_path / "workspace", hotels=write_hotels(tmp_path / "hotels.json", hotels), _env_file=None
    )
    return PageContext(settings, models=lambda settings: choices, open_model=lambda model_id, current: tiny_model)


@pytest.fixture
def crosswoz(tmp_path, hotels):
    """A file in CrossWOZ's form about some of these hotels: a wish, an offer, a question."""
    dialogues = {str(n): {"messages": dialogue(n, hotel)} for n, hotel in enumerate(hotels[:24])}
    (tmp_path / "val.json").write_text(json.dumps(dialogues, ensure_ascii=False), encoding="utf-8")
    return tmp_path / "val.json"


@pytest.fixture
def files(page_context):
    return DataFiles(page_context.settings)


def step(tab, number):
    tab.locator(f"#data-step{number}").click()
    tab.locator(f"#data-panel{number}").wait_for()


def press(tab, key, *, turns=True):
    """Press a key of the review; where it turns to another card, wait for that card."""
    card = tab.locator("article.card").get_attribute("data-card")
    tab.keyboard.press(key)
    if turns:
        tab.locator(f"article.card:not([data-card='{card}'])").wait_for()


def edit(tab, old, new):
    """Change words of the card by keyboard alone."""
    card = tab.locator("article.card").get_attribute("data-card")
    tab.keyboard.press("e")
    tab.wait_for_function("document.activeElement.closest('#review-editor') !== null")
    boxes = tab.locator("#review-editor textarea").all()
    text = next(box for box in boxes if old in box.input_value())
    text.fill(text.input_value().replace(old, new, 1))
    tab.keyboard.press("Control+Enter")
    tab.locator(f"article.card:not([data-card='{card}'])").wait_for()


def actions(files):
    return [row["action"] for row in files.audit()]


def upload(tab, path, takes=True):
    tab.locator("#tab-data-button").click()
    with tab.expect_file_chooser() as chooser:
        tab.locator("#corpus-upload").click()
    chooser.value.set_files(path)
    if takes:
        tab.locator("#corpus-take").click()


def test_from_a_crosswoz_file_to_an_export_by_keyboard_and_without_a_key(
    open_tab, serve_page, page_context, files, crosswoz
):
    address = serve_page(page_context)
    tab = open_tab(address)
    upload(tab, crosswoz)
    tab.locator("#corpus-shown .charts").wait_for()
    size = files.corpus_size()
    assert size >= 20
    tab.locator("#data-step1", has_text=f"{size} 段").wait_for()

    step(tab, 2)
    tab.locator("#augment-estimate").click()
    tab.locator("#augment-cost").get_by_text("免费").wait_for()
    tab.locator("#augment-start").click()
    tab.locator("#augment-shown").get_by_text("步审核").wait_for()

    step(tab, 3)
    tab.locator("article.card").wait_for()
    press(tab, "a")
    press(tab, "a")
    edit(tab, "酒店", "宾馆")
    press(tab, "r", turns=False)
    press(tab, "1")
    press(tab, "s")
    press(tab, "u")
    press(tab, "j")
    press(tab, "k")
    for _ in range(6):
        press(tab, "a")
    tab.locator("#review-progress").get_by_text("我审了 10 张").wait_for()
    assert actions(files) == ["approve", "approve", "edit", "reject", "skip", "undo", *["approve"] * 6]
    assert any("宾馆" in message.content for conversation in files.approved() for message in conversation.messages)

    tab.close()
    tab = open_tab(address)
    tab.locator("#tab-data-button").click()
    step(tab, 3)
    tab.locator("#review-progress").get_by_text("我审了 10 张").wait_for()
    tab.locator("#review-audit summary").first.click()
    tab.locator("#review-audit table").wait_for()
    assert tab.locator("#review-audit tr").count() == 1 + len(actions(files))
    tab.locator("#review-bulk").click()
    tab.locator("#review-bulk-take").click()
    tab.locator("#review-note").get_by_text("一次撤销").wait_for()

    step(tab, 4)
    tab.locator("#split").click()
    tab.locator(".tiles").wait_for()
    assert "同源 0，近似重复 0" in tab.locator("#split-shown").inner_text()
    tab.locator("#export").click()
    tab.locator("#export-card").wait_for()
    with tab.expect_download() as download:
        tab.locator("#export-file a").first.click()
    exported = zipfile.ZipFile(download.value.path())
    lines = {name: exported.read(f"{name}.jsonl").decode().splitlines() for name in ("train", "val", "test")}
    assert {name: len(found) for name, found in lines.items()} == files.sides()
    assert sum(files.sides().values()) == size + len(files.approved())
    card = exported.read("README.md").decode()
    assert all(
        fact in card
        for fact in ("| near_duplicates | 0 |", "| replay | 1.0 |", "| edited | 1 |", "| rejected | 1 |", "SHA-256")
    )
    assert len(exported.read("review.jsonl").decode().splitlines()) == len(actions(files))


def test_a_file_that_is_no_corpus_is_named_in_words_and_leaves_the_page_as_it_was(page, tmp_path):
    (tmp_path / "other.json").write_text("[1]", encoding="utf-8")
    upload(page, tmp_path / "other.json", takes=False)
    page.get_by_text("没有成功").first.wait_for()
    page.locator("#corpus-shown").get_by_text("还没有原始对话").wait_for()


def test_a_paid_run_shows_its_money_pauses_and_goes_on_without_paying_twice(
    open_tab, serve_page, page_context, files, hotels, set_setting
):
    from playwright.sync_api import expect

    set_setting("private_hosts", "127.0.0.1")
    page_context.settings = page_context.settings.model_copy(update={"private_hosts": ("127.0.0.1",)})
    files.keep_corpus(list(selfplay(HotelStore(hotels), 12, seed=3, colloquial=0.0)), {})
    with openai_server(latency=0.5, rate=3) as url:
        tab = open_tab(serve_page(page_context))
        tab.locator("#tab-data-button").click()
        step(tab, 2)
        tab.locator("#augment-mode").get_by_text("ChatGPT（马上）").click()
        tab.locator("#augment-start").click()
        tab.get_by_text("没有密钥").first.wait_for()
        tab.get_by_label("接口地址").fill(f"{url}/v1")
        tab.get_by_label("密钥（不保存）").fill("sk-test")
        tab.locator("#augment-estimate").click()
        tab.locator("#augment-cost").get_by_text("约 $").wait_for()
        tab.locator("#augment-prompts").get_by_text("提示词").first.click()
        prompt = tab.locator("#augment-prompt-text textarea")
        expect(prompt).not_to_be_empty()
        prompt.fill("把设施改成口语，其他不动。")
        tab.locator("#augment-try").click()
        tab.locator("#augment-tried").get_by_text("5 段里").wait_for()
        assert prompt.input_value() == "把设施改成口语，其他不动。"
        tab.get_by_label("这一次叫什么").fill("第一次")
        tab.get_by_label("新对话各写几段").fill("20")
        tab.locator("#augment-start").click()
        shown = tab.locator("#augment-shown")
        shown.get_by_text("已花 $0.0").wait_for()
        assert files.job().config["texts"] == {"spoken": "把设施改成口语，其他不动。"}
        tab.locator("#augment-pause:not([disabled])").click()
        shown.get_by_text("已暂停在").wait_for()
        tab.locator("#augment-resume:not([disabled])").click()
        shown.get_by_text("步审核").wait_for()
        seen = stats(url)
        job = files.job()
        while job.state in ACTIVE:  # its last cards are put up before it ends
            tab.wait_for_timeout(100)
        waiting = files.counts().pending
        runs = tab.locator("#augment-runs")
        runs.get_by_text("改过提示词：设施说成口语").wait_for()
        tab.locator("#runs-withdraw").click()
        runs.get_by_text("已撤回").wait_for()
        assert (waiting > 0, files.counts().pending) == (True, 0)
        tab.locator("#runs-restore").click()
        runs.get_by_text("已撤回").first.wait_for(state="detached")
        assert files.counts().pending == waiting
    job = files.job()
    assert job.config["texts"] == {"spoken": "把设施改成口语，其他不动。"}
    assert job.status["attempt"] == 2
    assert seen["twice"] == 0
    assert not [path for path in job.folder.rglob("*") if path.is_file() and b"sk-test" in path.read_bytes()]


@pytest.mark.parametrize(("view", "locale"), [("phone", "zh-CN"), ("desktop", "en-US")])
def test_every_step_fits_and_says_what_is_missing(open_tab, serve_page, page_context, view, locale):
    tab = open_tab(serve_page(page_context), view, locale)
    tab.locator("#tab-data-button").click()
    for number in (1, 2, 3, 4):
        step(tab, number)
        panel = tab.locator(f"#data-panel{number}")
        panel.locator(".empty").first.wait_for()
        assert not tab.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
        if locale == "en-US":
            assert not [char for char in panel.locator(".empty").first.inner_text() if "\u4e00" <= char <= "\u9fff"]
