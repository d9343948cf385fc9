"""`python app.py` as a person starts it: it answers soon, refuses an unprotected host, and says so on one line."""

import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def start(tmp_path, free_port):
    """A function that starts the app in an empty workspace and gives the process and its address."""
    processes = []

    def run(*flags: str) -> tuple[subprocess.Popen, str]:
        port = free_port()
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "CHATBOT_WORKSPACE": str(tmp_path / "workspace"), "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "app.py", "--port", str(port), *flags]
        processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return processes[-1], f"http://127.0.0.1:{port}/"

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def answered(address: str, process: subprocess.Popen, limit: float) -> float:
    """Seconds until the page answers 200."""
    began = time.monotonic()
    while time.monotonic() - began < limit and process.poll() is None:
        try:
            if httpx.get(address, timeout=5).status_code == 200:
                return time.monotonic() - began
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"no answer within {limit} s: {process.stdout.read() if process.poll() is not None else 'still starting'}")


def test_the_page_answers(start):
    process, address = start()
    assert answered(address, process, limit=120) < 120
    assert "酒店对话机器人工作台" in httpx.get(address).text


@pytest.mark.benchmark
def test_the_page_answers_within_five_seconds_of_its_start(start):
    process, address = start()
    assert answered(address, process, limit=20) <= 5


def test_another_host_without_accounts_is_refused_on_one_line_that_says_how(start):
    process, _ = start("--host", "0.0.0.0")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert out.strip().count("\n") == 0
    assert "users add NAME --role admin" in out
