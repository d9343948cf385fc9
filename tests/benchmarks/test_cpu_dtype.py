"""Measured on this CPU: fp32 against bf16, in training (autocast) and in answering one token at a time, on the shipped shape.

Run with `pytest -m benchmark tests/benchmarks/test_cpu_dtype.py -s`. Processor time on one thread is counted, so that other programs disturb little.
"""

import time
from statistics import median

import pytest
import torch

from chatbot.core.events import JobWriter
from chatbot.core.messages import write_conversations
from chatbot.core.settings import DATA
from chatbot.corpus.reading.reader import read_conversations
from chatbot.models.families.hotel_mini import HOTEL_MINI
from chatbot.models.local import LocalModel
from chatbot.training.config import FinetuneConfig
from chatbot.training.finetune import build
from chatbot.training.prepared import prepare

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("one_thread")]
BASE, REPEATS = DATA / "models" / "hotel-mini-base", 5


def seconds(run):
    """The median processor time of a few runs after one that warms up."""
    run()
    spent = []
    for _ in range(REPEATS):
        began = time.process_time()
        run()
        spent.append(time.process_time() - began)
    return median(spent)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "data.jsonl"
    write_conversations(path, read_conversations(DATA / "conversations" / "train.jsonl")[:24])
    return path


@pytest.mark.parametrize("trained", ["lora", "every weight"])
def test_a_training_step(data, tmp_path, set_cpu_dtype, trained):
    speeds = {}
    for wanted in ("fp32", "bf16"):
        set_cpu_dtype(wanted)
        config = FinetuneConfig(base=BASE, data=data, out=tmp_path / wanted, method="lora", eval_share=0, eval_limit=0)
        trainer = build(prepare(config, HOTEL_MINI), JobWriter(tmp_path / wanted))
        if trained == "every weight":
            trainer.model.requires_grad_(True)
        inputs = next(iter(trainer.get_train_dataloader()))

        def step(trainer=trainer, inputs=inputs):
            with trainer.accelerator.autocast():
                loss = trainer.compute_loss(trainer.model, dict(inputs))
            loss.backward()

        speeds[wanted] = inputs["input_ids"].numel() / seconds(step)
    print(f"\ntraining {trained}: {speeds} tokens/s, bf16 is {speeds['bf16'] / speeds['fp32']:.2f} x fp32")


@pytest.mark.parametrize("what", ["64 tokens, one at a time", "a prompt of 512 tokens"])
def test_answering(set_cpu_dtype, what):
    speeds = {}
    for wanted in ("fp32", "bf16"):
        set_cpu_dtype(wanted)
        model = LocalModel.load(BASE, device="cpu").model
        ids = torch.arange(100, 612)[None]
        options = {"do_sample": False, "pad_token_id": 0, "min_new_tokens": 64, "max_new_tokens": 64}

        @torch.inference_mode()
        def run(model=model, ids=ids, options=options):
            return model.generate(input_ids=ids[:, :16], **options) if "time" in what else model(input_ids=ids)

        speeds[wanted] = (64 if "time" in what else 512) / seconds(run)
    print(f"\nanswering, {what}: {speeds} tokens/s, bf16 is {speeds['bf16'] / speeds['fp32']:.2f} x fp32")
