"""What all tests share: a few invented hotels, a model with a queue of answers, the real page on a port, and a real browser."""

import asyncio
import gc
import json
import os
import subprocess
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatbot.core.messages import Message, call, reply
from chatbot.core.settings import settings
from chatbot.hotels.records import Hotel
from chatbot.hotels.store import HotelStore
from chatbot.models.backends import CallDelta, Delta, TextDelta
from tests.servers import app_process, free_port

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
NO_BROWSER = "no browser for this test"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOTELS = [
    Hotel(
        name="归途快捷酒店(北京云桥店)",
        type="经济型",
        price=200,
        rating=4.6,
        facilities=["棋牌室"],
        subway="云桥地铁站A口",
        phone="010-11110000",
    ),
    Hotel(
        name="白鹭连锁酒店(北京青安店)",
        type="经济型",
        price=260,
        rating=4.2,
        facilities=["棋牌室", "残疾人设施"],
        phone="010-22220000",
    ),
    Hotel(name="北京瑞都大酒店", type="豪华型", price=900, rating=4.8, facilities=["室内游泳池"], phone="010-33330000"),
    Hotel(name="月坛湾公寓", type="舒适型", price=None, rating=None, facilities=[], phone="010-44440000"),
]


class QueueModel:
    """A ChatModel that gives prepared answers, one a generation; an exception in the queue is raised, text comes in two halves."""

    name = "queue"

    def __init__(self, answers: list[Message | Exception]) -> None:
        self.answers = deque(answers)
        self.seen: list[list[Message]] = []

    def generate(self, messages, tools, *, stop=lambda: False, **options) -> Iterator[Delta]:
        self.seen.append(list(messages))
        answer = self.answers.popleft() if self.answers else reply("还需要别的吗？")
        if isinstance(answer, Exception):
            raise answer
        if answer.call:
            yield CallDelta(answer.call)
            return
        half = len(answer.content) // 2
        yield TextDelta(answer.content[:half])
        if not stop():
            yield TextDelta(answer.content[half:])

    def predict(self, contexts):
        return [self.answers.popleft() for _ in contexts]


@pytest.fixture(scope="session")
def store() -> HotelStore:
    """Four invented hotels: two cheap ones with a card room, a dear one with a pool, and one of which little is known."""
    return HotelStore(HOTELS)


@pytest.fixture
def tiny_model() -> QueueModel:
    """Understands 能打麻将的经济型酒店, then says a grounded sentence."""
    return QueueModel(
        [call({"type": "经济型", "facilities": ["能打麻将"]}), reply("为您找到归途快捷酒店(北京云桥店)，价格200元。")]
    )


@pytest.fixture
def queue_model() -> type[QueueModel]:
    """For models with other answers."""
    return QueueModel


@pytest.fixture(autouse=True)
def own_settings():
    """Settings are read once a process; each test reads its own, whichever test came before it."""
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def set_setting(monkeypatch):
    """A function that gives a setting of this process another value until the test's end, read before or not."""

    def set_(name: str, value: str) -> None:
        monkeypatch.setenv(f"CHATBOT_{name.upper()}", value)
        settings.cache_clear()

    return set_


@pytest.fixture
def set_cpu_dtype(set_setting):
    """A function that forces the setting of the CPU's dtype until the test's end."""

    def set_(wanted: str) -> str:
        set_setting("cpu_dtype", wanted)
        return wanted

    return set_


@pytest.fixture(params=["fp32", "bf16"])
def cpu_dtype(request, set_cpu_dtype):
    """A claim that asks for it must hold in both, whatever processor runs it."""
    return set_cpu_dtype(request.param)


@pytest.fixture(scope="module")
def one_thread():
    """Small models are slower on several threads than on one."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def start_app(tmp_path):
    """A function that starts the app in an empty workspace and gives the process and its address."""
    processes = []

    def run(*flags: str) -> tuple[subprocess.Popen, str]:
        port = free_port()
        processes.append(app_process(tmp_path, port, *flags))
        return processes[-1], f"http://127.0.0.1:{port}/"

    yield run
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def serve_page():
    """A function that puts a page of a given context on a port; all of them are closed after the test."""
    from chatbot.ui.shell.server import open_page

    pages = []
    with quiet_loops():

        def serve(context) -> str:
            page, address = open_page(context, host="127.0.0.1", port=free_port())
            pages.append(page)
            return address

        yield serve
        for page in pages:
            page.close(verbose=False)


@contextmanager
def quiet_loops() -> Iterator[None]:
    """Gradio leaves event loops and sockets to the garbage collector; collect them here, where nobody minds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
        asyncio.set_event_loop(None)
        gc.collect()


