"""Without a browser the tests of the page are skipped aloud here, and fail in CI, where the browser must be there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def run_browser_test(tmp_path):
    """A function that runs one test in a browser on a machine without chromium."""
    (tmp_path / "test_page.py").write_text(
        "def test_page(chromium):\n    raise AssertionError('there is no browser')\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-q", str(tmp_path)]

    def run(ci: str) -> subprocess.CompletedProcess:
        environment = os.environ | {"CHROMIUM": str(tmp_path / "none"), "CI": ci}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    return run


def test_elsewhere_it_is_skipped_and_the_closing_line_says_so_in_words(run_browser_test, tmp_path):
    done = run_browser_test("")
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("NOT CHECKED: 1 tests of the page in a browser were skipped, because there is no ")
    assert last.endswith("apt-get install chromium fonts-noto-cjk")


def test_in_ci_it_fails(run_browser_test):
    done = run_browser_test("true")
    assert done.returncode == 1 and "apt-get install chromium" in done.stdout
    assert "NOT CHECKED" not in done.stdout
