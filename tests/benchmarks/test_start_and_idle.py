"""Measured beside a bare Gradio page in the same run: the start, and what an open page costs that nobody uses.

python -m pytest tests/benchmarks/test_start_and_idle.py -m benchmark -s
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest

from tests.servers import answered, free_port

pytestmark = [pytest.mark.benchmark, pytest.mark.browser]
TIMES, SECONDS = 5, 40
BARE = """
import sys, gradio as gr
with gr.Blocks(analytics_enabled=False) as page:
    gr.Markdown("nothing")
page.launch(server_port=int(sys.argv[1]), quiet=True)
"""
TABS = ("chat", "data", "finetune", "evaluate")


@pytest.fixture
def start_bare():
    """A function that starts a page of Gradio's with one line of text."""
    processes = []

    def run():
        port = free_port()
        command = [sys.executable, "-c", BARE, str(port)]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return processes[-1], f"http://127.0.0.1:{port}/"

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def processor(process):
    """Seconds of a processor that a process has taken."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_the_page_is_there_beside_a_bare_one(start_app, start_bare):
    seconds = {start_app: [], start_bare: []}
    for _ in range(TIMES):
        for start, found in seconds.items():
            process, address = start()
            found.append(answered(address, process, limit=60))
            process.kill()
            process.wait()
    ours, bare = (sorted(found) for found in seconds.values())
    print(f"\nfirst 200: ours median {median(ours):.2f} s ({ours[0]:.2f} to {ours[-1]:.2f}), bare {median(bare):.2f} s")
    print(f"ratio {median(ours) / median(bare):.2f}")


def test_an_open_page_that_nobody_uses_beside_a_bare_one(start_app, start_bare, chromium):
    shares = {}
    for name, start in (("ours", start_app), ("bare", start_bare)):
        process, address = start()
        answered(address, process, limit=60)
        time.sleep(10)  # the model loads
        shares[f"{name}, no page"] = share(process, SECONDS)
        with chromium.new_page(locale="zh-CN") as tab:
            tab.goto(address, wait_until="load")
            for at in TABS if name == "ours" else ("",):
                if at:
                    tab.locator(f"#tab-{at}-button").click()
                tab.wait_for_timeout(10_000)
                shares[f"{name}, {at or 'open'}"] = share(process, SECONDS, tab)
    print("\n| page | share of a core |\n|---|---|")
    for at, found in shares.items():
        print(f"| {at} | {found:.2%} |")


def share(process, seconds, tab=None):
    """What share of a core a process takes; a tab that is waited for goes on living."""
    before, began = processor(process), time.perf_counter()
    tab.wait_for_timeout(1000 * seconds) if tab else time.sleep(seconds)
    return (processor(process) - before) / (time.perf_counter() - began)
