"""Measured: LoRA with rows of 2,048 packed tokens, by this project and by LLaMA-Factory, alternating in one run on one thread, in fp32 and in bf16.

In an environment of its own, as it needs other versions: `python -m venv lf && lf/bin/pip install llamafactory==0.9.5 torch torchvision torchaudio`. Then

LLAMA_FACTORY=lf/bin/llamafactory-cli python -m pytest tests/benchmarks/test_llama_factory.py -m benchmark -s
"""

import json
import os
import re
import subprocess
import sys
from statistics import median

import pytest

from chatbot.core.messages import write_conversations
from chatbot.core.settings import DATA
from chatbot.corpus.export.formats import export
from chatbot.corpus.reading.reader import read_conversations

OTHER = os.environ.get("LLAMA_FACTORY")
BASE, LENGTH, BATCH, STEPS, TIMES = DATA / "models" / "hotel-mini-base", 2048, 2, 8, 2
OURS = """
import sys, time
from pathlib import Path
from chatbot.core.events import JobWriter
from chatbot.training.config import FinetuneConfig
from chatbot.training.finetune import build
from chatbot.training.prepared import prepare
base, data, out, length, batch, steps = sys.argv[1:]
out = Path(out)
out.mkdir()
config = FinetuneConfig(
    base=base, data=data, out=out, method="lora", rank=8, modules="all-linear", max_length=length, batch_size=batch,
    max_steps=steps, eval_share=0, eval_limit=0, allow_cut=True,
)
trainer = build(prepare(config), JobWriter(out))
trainer.args.save_strategy = "no"
trainer.args.include_num_input_tokens_seen = "non_padding"
began = time.perf_counter()
trainer.train()
print("MEASURED", trainer.state.num_input_tokens_seen, time.perf_counter() - began)
"""


@pytest.fixture
def data(tmp_path):
    """The shipped conversations in both forms."""
    talks = read_conversations(DATA / "conversations" / "train.jsonl")
    write_conversations(tmp_path / "train.jsonl", talks)
    export({"train": talks}, "llama-factory", tmp_path / "exported")
    return tmp_path


def ours(folder, precision, turn):
    out = folder / f"ours-{precision}-{turn}"
    command = [sys.executable, "-c", OURS, BASE, folder / "train.jsonl", out, LENGTH, BATCH, STEPS]
    told = run(command, CHATBOT_CPU_DTYPE=precision)
    found = re.search(r"MEASURED (\d+) ([\d.]+)", told)
    return int(found[1]) / float(found[2])


def theirs(folder, precision, turn):
    out = folder / f"theirs-{precision}-{turn}"
    wanted = {
        "model_name_or_path": str(BASE),
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_target": "all",
        "lora_rank": 8,
        "dataset_dir": str(folder / "exported"),
        "dataset": "hotel_train",
        "template": "default",
        "cutoff_len": LENGTH,
        "packing": True,
        "output_dir": str(out),
        "per_device_train_batch_size": BATCH,
        "gradient_accumulation_steps": 1,
        "max_steps": STEPS,
        "save_strategy": "no",
        "report_to": "none",
        "bf16": precision == "bf16",
        "use_cpu": True,
        "include_num_input_tokens_seen": True,
    }
    path = folder / "wanted.yaml"
    path.write_text(json.dumps(wanted))  # which is YAML too
    run([OTHER, "train", path], DISABLE_VERSION_CHECK="1")
    found = json.loads((out / "train_results.json").read_text())
    return found["num_input_tokens_seen"] / found["train_runtime"]


def run(command, **environment):
    done = subprocess.run(
        list(map(str, command)),
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.benchmark
@pytest.mark.skipif(not OTHER, reason="LLAMA_FACTORY names no llamafactory-cli")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_tokens_a_second_beside_llama_factory(precision, data):
    found = [(ours(data, precision, turn), theirs(data, precision, turn)) for turn in range(TIMES)]
    left, right = (median(side) for side in zip(*found, strict=True))
    print(f"\n{precision}: ours {left:.0f} tokens a second, LLaMA-Factory {right:.0f}: {left / right:.2f} times")
