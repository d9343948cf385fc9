"""Real servers on free ports of this machine: for tests that speak HTTP as programs do, and the app as a person starts it."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Its address, while it runs."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", ws="none", timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(5)


def app_process(home: Path, port: int, *flags: str) -> subprocess.Popen:
    """`python app.py` with an empty environment and its workspace under `home`."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "CHATBOT_WORKSPACE": str(home / "workspace"),
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "app.py", "--port", str(port), *flags]
    root = Path(__file__).resolve().parent.parent
    return subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def answered(address: str, process: subprocess.Popen, limit: float) -> float:
    """Seconds until the page answers 200."""
    began = time.monotonic()
    while time.monotonic() - began < limit and process.poll() is None:
        try:
            if httpx.get(address, timeout=5).status_code == 200:
                return time.monotonic() - began
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(
        f"no answer within {limit} s: {process.stdout.read() if process.poll() is not None else 'still starting'}"
    )
