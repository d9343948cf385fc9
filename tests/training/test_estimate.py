"""The estimate: parts that can be counted exactly are exact, and what does not fit is told with a way out."""

from dataclasses import replace
from pathlib import Path
from shutil import copy

import pytest

from chatbot.core.events import JobWriter
from chatbot.models.families.hotel_mini import HOTEL_MINI
from chatbot.training.activations import LiveBytes, activations
from chatbot.training.config import FinetuneConfig
from chatbot.training.estimate import Estimate, Fitted, estimate, shape
from chatbot.training.finetune import build, load_model
from chatbot.training.prepared import prepare


@pytest.fixture
def config(base, data, tmp_path):
    return FinetuneConfig(base=base, data=data, out=tmp_path, method="lora", rank=8, max_length=192, max_steps=10)


def test_weights_and_optimiser_are_counted_to_the_byte(config, cpu_dtype):
    found = estimate(config, HOTEL_MINI, measure=False)
    frozen = [p for p in load_model(prepare(config, HOTEL_MINI), 10).parameters() if not p.requires_grad]
    assert found.memory["weights"] == sum(p.numel() * p.element_size() for p in frozen)
    assert found.memory["optimiser"] == 2 * 4 * found.trainable
    assert found.fits and "it fits" in found.table()


def test_nf4_takes_half_a_byte_a_weight_and_its_constants(config):
    plain, squeezed = (
        estimate(config.model_copy(update={"method": m}), HOTEL_MINI, measure=False) for m in ("lora", "qlora")
    )
    assert squeezed.memory["weights"] < 0.7 * plain.memory["weights"]
    assert 0 < squeezed.memory["constants"] < 0.05 * squeezed.memory["weights"]


def _heaviest(batch):
    """The longest rows, and of those equally long the ones that need a mask: a batch without padding is computed with less."""
    return batch["input_ids"].numel(), "attention_mask" in batch and not batch["attention_mask"].all()


@pytest.mark.parametrize("method", ["lora", "prompt-tuning"])
def test_memory_without_tensors_is_that_of_a_real_step(config, method, cpu_dtype):
    """The real trainer's own step, on real tensors that the same tracker follows: packed rows, and rows of their own."""
    prepared = prepare(config.model_copy(update={"method": method, "batch_size": 1}), HOTEL_MINI)
    trainer = build(prepared, JobWriter(config.out))
    model, inputs = trainer.model.train(), max(trainer.get_train_dataloader(), key=_heaviest)
    batch, length = inputs["input_ids"].shape
    length += 0 if prepared.packed else config.virtual_tokens
    kept = []
    with LiveBytes() as live:
        model.get_base_model().model.register_forward_hook(lambda *_: kept.append(live.now))
        with trainer.accelerator.autocast():
            loss = trainer.compute_loss(model, inputs)
        loss.backward()
    found = activations(
        shape(prepared.config, HOTEL_MINI, 10),
        batch,
        length,
        prepared.packed,
        bf16=prepared.numerics.bf16,
        learned=float((inputs["labels"] != -100).float().mean()) if prepared.packed else None,
        whole_buffer=True,
    )
    assert found == pytest.approx((kept[0], live.peak), rel=0.15)


def test_checkpointing_keeps_less(config):
    plain, fewer = (
        estimate(config.model_copy(update={"checkpointing": on}), HOTEL_MINI, measure=False) for on in (False, True)
    )
    assert fewer.memory["activations"] < 0.8 * plain.memory["activations"]


def test_what_does_not_fit_is_told():
    found = Estimate(
        "lora",
        10,
        1,
        {"weights": 100},
        50,
        "cpu",
        1,
        1,
        1,
        1.0,
        1,
        None,
        "it would with --batch-size 1",
        Fitted(512, {512: 1}, {512: 2**20}, 0, 1e-3, "a paper"),
    )
    assert not found.fits and "it does not fit: it would with --batch-size 1" in found.table()
    assert replace(found, available=200).fits


def test_what_a_step_costs_is_found_once_for_runs_that_differ_in_epochs_and_rate(config, monkeypatch):
    found = estimate(config, HOTEL_MINI)
    for name in ("activations", "shape"):
        monkeypatch.setattr(f"chatbot.training.estimate.{name}", None)
    monkeypatch.setattr("chatbot.training.fitted.timing.build", None)
    again = estimate(config.model_copy(update={"max_steps": 30, "learning_rate": 1e-3}), HOTEL_MINI)
    assert again.memory == found.memory and again.steps == 30
    assert found.seconds and again.seconds == pytest.approx(3 * found.seconds, rel=0.01)


def test_memory_that_steps_took_beyond_their_tensors_is_told_and_can_make_a_run_too_large(config, monkeypatch):
    reckoned = estimate(config, HOTEL_MINI, measure=False)
    tensors, more = reckoned.peak - reckoned.memory["program"], 300 * 2**20
    monkeypatch.setattr("chatbot.training.estimate.run_cost", lambda *_: (60.0, tensors + more))
    found = estimate(config, HOTEL_MINI)
    assert (found.memory["allocator"], found.peak, found.seconds) == (more, reckoned.peak + more, 60.0)
    monkeypatch.setattr("chatbot.training.estimate.run_cost", lambda *_: (60.0, tensors + found.available))
    assert not (large := estimate(config, HOTEL_MINI)).fits and large.advice


@pytest.mark.parametrize("changed", ["a setting", "the data"])
def test_what_a_step_costs_is_found_anew_where_it_could_differ(config, changed, tmp_path):
    config = config.model_copy(update={"data": Path(copy(config.data, tmp_path))})
    before = estimate(config, HOTEL_MINI, measure=False)
    if changed == "a setting":
        config = config.model_copy(update={"rank": 16})
    else:
        lines = config.data.read_text(encoding="utf-8").splitlines()
        config.data.write_text("\n".join(lines[:2]), encoding="utf-8")
    after = estimate(config, HOTEL_MINI, measure=False)
    assert (after.trainable, after.tokens) != (before.trainable, before.tokens)
