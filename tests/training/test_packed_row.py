"""A packed row that is cut up on a CPU: what is learned, and what is told of it, stays the same."""

import pytest
import torch

from chatbot.core.events import JobWriter
from chatbot.training.config import FinetuneConfig
from chatbot.training.finetune import build
from chatbot.training.guarded import packed_row
from chatbot.training.prepared import prepare


@pytest.fixture
def trainer(base, data, tmp_path):
    config = FinetuneConfig(
        base=base, data=data, out=tmp_path, method="lora", max_length=1024, eval_share=0, eval_limit=0
    )
    return build(prepare(config), JobWriter(tmp_path))


@pytest.fixture
def batch(trainer):
    """Several conversations in one row."""
    batch = next(iter(trainer.get_train_dataloader()))
    assert batch["input_ids"].shape[0] == 1 and len(batch["cu_seq_lens_q"]) > 3
    return batch


def learned(trainer, batch):
    """The loss, the gradient of every trained weight, and the figures that are told."""
    trainer.model.zero_grad()
    loss = trainer.compute_loss(trainer.model, dict(batch), num_items_in_batch=torch.tensor(50))
    loss.backward()
    told = {name: values[-1] for name, values in trainer._metrics["train"].items()}
    return loss, [weight.grad.clone() for weight in trainer.model.parameters() if weight.requires_grad], told


def test_loss_gradients_and_figures_are_those_of_the_whole_masked_row(trainer, batch, monkeypatch):
    assert packed_row.is_packed(batch) and packed_row.can_be_cut(trainer.model.get_base_model())
    loss, gradients, told = learned(trainer, batch)
    monkeypatch.setattr("chatbot.training.trainer.can_be_cut", lambda _: False)
    whole_loss, whole_gradients, whole_told = learned(trainer, batch)
    assert torch.allclose(loss, whole_loss, rtol=1e-5)
    assert all(
        torch.allclose(one, other, atol=1e-5) for one, other in zip(gradients, whole_gradients, strict=True)
    ) and any(one.abs().max() > 1e-4 for one in gradients)
    assert told.pop("num_tokens") < whole_told.pop("num_tokens") and told == pytest.approx(whole_told, rel=1e-4)


def test_a_row_in_which_nothing_is_learned_gives_nothing_and_does_not_fail(trainer, batch):
    loss, gradients, _ = learned(trainer, batch | {"labels": torch.full_like(batch["labels"], -100)})
    assert loss.item() == 0 and not any(one.any() for one in gradients)


def test_what_comes_after_a_step_attends_as_before(trainer, batch):
    learned(trainer, batch)
    assert trainer.model.get_base_model().config._attn_implementation == "sdpa"


@pytest.mark.parametrize("reason", ["a window that slides", "layers computed twice"])
def test_what_could_come_out_otherwise_is_left_to_the_library(reason, trainer, monkeypatch):
    base = trainer.model.get_base_model()
    match reason:
        case "a window that slides":
            monkeypatch.setattr(base.config, "layer_types", ["sliding_attention"], raising=False)
        case "layers computed twice":
            base.activation_checkpointing_enable()
    assert not packed_row.can_be_cut(base)


def test_padded_rows_are_no_packed_row(batch):
    assert not packed_row.is_packed({name: batch[name] for name in ("input_ids", "labels")})
