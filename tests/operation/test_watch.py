"""Those who run the page see whether it is well and what it does, by number and never by anybody's words; and it stops when answers are over."""

import asyncio
import io
import json
import logging
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import httpx
import pytest
from starlette.responses import PlainTextResponse

from chatbot.core.operation.logs import LOG, REQUEST, failed, places, request_id, set_up
from chatbot.core.operation.metrics import Metrics
from chatbot.ui.operation.guard import Running, guarded
from chatbot.ui.operation.health import Health
from chatbot.ui.operation.watch import Watch, route_of
from tests.servers import answered


@pytest.fixture
def log():
    """What the log holds, as JSON lines."""
    before = LOG.handlers, LOG.propagate, LOG.level
    out = io.StringIO()
    set_up("json", out)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    LOG.handlers, LOG.propagate = before[:2]
    LOG.setLevel(before[2])


def context(**more):
    choice = SimpleNamespace(id="m")
    pool = SimpleNamespace(ready=lambda model: True)
    return SimpleNamespace(
        demo=True,
        models=lambda: [choice],
        pool=pool,
        hotels_loaded=True,
        open_sessions=2,
        stop_turns=lambda: None,
        **more,
    )


def asked(app, path, *, headers=(), client="127.0.0.1", method="GET"):
    """Status, headers and body of one request."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    given = [(name.encode(), value.encode()) for name, value in headers]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"q=secret",
        "headers": given,
        "client": (client, 1),
    }
    with ThreadPoolExecutor(1) as other:  # browser tests leave their loop running in this thread
        other.submit(asyncio.run, app(scope, receive, send)).result()
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:]).decode()


async def hello(scope, receive, send):
    await PlainTextResponse(dict(scope["headers"])[b"x-request-id"].decode())(scope, receive, send)


def test_a_page_is_well_as_long_as_it_answers_and_ready_when_nothing_is_missing():
    health = Health(context())
    app = Watch(hello, health=health)
    assert asked(app, "/healthz")[::2] == (200, "ok\n")
    status, _, body = asked(app, "/readyz")
    assert status == 200 and json.loads(body)["ready"] is True
    health.ending.set()
    status, _, body = asked(app, "/readyz")
    assert status == 503 and json.loads(body)["checks"]["staying"] is False and asked(app, "/healthz")[0] == 200


@pytest.mark.parametrize(
    ("missing", "check"),
    [
        ({"hotels_loaded": False}, "hotels"),
        ({"models": list}, "model"),
        ({"pool": SimpleNamespace(ready=lambda m: False)}, "model"),
        ({"demo": False, "settings": SimpleNamespace(workspace="/proc/none")}, "workspace"),
    ],
)
def test_what_is_missing_is_named(missing, check):
    found = context()
    vars(found).update(missing)
    checks = Health(found).checks()
    assert [name for name, holds in checks.items() if not holds] == [check]


def test_an_id_goes_from_the_proxy_to_the_page_to_the_answer_and_the_log(log):
    app = Watch(hello, health=Health(context()))
    _, headers, body = asked(app, "/gradio_api/queue/join", headers=[("x-request-id", "from-the-proxy")])
    assert headers["x-request-id"] == body == "from-the-proxy"
    _, headers, body = asked(app, "/", headers=[("x-request-id", "evil\nline")])
    assert headers["x-request-id"] == body != "evil\nline" and re.fullmatch("[0-9a-f]{16}", body)
    assert [line["request"] for line in log()] == ["from-the-proxy", body]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/gradio_api/file=/tmp/我的对话.jsonl", "/gradio_api/file"),
        ("/gradio_api/run/search_hotels", "/gradio_api/run"),
        ("/gradio_api/heartbeat/abc123secret", "/gradio_api/heartbeat"),
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/assets/secret.js", "/assets"),
        ("/北京酒店", "other"),
        ("/secret", "other"),
        ("//evil", "other"),
    ],
)
def test_the_log_and_the_metrics_know_routes_and_no_names(path, route, log):
    app = Watch(hello, health=Health(context()))
    asked(app, path)
    assert route_of(path) == route and log()[0]["route"] == route
    text = json.dumps(log(), ensure_ascii=False) + app.metrics.text()
    assert "secret" not in text and "我的" not in text and "北京" not in text


def test_metrics_are_read_on_this_machine_or_with_the_token():
    app = Watch(hello, health=Health(context()), token="t0ken")
    asked(app, "/")
    status, headers, text = asked(app, "/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'chatbot_requests_total{method="GET",route="/",status="200"} 1' in text and "chatbot_sessions 2" in text
    assert asked(app, "/metrics", client="10.0.0.9")[0] == 403
    assert asked(app, "/metrics", headers=[("x-forwarded-for", "1.2.3.4")])[0] == 403
    assert asked(app, "/metrics", client="10.0.0.9", headers=[("authorization", "Bearer t0ken")])[0] == 200
    for wrong in ("Bearer ", "Bearer t0ke", "t0kenn", "Bearer 口令"):
        given = [("authorization", wrong)]
        assert asked(app, "/metrics", client="10.0.0.9", headers=given)[0] == 403
    open_ = Watch(hello, health=Health(context()))
    assert asked(open_, "/metrics", client="10.0.0.9", headers=[("authorization", "Bearer ")])[0] == 403


LINE = re.compile(
    r'# (HELP|TYPE) \w+ .+|\w+(\{\w+="(?:[^"\\\n]|\\["\\n])*"(,\w+="(?:[^"\\\n]|\\["\\n])*")*\})? [0-9.e+-]+'
)


def test_the_text_is_what_prometheus_reads():
    metrics = Metrics({"up": ("it is", lambda: 1)})
    metrics.count("n", a='x"y\\z\nw')
    for seconds in (0.01, 3, 1000):
        metrics.time("s", seconds, route="/")
    lines = metrics.text().splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    buckets = [int(line.split()[1]) for line in lines if line.startswith("s_bucket")]
    assert buckets == sorted(buckets) and buckets[0] == 1 and buckets[-1] == 3 and 's_count{route="/"} 3' in lines


def test_the_log_of_an_error_holds_its_kind_and_places_and_no_words(log):
    def understand(text):
        raise ValueError(text)

    with pytest.raises(ValueError, match="张三") as raised:
        understand("我叫张三，电话 13800000000")
    failed(raised.value)
    assert places(raised.value)[-1].endswith("understand")
    line = log()[0]
    assert (
        line["error"] == "ValueError"
        and line["level"] == "error"
        and "张三" not in json.dumps(line, ensure_ascii=False)
    )


def test_text_logs_tell_what_went_wrong_alone():
    out = io.StringIO()
    set_up("text", out)
    LOG.info("request")
    LOG.error("failed")
    assert out.getvalue().count("\n") == 1 and "event=failed" in out.getvalue()
    LOG.handlers, LOG.propagate = [], True
    LOG.setLevel(logging.NOTSET)


@pytest.mark.parametrize("given", [None, "", "short", "x" * 65, "with space", "new\nline", "../../etc"])
def test_only_an_id_is_taken_for_one(given):
    assert re.fullmatch("[0-9a-f]{16}", request_id(given))


def test_answers_are_counted_while_they_run_and_waited_for():
    running, go = Running(), threading.Event()
    answer = guarded(go.wait, running)
    thread = threading.Thread(target=answer)
    thread.start()
    while not running.now:
        time.sleep(0.001)
    assert running.wait(0) is False
    go.set()
    assert running.wait(60) is True
    thread.join()
    steps = guarded(lambda: (yield 1), running)()
    next(steps)
    assert running.now == 1
    steps.close()
    assert running.now == 0


def test_an_id_belongs_to_its_request_alone():
    app = Watch(hello, health=Health(context()))
    asked(app, "/", headers=[("x-request-id", "first-one")])
    assert REQUEST.get() != "first-one"


class Broken:
    """A database that fails as nobody foresaw."""

    def __len__(self):
        return 1

    def search(self, *_, **__):
        raise RuntimeError("用户说的话")


def test_an_error_that_nobody_foresaw_has_the_same_number_on_the_page_and_in_the_log(serve_page, page_context, log):
    vars(page_context)["default_store"] = Broken()
    address = serve_page(page_context)
    given = ["", "", None, None, None, None, None, "", "", "", None, "", "", 3, 0]
    headers = {"x-request-id": "number-of-this-request"}
    answer = httpx.post(f"{address}gradio_api/run/search_hotels", json={"data": given}, headers=headers)
    assert answer.headers["x-request-id"] == "number-of-this-request" in answer.json()["error"]
    logged = [line for line in log() if line["event"] == "failed"]
    assert [(line["request"], line["error"]) for line in logged] == [("number-of-this-request", "RuntimeError")]
    assert "用户" not in answer.text + json.dumps(log(), ensure_ascii=False)
    kept = httpx.post(f"{address}gradio_api/upload", files={"files": ("x.jsonl", b"{}")})
    assert kept.status_code == 200 and httpx.get(f"{address}healthz").text == "ok\n"


def test_a_page_that_is_asked_to_stop_ends_in_order(start_app):
    process, address = start_app()
    answered(f"{address}healthz", process, 300)
    assert set(httpx.get(f"{address}readyz").json()["checks"]) == {"staying", "hotels", "model", "workspace"}
    assert "chatbot_requests_total" in httpx.get(f"{address}metrics").text or httpx.get(address).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0 and "Traceback" not in process.stdout.read()
