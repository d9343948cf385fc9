"""Measured ratios of fine-tuning: useful tokens a second against padding every example to 3,072 and against TRL's defaults; memory against the estimate.

Run with `pytest -m benchmark tests/benchmarks/test_training_speed.py -s` on an otherwise idle machine.
"""

import subprocess
import sys
import time

import pytest
from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from chatbot.jobs import JobWriter
from chatbot.messages import read_conversations, write_conversations
from chatbot.models.hotel_mini import HOTEL_MINI
from chatbot.settings import DATA
from chatbot.training.config import FinetuneConfig
from chatbot.training.estimate import MEGABYTE, estimate
from chatbot.training.finetune import build, load_model
from chatbot.training.prepared import prepare
from tests.tiny_models import tiny_llama

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]
LAB_LENGTH = 3072
EXAMPLES = 24


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speed")
    few = list(read_conversations(DATA / "conversations" / "train.jsonl"))[:EXAMPLES]
    write_conversations(folder / "data.jsonl", few)
    base = tiny_llama(folder / "base", hidden=256, layers=5)
    return FinetuneConfig(base=base, data=folder / "data.jsonl", out=folder / "out", method="lora", epochs=1, eval_share=0, eval_limit=0)


def seconds(run):
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def ours(config, out):
    out.mkdir(parents=True)
    trainer = build(prepare(config.model_copy(update={"out": out}), HOTEL_MINI), JobWriter(out))
    trainer.args.save_strategy = "no"
    return seconds(trainer.train)


def theirs(config, out, pad_to=None):
    """TRL with its own defaults on the same ids and labels; `pad_to` pads every example, as the original lab did."""
    prepared = prepare(config, HOTEL_MINI)
    rows = [{"input_ids": e.ids, "labels": e.labels} for e in prepared.train]
    if pad_to:
        rows = [{k: v + [0 if k == "input_ids" else -100] * (pad_to - len(v)) for k, v in row.items()} for row in rows]
    arguments = SFTConfig(
        output_dir=str(out), num_train_epochs=1, use_cpu=True, bf16=False, report_to=[], disable_tqdm=True, save_strategy="no", max_length=None
    )
    arguments.per_device_train_batch_size = 1 if pad_to else 8
    trainer = SFTTrainer(model=load_model(prepared, 10), args=arguments, train_dataset=Dataset.from_list(rows), processing_class=prepared.tokenizer)
    return seconds(trainer.train)


def test_useful_tokens_a_second_are_five_times_those_of_padding_to_3072(config, tmp_path):
    useful = sum(len(e.ids) for e in prepare(config, HOTEL_MINI).train)
    times = {"packed": ours(config, tmp_path / "a"), "padded": theirs(config, tmp_path / "b", LAB_LENGTH), "trl defaults": theirs(config, tmp_path / "c")}
    for name, spent in times.items():
        print(f"{name:14}{useful / spent:10.0f} useful tokens/s  ×{times['padded'] / spent:.1f}")
    assert times["padded"] / times["packed"] >= 5


CHILD = """
import json, resource, sys
from chatbot.jobs import JobWriter
from chatbot.models.hotel_mini import HOTEL_MINI
from chatbot.training.config import FinetuneConfig
from chatbot.training.finetune import build
from chatbot.training.prepared import prepare
config = FinetuneConfig(**json.loads(sys.argv[1]))
prepared = prepare(config, HOTEL_MINI)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
trainer = build(prepared, JobWriter(config.out))
trainer.args.save_strategy = "no"
trainer.train()
print("PEAK", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def test_the_peak_is_within_15_percent_of_the_estimate_on_a_cpu(config, tmp_path):
    """A base large enough for the interpreter's own growth not to count; a child, because the kernel only keeps a process's highest peak."""
    large = tiny_llama(tmp_path / "large", hidden=1024, layers=12)
    for rank in (16, 64):
        run = config.model_copy(update={"base": large, "rank": rank, "max_steps": 2, "batch_size": 1, "out": tmp_path / f"r{rank}"})
        run.out.mkdir()
        found = estimate(run, HOTEL_MINI, measure=False)
        child = subprocess.run([sys.executable, "-c", CHILD, run.model_dump_json()], capture_output=True, text=True, check=True)
        measured = int(next(line.split()[1] for line in child.stdout.splitlines() if line.startswith("PEAK")))
        print(f"rank {rank}: estimated {found.peak / MEGABYTE:.0f} MiB, measured {measured / MEGABYTE:.0f} MiB, {found.memory}")
        assert found.peak == pytest.approx(measured, rel=0.15)
