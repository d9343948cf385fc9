"""The door of the running server, in each mode: foreign hosts and pages, log-ins, sessions that end, and what a damaged file does."""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from argon2 import PasswordHasher

from chatbot.core.accounts import Accounts
from chatbot.core.trust.doorkeeper import Doorkeeper
from chatbot.core.trust.hosts import hosts_of
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.gate.gate import AT_ONCE, Gate, path_of
from chatbot.ui.shell.gate.refusals import MARK
from tests.hostile.conftest import PASSWORDS, PROXY_PATH, SHARED_NAME
from tests.hostile.test_accounts import QUICK, WORD

READING = ["/", "/config", "/gradio_api/queue/data?session_hash=x", "/gradio_api/heartbeat/x", "/gradio_api/file=x"]
WRITING = [
    "/gradio_api/queue/join",
    "/gradio_api/upload?upload_id=x",
    "/gradio_api/run/search_hotels",
    "/gradio_api/call/search_hotels",
    "/gradio_api/cancel",
    "/gradio_api/reset",
    "/gradio_api/component_server",
    "/gradio_api/mcp/",
    "/v1/chat/completions",
    "/login",
    "/logout",
]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "169.254.169.254"])
@pytest.mark.parametrize(
    ("method", "path"), [("OPTIONS", "/config"), *[("GET", p) for p in READING], *[("POST", p) for p in WRITING]]
)
def test_no_route_answers_to_a_foreign_host(server, method, path, host):
    refused = server.ask(method, path, "adam", headers={"Host": host})
    assert (refused.status_code, refused.headers[MARK]) == (421, "ui.host")


@pytest.mark.parametrize(
    "origin", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
@pytest.mark.parametrize(("method", "path"), [*[("GET", p) for p in READING[1:]], *[("POST", p) for p in WRITING]])
def test_no_route_answers_to_another_sites_page(server, method, path, origin):
    refused = server.ask(method, path, "adam", headers=origin)
    assert (refused.status_code, refused.headers[MARK]) == (403, "ui.origin")
    assert "access-control-allow-origin" not in refused.headers


def test_no_preflight_of_another_site_is_granted(server):
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert server.ask("OPTIONS", "/gradio_api/queue/join", "adam", headers=asked).headers[MARK] == "ui.origin"


def test_a_host_in_the_name_of_a_proxy_is_looked_at_too(server):
    assert server.ask("GET", "/config", "adam", headers={"X-Forwarded-Host": "evil.example"}).status_code == 421


def test_a_link_on_another_site_opens_the_page_and_nothing_else(server):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert server.ask("GET", "/", "adam", headers=link).status_code == 200
    assert server.ask("GET", "/config", "adam", headers=link).status_code == 403
    assert server.ask("POST", "/", "adam", headers=link).status_code in (403, 404)


def test_the_own_page_gets_through(server):
    own = {"Origin": server.address, "Sec-Fetch-Site": "same-origin"}
    assert server.ask("GET", "/config", "adam", headers=own).status_code == 200
    assert MARK not in server.ask("POST", "/gradio_api/cancel", "adam", headers=own).headers


def test_a_proxy_with_a_name_of_ours_gets_through(team):
    for more in ({}, {"Host": SHARED_NAME}, {"X-Forwarded-Host": SHARED_NAME}):
        own = {"Origin": f"https://{SHARED_NAME}", "Sec-Fetch-Site": "same-origin", **more}
        assert MARK not in team.ask("POST", "/gradio_api/cancel", "adam", headers=own).headers


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ({"path": "/config"}, "/config"),
        ({"path": "/config", "root_path": "/hotels"}, "/config"),
        ({"path": "/hotels/config", "root_path": "/hotels"}, "/config"),
        ({"path": "/hotels", "root_path": "/hotels"}, "/"),
        ({"path": "/hotelsx", "root_path": "/hotels"}, "/hotelsx"),
        ({"path": "/config", "root_path": "https://bots.example.org/hotels"}, "/config"),
    ],
)
def test_below_a_proxys_path_the_routes_are_the_same(scope, path):
    assert path_of(scope) == path


