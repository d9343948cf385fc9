"""By which names a server answers, and which pages may send it requests: DNS rebinding, foreign pages, and proxies that are ours."""

import pytest

from chatbot.core.trust.hosts import hosts_of

OWN = hosts_of("127.0.0.1", (), public=False)
TEAM = hosts_of("0.0.0.0", ("bots.example.org", "bots.example.net:8443"), public=False)
DEMO = hosts_of("0.0.0.0", (), public=True)
FOREIGN = [
    "evil.example",
    "evil.example:7860",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.example.",
    "",
    " ",
    "127.0.0.1@evil.example",
    "evil.example#127.0.0.1",
    "evil.example/127.0.0.1",
    "127.0.0.1:7860:80",
    "localhost evil.example",
    "localhost,evil.example",
    "[::1",
    "[evil]",
    "localhost\r\nX: y",
    "ｌocalhost",
]


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:7860", "LOCALHOST:1", "127.0.0.1:7860", "[::1]:7860", "localhost."]
)
def test_the_own_machine_answers_to_its_own_names(host):
    assert OWN.takes(host)


@pytest.mark.parametrize("host", [*FOREIGN, "10.0.0.5:7860", "bots.example.org", "0.0.0.0:7860"])
def test_the_own_machine_answers_to_no_other(host):
    assert not OWN.takes(host)


@pytest.mark.parametrize(
    "host", ["10.0.0.5:7860", "[2001:db8::1]:7860", "bots.example.org", "bots.example.net:8443", "localhost"]
)
def test_a_teams_server_answers_to_numbers_and_to_the_names_that_were_set(host):
    assert TEAM.takes(host)


@pytest.mark.parametrize("host", [*FOREIGN, "bots.example.net", "bots.example.net:80", "x.bots.example.org"])
def test_a_teams_server_answers_to_no_other(host):
    assert not TEAM.takes(host)


def test_a_public_demo_answers_to_any_name_unless_some_are_set():
    assert DEMO.takes("demo.example") and not DEMO.takes("")
    assert not hosts_of("0.0.0.0", ("demo.example",), public=True).takes("evil.example")
    assert not hosts_of("127.0.0.1", (), public=True).takes("evil.example")


@pytest.mark.parametrize(
    ("hosts", "asked", "origin", "site"),
    [
        (OWN, "127.0.0.1:7860", None, None),
        (OWN, "127.0.0.1:7860", "http://127.0.0.1:7860", "same-origin"),
        (OWN, "localhost:7860", "http://localhost:7860", None),
        (OWN, "localhost", "http://localhost:80", None),
        (TEAM, "127.0.0.1:7860", "https://bots.example.org", "same-origin"),
        (TEAM, "bots.example.org", "https://bots.example.org:443", None),
        (TEAM, "127.0.0.1:7860", "https://bots.example.net:8443", None),
        (DEMO, "demo.example", "https://demo.example", "same-origin"),
    ],
)
def test_requests_of_the_own_page_and_of_programs_are_taken(hosts, asked, origin, site):
    assert hosts.is_own_page(origin, [asked], site)


@pytest.mark.parametrize("hosts", [OWN, TEAM, DEMO])
@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("http://evil.example", None),
        ("http://evil.example", "cross-site"),
        ("null", None),
        ("", None),
        ("http://127.0.0.1", None),
        ("http://127.0.0.1:3000", "same-site"),
        ("http://localhost:7860", None),
        ("http://127.0.0.1:7860.evil.example", None),
        ("http://127.0.0.1:7860@evil.example", None),
        ("http://127.0.0.1:7860/", None),
        ("file://127.0.0.1:7860", None),
        ("chrome-extension://127.0.0.1:7860", None),
        ("127.0.0.1:7860", None),
        ("http://bots.example.org.evil.example", None),
        ("http://bots.example.org:3000", None),
        ("http://127.0.0.1:7860", "cross-site"),
        (None, "cross-site"),
        (None, "same-site"),
        (None, "sideways"),
    ],
)
def test_requests_of_other_pages_are_refused(hosts, origin, site):
    assert not hosts.is_own_page(origin, ["127.0.0.1:7860"], site)
