"""A run of any method that is killed with -9 again and again ends with the losses of one that never was."""

import multiprocessing
import os
import random
import signal
import time

import pytest
import torch
from safetensors.torch import load_file

from chatbot.core.events import JobWriter, Metrics, read_events
from chatbot.models.families.hotel_mini import HOTEL_MINI
from chatbot.training.config import FinetuneConfig
from chatbot.training.finetune import finetune
from chatbot.training.methods import METHODS

pytestmark = pytest.mark.usefixtures("one_thread")
STEPS, KILLS = 14, 10
FORKED = multiprocessing.get_context("fork")
"""The libraries are loaded once, and each try begins as a copy of this process: sixty starts cost no sixty imports."""


def losses(folder):
    """Every loss that was ever told of a step, over all tries."""
    told = {}
    for event in read_events(folder):
        if isinstance(event, Metrics) and "loss" in event.figures:
            told.setdefault(event.step, set()).add(event.figures["loss"])
    return told


def trying(config, family=HOTEL_MINI):
    config.out.mkdir(exist_ok=True)
    child = FORKED.Process(target=finetune, args=(config, JobWriter(config.out)), kwargs={"family": family})
    child.start()
    return child


def kill_at(config, step, late, family=HOTEL_MINI):
    """Start, kill once the step's loss is told and so many seconds have passed; whether the kill came before the end."""
    child = trying(config, family)
    while child.is_alive() and max(losses(config.out), default=0) < step:
        time.sleep(0.01)
    time.sleep(late)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    return child.exitcode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Adapter 'default'.*invalid shape")
@pytest.mark.filterwarnings("ignore:The following rank_pattern keys")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("method", METHODS)
def test_ten_kills_of_every_method_change_no_loss_and_no_weight(method, base, data, tmp_path, set_cpu_dtype):
    set_cpu_dtype("fp32")
    fields = {"base": base, "data": data, "method": method, "max_steps": STEPS, "eval_every": 2, "max_length": 192}
    whole, cut = (FinetuneConfig(out=tmp_path / name, rank=8, target_rank=4, **fields) for name in ("whole", "cut"))
    child = trying(whole)
    child.join()
    assert child.exitcode == 0
    moments = random.Random(method)
    kills = sum(kill_at(cut, step, moments.uniform(0, 0.1)) for step in range(1, KILLS + 1))
    assert kills == KILLS
    child = trying(cut)
    child.join()
    assert child.exitcode == 0
    straight, told = losses(whole.out), losses(cut.out)
    assert sorted(told) == sorted(straight) == list(range(1, STEPS + 1))
    worst = max(abs(loss - next(iter(straight[step]))) for step, found in told.items() for loss in found)
    assert worst <= 1e-6
    ends = [load_file(config.out / "adapter_model.safetensors") for config in (whole, cut)]
    assert ends[0].keys() == ends[1].keys()
    for name, weight in ends[0].items():  # of AdaLoRA some are empty
        assert torch.allclose(weight, ends[1][name], rtol=0, atol=1e-6), name