def test_the_page_behind_a_proxys_path_says_so_and_is_guarded_there_too(team):
    proxied = {"Host": SHARED_NAME, "Origin": f"https://{SHARED_NAME}", "X-Forwarded-Proto": "https"}
    for before in ("", PROXY_PATH):
        config = team.ask("GET", f"{before}/config", "adam", headers=proxied)
        assert config.json()["root"] == f"https://{SHARED_NAME}{PROXY_PATH}"
        assert team.ask("GET", f"{before}/config", headers=proxied).status_code == 401
        assert team.ask("GET", f"{before}/gradio_api/token", "adam", headers=proxied).status_code == 404
        assert team.ask("GET", f"{before}/v1/models", "adam", headers=proxied).json()["data"][0]["id"] == "rules"
        assert team.ask("GET", f"{before}/gradio_api/mcp/schema", "adam", headers=proxied).status_code == 200


def test_a_web_socket_is_refused(server):
    port = int(server.host.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(
            f"GET /gradio_api/queue/join HTTP/1.1\r\nHost: {server.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert line.recv(64).split()[1] in (b"403", b"404", b"405")


def test_no_other_site_may_frame_the_page(server):
    policy = server.ask("GET", "/", "adam").headers.get("content-security-policy", "")
    assert ("frame-ancestors 'self'" in policy) == (server.mode != "demo")


# Log-ins.


def log_in(team, name, password, **headers):
    return team.ask("POST", "/login", data={"username": name, "password": password}, headers=headers)


@pytest.mark.parametrize(("proxied", "secure"), [({}, False), ({"X-Forwarded-Proto": "https"}, True)])
def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(team, proxied, secure):
    answer = log_in(team, "anna", PASSWORDS["anna"], **proxied)
    cookie = answer.headers["set-cookie"].lower()
    assert answer.json() == {"success": True} and "httponly" in cookie and "samesite=lax" in cookie
    assert ("; secure" in cookie) == secure
    session = answer.headers["set-cookie"].partition(";")[0]
    assert team.ask("GET", "/gradio_api/user", headers={"Cookie": session}).json() == "anna"
    team.ask("POST", "/logout", headers={"Cookie": session})
    assert team.ask("GET", "/gradio_api/user", headers={"Cookie": session}).status_code == 401


def test_a_wrong_try_says_the_same_whether_or_not_there_is_an_account(team):
    told = [log_in(team, name, "wrong word") for name in ("anna", "nobody there")]
    assert {answer.status_code for answer in told} == {400}
    assert len({answer.text for answer in told}) == 1 and "set-cookie" not in told[0].headers


FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
FILE = b'--x\r\nContent-Disposition: form-data; name="password"; filename="f"\r\n\r\nx\r\n--x--\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b""),
        (FORM, b"password=x"),
        (FORM, b"username=anna&password=" + b"x" * 20_000),
        (FORM, b"\xff" * 500),
        (FORM, b"username[]=anna&password[]=x"),
        (PARTS, b"x"),
        (f"{PARTS}; boundary=x", b"--x--"),
        (f"{PARTS}; boundary=x", FILE),
        ("application/json", b'{"username": "anna"}'),
    ],
)
def test_a_form_that_is_none_lets_nobody_in(team, kind, body):
    assert team.ask("POST", "/login", content=body, headers={"Content-Type": kind}).status_code == 400


def test_where_nobody_logs_in_the_form_leads_to_the_page(servers):
    for mode in ("own", "demo"):
        assert servers[mode].ask("GET", "/login").headers["location"] == "./"


# Sessions and tokens.


@pytest.fixture
def guest(team):
    """Somebody whose account is about to change, and what that person's browser and program send."""
    team.context.accounts.add("guest", WORD, "engineer")
    sent = {
        "session": {"Cookie": f"chatbot_session={team.doorkeeper.passes.give('guest', 'session', days=1)}"},
        "token": {"Authorization": f"Bearer {team.doorkeeper.passes.give('guest', 'token', days=1)}"},
    }
    yield sent
    if "guest" in team.context.accounts.roles():
        team.context.accounts.remove("guest")


def statuses(team, sent):
    return [
        team.ask("GET", "/config", headers=sent["session"]).status_code,
        team.ask("GET", "/v1/models", headers=sent["token"]).status_code,
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda team: team.context.accounts.remove("guest"),
        lambda team: team.context.accounts.add("guest", WORD, "annotator"),
        lambda team: team.context.accounts.add("guest", "another word", "engineer"),
        lambda team: team.doorkeeper.passes.revoke_all("guest"),
    ],
)
def test_a_removed_or_changed_users_session_and_token_end_at_once(team, guest, change):
    assert statuses(team, guest) == [200, 200]
    change(team)
    assert statuses(team, guest) == [401, 401]


