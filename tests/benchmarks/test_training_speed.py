"""Measured ratios of fine-tuning: useful tokens a second against padding every example to 3,072 and against TRL's defaults.

Run with `pytest -m benchmark tests/benchmarks/test_training_speed.py -s` on an otherwise idle machine.
"""

import time

import pytest
from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from chatbot.core.events import JobWriter
from chatbot.core.messages import write_conversations
from chatbot.core.settings import DATA
from chatbot.corpus.reading.reader import read_conversations
from chatbot.models.families.hotel_mini import HOTEL_MINI
from chatbot.training.config import FinetuneConfig
from chatbot.training.finetune import build, load_model
from chatbot.training.prepared import prepare

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]
LAB_LENGTH = 3072
EXAMPLES = 24


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speed")
    few = read_conversations(DATA / "conversations" / "train.jsonl")[:EXAMPLES]
    write_conversations(folder / "data.jsonl", few)
    base = DATA / "models" / "hotel-mini-base"
    return FinetuneConfig(
        base=base, data=folder / "data.jsonl", out=folder / "out", method="lora", epochs=1, eval_share=0, eval_limit=0
    )


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
        output_dir=str(out),
        num_train_epochs=1,
        use_cpu=True,
        bf16=False,
        report_to=[],
        disable_tqdm=True,
        save_strategy="no",
        max_length=None,
    )
    arguments.per_device_train_batch_size = 1 if pad_to else 8
    trainer = SFTTrainer(
        model=load_model(prepared, 10),
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        processing_class=prepared.tokenizer,
    )
    return seconds(trainer.train)


def test_useful_tokens_a_second_are_five_times_those_of_padding_to_3072(config, tmp_path):
    useful = sum(len(e.ids) for e in prepare(config, HOTEL_MINI).train)
    times = {
        "packed": ours(config, tmp_path / "a"),
        "padded": theirs(config, tmp_path / "b", LAB_LENGTH),
        "trl defaults": theirs(config, tmp_path / "c"),
    }
    for name, spent in times.items():
        print(f"{name:14}{useful / spent:10.0f} useful tokens/s  ×{times['padded'] / spent:.1f}")
    assert times["padded"] / times["packed"] >= 5