@pytest.fixture(scope="session")
def chromium():
    """Debian's chromium under playwright. Where there is none the test is skipped, except in CI, where it must be there."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return _missing("playwright is not installed: pip install -r tests/requirements.txt")
    if not Path(CHROMIUM).exists():
        return _missing(f"there is no {CHROMIUM}: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def _missing(reason: str) -> None:
    told = f"{NO_BROWSER}: {reason}"
    pytest.fail(told) if os.environ.get("CI") == "true" else pytest.skip(told)


def pytest_unconfigure(config):
    """Where tests in a browser were skipped, the last line of all says so in words: green alone would promise a page that nobody saw."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    stats = reporter.stats if reporter else {}
    reasons = [str(report.longrepr) for report in stats.get("skipped", []) if NO_BROWSER in str(report.longrepr)]
    if reasons:
        why = reasons[0].split(f"{NO_BROWSER}: ")[1].rstrip("'\")")
        reporter.write_line(f"NOT CHECKED: {len(reasons)} tests of the page in a browser were skipped, because {why}")


LEFT_BEHIND = (
    "AbortError: signal is aborted",
    "Unexpected error Connection errored out.",
    "Unexpected error 404: Not Found",
)
"""What Gradio's client says while its document is left: it breaks its stream off and asks once more for a session that has ended."""
PATIENCE = 90_000
"""Milliseconds that a test waits for a state of the page before it fails, also on a loaded machine."""
VIEWS = {"desktop": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}


@pytest.fixture
def open_tab(chromium, serve_page):
    """A function that opens an address in a fresh browser profile; the test fails on console errors and failed requests.

    Tabs are closed before the server that they talk to.
    """
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    tabs, problems = [], []

    def open_(address: str, view: str = "desktop", locale: str = "zh-CN"):
        tab = chromium.new_page(viewport=VIEWS[view], locale=locale, accept_downloads=True)
        tab.set_default_timeout(PATIENCE)
        tab.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        tab.on(
            "response",
            lambda response: problems.append(f"{response.status} {response.url}") if response.status >= 400 else None,
        )
        tabs.append(tab)
        reload = tab.reload

        def reload_quietly() -> None:
            """A document that is left behind may complain of its own broken stream."""
            before = len(problems)
            reload()
            problems[before:] = [problem for problem in problems[before:] if not problem.startswith(LEFT_BEHIND)]

        tab.reload = reload_quietly
        tab.goto(address, wait_until="load")
        tab.locator(".slots").wait_for()
        return tab

    yield open_
    for tab in tabs:
        tab.close()
    assert problems == []


@pytest.fixture
def page(open_tab, serve_page, page_context):
    """The page of `page_context`, open at desktop width."""
    return open_tab(serve_page(page_context))


@pytest.fixture
def page_context(tmp_path, tiny_model):
    """The page's context with a model that is a queue and a workspace that is empty."""
    from chatbot.core.settings import Settings
    from chatbot.models.catalog import ModelChoice
    from chatbot.ui.shell.context import PageContext

    hotels = write_hotels(tmp_path / "hotels.json")
    choices = [
        ModelChoice("hotel-mini", "hotel-mini", "shipped"),
        ModelChoice("hotel-mini-base", "hotel-mini-base", "shipped"),
    ]
    settings = Settings(workspace=tmp_path / "workspace", hotels=hotels, _env_file=None)
    return PageContext(settings, models=lambda settings: choices, open_model=lambda model_id, current: tiny_model)


def write_hotels(path: Path, hotels: list[Hotel] = HOTELS) -> Path:
    """A database file in CrossWOZ's form."""
    path.write_text(json.dumps([[hotel.name, hotel.entry()] for hotel in hotels], ensure_ascii=False), encoding="utf-8")
    return path
