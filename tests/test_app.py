"""`python app.py` as a person starts it: it answers soon, refuses an unprotected host, and says so on one line."""

import httpx
import pytest

from tests.servers import answered


def test_the_page_answers(start_app):
    process, address = start_app()
    assert answered(address, process, limit=120) < 120
    assert "酒店对话机器人工作台" in httpx.get(address).text


def test_the_page_is_sent_compressed_to_a_browser_that_can_read_it(start_app):
    process, address = start_app()
    answered(address, process, limit=120)
    sizes = {}
    for accepted in ("gzip", "identity"):
        with httpx.stream("GET", address, headers={"accept-encoding": accepted}, timeout=60) as found:
            sizes[accepted] = sum(map(len, found.iter_raw()))
    assert sizes["gzip"] < sizes["identity"] / 4


@pytest.mark.benchmark
def test_the_page_answers_within_five_seconds_of_its_start_app(start_app):
    process, address = start_app()
    assert answered(address, process, limit=20) <= 5


def test_another_host_without_accounts_is_refused_on_one_line_that_says_how(start_app):
    process, _ = start_app("--host", "0.0.0.0")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert out.strip().count("\n") == 0
    assert "users add NAME --role admin" in out
