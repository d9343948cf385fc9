"""Calls out: a key goes to its own host alone, and a typed address leads into no private network, however it is written."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gradio as gr
import httpx
import pytest

from chatbot.core.errors import InputError
from chatbot.core.settings import Settings
from chatbot.core.trust.addresses import OPENAI, Endpoint, Origin, endpoint, is_public, public_addresses
from chatbot.core.trust.transport import PublicOnly, async_client
from chatbot.ui.data.augment_form import AugmentForm
from chatbot.ui.data.augment_step import AugmentHandlers
from chatbot.ui.shell.context import PageContext
from tests.ui.test_context import person

PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "10.0.0.5",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
]
NO_ADDRESS = [
    "",
    "api.openai.com/v1",
    "ftp://api.openai.com",
    "file:///etc/passwd",
    "gopher://api.openai.com",
    "http://",
    "http://user:word@api.openai.com/v1",
    "https://api.openai.com@evil.example/v1",
    "http://[::1",
    "http://a b/v1",
    "http://x:99999999/v1",
    "javascript:alert(1)",
]


def configured(**fields) -> Settings:
    return Settings(_env_file=None, **{"openai_api_key": "sk-own", "openai_base_url": None, **fields})


def names(*addresses):
    """A resolver that says one address after another, the last one for good."""
    left = list(addresses)

    def resolve(host, port, **_):
        return [(2, 1, 6, "", (left.pop(0) if len(left) > 1 else left[0], port))]

    return resolve


@pytest.mark.parametrize("host", PRIVATE)
def test_a_typed_address_of_a_private_network_is_refused_however_it_is_written(host):
    with pytest.raises(InputError, match=r"CHATBOT_PRIVATE_HOSTS|not an address|no such host"):
        endpoint(f"http://{host}/v1", "sk-typed", configured())


@pytest.mark.parametrize("address", ["10.1.2.3", "::1", "169.254.169.254", "fe80::1%eth0"])
def test_a_public_name_for_a_private_address_is_refused(address):
    with pytest.raises(InputError, match="private network"):
        endpoint("https://innocent.example/v1", "sk-typed", configured(), resolve=names(address))


@pytest.mark.parametrize("url", NO_ADDRESS[1:])
def test_what_is_no_address_of_an_api_is_refused(url):
    with pytest.raises(InputError):
        endpoint(url, "sk-typed", configured(), resolve=names("1.1.1.1"))


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1",
        "https://api.openai.com.evil.example/v1",
        "https://evil.example/api.openai.com",
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://xn--pi-3ja.openai.com/v1",
    ],
)
def test_the_settings_key_is_kept_from_an_address_that_is_not_its_own(url):
    with pytest.raises(InputError, match="does not belong to this host"):
        endpoint(url, "", configured(), resolve=names("1.1.1.1"))


def test_the_settings_key_goes_to_its_own_host():
    assert endpoint(None, "", configured()) == Endpoint(OPENAI, "sk-own", guarded=False)
    assert endpoint("https://API.openai.com./v1", "", configured()).key == "sk-own"
    own = configured(openai_base_url="http://127.0.0.1:8000/v1")
    assert endpoint(None, None, own) == Endpoint("http://127.0.0.1:8000/v1", "sk-own", guarded=False)
    with pytest.raises(InputError):
        endpoint(OPENAI, "", own)


def test_a_typed_key_goes_to_the_typed_address_in_place_of_the_settings_key():
    typed = endpoint("https://other.example/v1", " sk-typed ", configured(), resolve=names("1.1.1.1"))
    assert typed == Endpoint("https://other.example/v1", "sk-typed", guarded=True)
    by_setting = configured(api_key="sk-other")
    assert endpoint("https://other.example/v1", "", by_setting, resolve=names("1.1.1.1")).key == "sk-other"
    assert endpoint(None, "", by_setting).key == "sk-own"


@pytest.mark.parametrize(
    ("entry", "port", "taken"),
    [("127.0.0.1", 1, True), ("127.0.0.1:8000", 8000, True), ("127.0.0.1:8000", 1, False), ("localhost", 1, False)],
)
def test_a_private_server_of_ones_own_is_reached_by_a_setting(entry, port, taken):
    url, own = f"http://127.0.0.1:{port}/v1", configured(private_hosts=entry)
    if taken:
        assert endpoint(url, "k", own).url == url
        with pytest.raises(InputError, match="does not belong"):
            endpoint(url, "", own)
        assert endpoint(url, "", configured(key_hosts=entry)).key == "sk-own"
    else:
        with pytest.raises(InputError):
            endpoint(url, "k", own)


def test_a_name_that_changes_its_meaning_after_the_check_reaches_nothing():
    seen = []

    def answer(request):
        seen.append((request.url.host, request.headers["host"], request.extensions["sni_hostname"]))
        return httpx.Response(200)

    async def ask_twice():
        transport = PublicOnly(httpx.MockTransport(answer), names("1.1.1.1", "127.0.0.1"))
        async with httpx.AsyncClient(transport=transport) as client:
            await client.get("https://rebound.example/v1")
            await client.get("https://rebound.example/v1")

    with pytest.raises(InputError, match="private network"), ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, ask_twice()).result()
    assert seen == [("1.1.1.1", "rebound.example", "rebound.example")]


def test_the_next_address_is_tried_where_one_does_not_answer():
    def answer(request):
        if request.url.host == "1.1.1.1":
            raise httpx.ConnectError("no route")
        return httpx.Response(200, text=request.url.host)

    def resolve(host, port, **_):
        return [(2, 1, 6, "", (address, port)) for address in ("1.1.1.1", "8.8.8.8")]

    async def ask():
        async with httpx.AsyncClient(transport=PublicOnly(httpx.MockTransport(answer), resolve)) as client:
            return (await client.get("http://two.example/")).text

    with ThreadPoolExecutor(1) as apart:
        assert apart.submit(asyncio.run, ask()).result() == "8.8.8.8"


def test_a_redirect_is_not_followed():
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_response(307)
            self.send_header("Location", "/secrets")
            self.end_headers()

        def log_message(self, *_):
            pass

    async def ask(url):
        async with async_client(Endpoint(url, "k", guarded=False), 10.0) as client:
            return (await client.get(f"{url}/v1")).status_code

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, ThreadPoolExecutor(1) as apart:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        status = apart.submit(asyncio.run, ask(f"http://127.0.0.1:{server.server_port}")).result()
        server.shutdown()
    assert (status, seen) == (307, ["/v1"])


def test_one_bad_address_among_good_ones_is_enough_to_refuse():
    def resolve(host, port, **_):
        return [(2, 1, 6, "", (address, port)) for address in ("1.1.1.1", "127.0.0.1")]

    with pytest.raises(InputError, match="private network"):
        public_addresses(Origin.of("https://two.example"), resolve)


@pytest.mark.parametrize("url", ["https://evil.example/v1", "http://169.254.169.254/latest", "http://[::1]:1/v1"])
def test_the_page_starts_nothing_that_would_carry_the_key_away(tmp_path, url):
    settings = configured(workspace=tmp_path, api_key="sk-of-the-command-line")
    handlers = AugmentHandlers(PageContext(settings))
    handlers.files.corpus.parent.mkdir(parents=True, exist_ok=True)
    handlers.files.corpus.write_text("")
    form = AugmentForm("direct", ["spoken"], 0.3, 1, 1, "-", "", "gpt-4o-mini", url, 1, None, None, key="")
    with pytest.raises(gr.Error):
        handlers.start(person(), form)
    assert not (tmp_path / "jobs").exists() or not list((tmp_path / "jobs").iterdir())