def test_a_token_opens_the_programs_routes_and_no_others(team, guest):
    assert team.ask("GET", "/config", headers=guest["token"]).status_code == 401
    secret = guest["token"]["Authorization"].removeprefix("Bearer ")
    assert team.ask("GET", "/config", headers={"Cookie": f"chatbot_session={secret}"}).status_code == 401


@pytest.mark.parametrize("path", ["/v1/models", "/gradio_api/mcp/schema"])
@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer hct_x",
        "Bearer adam",
        "Bearer adam:wrong",
        "Basic YWRhbTp3cm9uZw==",
        "Basic !",
        "Digest x",
        "hct_x",
    ],
)
def test_no_other_header_opens_them(team, path, header):
    refused = team.ask("GET", path, headers={"Authorization": header} if header else {})
    assert refused.status_code == 401 and "Basic" in refused.headers["www-authenticate"]


@pytest.mark.parametrize("damaged", ["accounts.json", "access.sqlite"])
def test_a_damaged_file_closes_the_server_and_says_which(team, damaged):
    path = team.context.settings.workspace / damaged
    whole = path.read_bytes()
    path.write_bytes(b"{" * 5000)
    try:
        refused = team.ask("GET", "/config", "adam", headers={"Accept-Language": "en"})
        assert refused.status_code == 503 and damaged in refused.json()["detail"]
        assert log_in(team, "adam", PASSWORDS["adam"]).status_code == 503
    finally:
        path.write_bytes(whole)
    assert team.ask("GET", "/config", "adam").status_code == 200


# The gate before an app of its own: what needs a hand on time.


class SlowHasher:
    """Looks at a password for as long as it is told to."""

    def __init__(self):
        self.begun, self.go_on, self.hash = threading.Semaphore(0), threading.Event(), QUICK.hash

    def verify(self, hashed, password):
        self.begun.release()
        self.go_on.wait(60)
        return QUICK.verify(hashed, password)


def gate_before(app, page_context, hasher: PasswordHasher):
    """A gate with accounts before any app."""
    accounts = Accounts(page_context.settings.accounts, hasher)
    accounts.add("anna", WORD, "annotator")
    context = PageContext(page_context.settings, accounts=accounts)
    door = Doorkeeper(accounts, page_context.settings.access)
    hosts = hosts_of("127.0.0.1", (), public=False)
    return Gate(app, context=context, hosts=hosts, doorkeeper=door, look_again=0.0)


def run(task):
    with ThreadPoolExecutor(1) as apart:  # a browser test before this one may have left its loop running in this thread
        return apart.submit(asyncio.run, task).result()


def test_the_page_answers_while_many_passwords_are_looked_at(page_context):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"the page"})

    async def ask():
        hasher = SlowHasher()
        gate = gate_before(app, page_context, hasher)
        cookie = f"chatbot_session={gate.doorkeeper.passes.give('anna', 'session', days=1)}"
        transport = httpx.ASGITransport(gate)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
            form = {"username": "anna", "password": WORD}
            trying = [asyncio.create_task(client.post("/login", data=form)) for _ in range(8)]
            for _ in range(AT_ONCE):
                await asyncio.to_thread(hasher.begun.acquire)
            meanwhile = [(await client.get("/config", headers={"Cookie": cookie})).text for _ in range(50)]
            assert not any(task.done() for task in trying)
            hasher.go_on.set()
            return meanwhile, [(await task).status_code for task in trying]

    meanwhile, ended = run(ask())
    assert set(meanwhile) == {"the page"} and ended == [200] * 8


def test_an_open_stream_ends_with_the_session(page_context):
    gone = []

    async def app(scope, receive, send):
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"before", "more_body": True})
        gone.append(gate.context.accounts.remove("anna"))
        await send({"type": "http.response.body", "body": b"after", "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def ask():
        cookie = f"chatbot_session={gate.doorkeeper.passes.give('anna', 'session', days=1)}"
        transport = httpx.ASGITransport(gate)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get("/gradio_api/heartbeat/x", headers={"Cookie": cookie})).text

    gate = gate_before(app, page_context, QUICK)
    assert run(ask()) == "before" and gone == [None]
