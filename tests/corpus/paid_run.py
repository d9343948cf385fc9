"""What the tests of paid runs share: the server as a process, a corpus, and the command that is run and killed."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from chatbot.core.messages import write_conversations
from chatbot.corpus.selfplay.generate import selfplay
from tests.servers import free_port

KEYS = {"OPENAI_API_KEY": "sk-test", "CHATBOT_KEY_HOSTS": "127.0.0.1"}
"""The key, and that the server of this machine is one that it belongs to."""


@contextlib.contextmanager
def openai_server(**options):
    """The server as a process of its own; gives its address."""
    port = free_port()
    flags = [f"--{name}={value}" for name, value in options.items()]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.corpus.openai_server", str(port), *flags], stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()


def stats(url):
    with urllib.request.urlopen(f"{url}/stats", timeout=10) as answer:
        return json.load(answer)


def corpus(store, path, n=25):
    write_conversations(path, selfplay(store, n, seed=3))
    return path


def command(url, folder, hotels, *more):
    """The augment command against the server."""
    given = [
        str(folder / "corpus.jsonl"),
        "--out",
        str(folder / "out"),
        "--hotels",
        str(hotels),
        "--cache",
        str(folder / "answers.sqlite"),
    ]
    return [
        sys.executable,
        "-m",
        "chatbot",
        "augment",
        *given,
        "--mode",
        "direct",
        "--base-url",
        f"{url}/v1",
        "--timeout",
        "5",
        *more,
    ]


def run(argv, folder, kill_when=None, seconds=500):
    """Run to the end (of so many seconds), or kill -9 as soon as the condition holds; returns what it printed, None where it was killed."""
    env = {**os.environ, **KEYS, "CHATBOT_WORKSPACE": str(folder)}
    with (folder / "stdout").open("w+") as out, (folder / "stderr").open("w+") as err:
        process = subprocess.Popen(argv, stdout=out, stderr=err, env=env)
        while kill_when and process.poll() is None:
            if kill_when():
                process.send_signal(signal.SIGKILL)
                process.wait()
                return None
            time.sleep(0.1)
        assert process.wait(seconds) == 0, (folder / "stderr").read_text()
    return json.loads((folder / "stdout").read_text())
