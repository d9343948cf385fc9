"""Claims about work whose process is killed with -9, or whose disk fails, at any moment: every acknowledged write is there, none twice, none half; what was paid is counted; it goes on to the same end."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHORT = {"records.review": 3, "records.accounts": 3, "records.words": 3, "paid.direct": 2, "paid.batch": 2}
"""How often each is killed in the default run."""
LONG = {
    "records.review": 40,
    "records.accounts": 30,
    "records.words": 20,
    "paid.direct": 25,
    "paid.batch": 25,
    "models.finetune": 15,
    "models.pretrain": 15,
    "models.evaluate": 15,
    "models.convert": 15,
}
"""200 kills: minutes of an idle core, half an hour of a busy one."""
DISKS = {"records.review": 3, "records.accounts": 3, "records.words": 3}
MORE_DISKS = {"records.review": 15, "records.accounts": 10, "records.words": 10, "models.evaluate": 8}


def done_to(scene, times, folder, disk=None):
    """What a process of its own found."""
    argv = [sys.executable, "-m", "tests.kills.killer", scene, str(folder / "lives"), "--times", str(times)]
    threads = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}  # a forked child has no pools of threads
    preload = {"LD_PRELOAD": str(disk)} if disk else {}
    more = ["--disk", str(disk)] if disk else []
    env = {**os.environ, **threads, **preload}
    done = subprocess.run([*argv, *more], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A library that lets a disk fail, made here."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc, which makes the disk that fails: apt-get install gcc libc6-dev")
    made = tmp_path_factory.mktemp("disk") / "failing_disk.so"
    source = Path(__file__).with_name("failing_disk.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True)
    return made


@pytest.mark.parametrize(("scene", "times"), SHORT.items())
def test_a_few_kills_lose_nothing(scene, times, tmp_path):
    found = done_to(scene, times, tmp_path)
    assert found["wrong"] == []
    assert sum(found["times"].values()) == times and found["ends"] >= 2


@pytest.mark.slow
@pytest.mark.parametrize(("scene", "times"), LONG.items())
def test_two_hundred_kills_lose_nothing(scene, times, tmp_path):
    found = done_to(scene, times, tmp_path)
    assert found["wrong"] == []
    assert sum(found["times"].values()) == times and found["ends"] >= 2


@pytest.mark.parametrize(("scene", "times"), DISKS.items())
def test_a_disk_that_fails_is_told_in_words_and_loses_nothing(scene, times, tmp_path, disk):
    found = done_to(scene, times, tmp_path, disk)
    assert found["wrong"] == [] and sum(found["times"].values()) == times


@pytest.mark.slow
@pytest.mark.parametrize(("scene", "times"), MORE_DISKS.items())
def test_forty_failures_of_a_disk_lose_nothing(scene, times, tmp_path, disk):
    found = done_to(scene, times, tmp_path, disk)
    assert found["wrong"] == [] and sum(found["times"].values()) == times
