"""A step on a CPU: what is learned, and what is told of it, is the library's."""

import pytest
import torch

from chatbot.core.events import JobWriter
from chatbot.training.config import FinetuneConfig
from chatbot.training.finetune import build
from chatbot.training.guarded.cpu_step import attends_to_whole_rows, bounds_of
from chatbot.training.prepared import prepare


@pytest.fixture
def make(base, data, tmp_path):
    """A function that makes a trainer and a batch of several conversations, packed into one row or each in its own."""

    def made(*, packing):
        config = FinetuneConfig(
            base=base,
            data=data,
            out=tmp_path,
            method="lora",
            max_length=1024,
            eval_share=0,
            eval_limit=0,
            packing=packing,
        )
        trainer = build(prepare(config), JobWriter(tmp_path))
        return trainer, next(iter(trainer.get_train_dataloader()))

    return made


def learned(trainer, batch):
    """The loss, the gradient of every trained weight, and the figures that are told."""
    trainer.model.zero_grad()
    loss = trainer.compute_loss(trainer.model, dict(batch), num_items_in_batch=torch.tensor(50))
    loss.backward()
    told = {name: values[-1] for name, values in trainer._metrics["train"].items()}
    return loss, [weight.grad.clone() for weight in trainer.model.parameters() if weight.requires_grad], told


@pytest.mark.parametrize("packing", [True, False])
def test_loss_gradients_and_figures_are_those_of_the_library(make, packing, monkeypatch):
    trainer, batch = make(packing=packing)
    assert bool(bounds_of(trainer.model.get_base_model(), batch)) == packing
    loss, gradients, told = learned(trainer, batch)
    monkeypatch.setattr("chatbot.training.trainer.CpuStep.of", lambda model, *_: model)
    whole_loss, whole_gradients, whole_told = learned(trainer, batch)
    assert torch.allclose(loss, whole_loss, rtol=1e-5)
    assert all(
        torch.allclose(one, other, atol=1e-5) for one, other in zip(gradients, whole_gradients, strict=True)
    ) and any(one.abs().max() > 1e-4 for one in gradients)
    assert told.pop("num_tokens") < whole_told.pop("num_tokens") and told == pytest.approx(whole_told, rel=1e-4)


@pytest.mark.parametrize("packing", [True, False])
def test_rows_in_which_nothing_is_learned_give_nothing_and_do_not_fail(make, packing):
    trainer, batch = make(packing=packing)
    loss, gradients, _ = learned(trainer, batch | {"labels": torch.full_like(batch["labels"], -100)})
    assert loss.item() == 0 and not any(one.any() for one in gradients)


def test_what_comes_after_a_step_attends_as_before(make):
    trainer, batch = make(packing=True)
    learned(trainer, batch)
    assert trainer.model.get_base_model().config._attn_implementation == "sdpa"


@pytest.mark.parametrize("reason", ["a window that slides", "layers computed twice"])
def test_a_row_is_not_cut_up_where_that_could_come_out_otherwise(reason, make, monkeypatch):
    trainer, batch = make(packing=True)
    base = trainer.model.get_base_model()
    match reason:
        case "a window that slides":
            monkeypatch.setattr(base.config, "layer_types", ["sliding_attention"], raising=False)
        case "layers computed twice":
            base.activation_checkpointing_enable()
    assert not attends_to_whole_rows(base) and not bounds_of(base, batch)
