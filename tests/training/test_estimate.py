"""The estimate: parts that can be counted exactly are exact, and what does not fit is told with a way out."""

from dataclasses import replace

import pytest
import torch

from chatbot.models.hotel_mini import HOTEL_MINI
from chatbot.models.loading import load_base
from chatbot.training.config import FinetuneConfig
from chatbot.training.estimate import activations, estimate, shape


@pytest.fixture
def config(base, data, tmp_path):
    return FinetuneConfig(base=base, data=data, out=tmp_path, method="lora", rank=8, max_length=192, max_steps=10)


def test_weights_and_optimiser_are_counted_to_the_byte(config, base):
    found = estimate(config, HOTEL_MINI, measure=False)
    loaded = load_base(base)
    assert found.memory["weights"] == sum(p.numel() * p.element_size() for p in loaded.parameters())
    assert found.memory["optimiser"] == 2 * 4 * found.trainable
    assert found.fits and "it fits" in found.table()


def test_nf4_takes_half_a_byte_a_weight_and_its_constants(config):
    plain, squeezed = (estimate(config.model_copy(update={"method": m}), HOTEL_MINI, measure=False) for m in ("lora", "qlora"))
    assert squeezed.memory["weights"] < 0.7 * plain.memory["weights"]
    assert 0 < squeezed.memory["constants"] < 0.05 * squeezed.memory["weights"]


@pytest.mark.xfail(strict=True, reason="on the meta device attention keeps its unfused intermediates: 28% too high on this tiny model")
def test_activations_are_those_that_a_real_forward_pass_keeps(config):
    steps = 10
    model = shape(config, HOTEL_MINI, steps)
    real = load_base(config.base)
    from peft import get_peft_model

    from chatbot.training.methods import peft_config, targets

    real = get_peft_model(real, peft_config(config, targets(HOTEL_MINI.lora_targets, [n for n, _ in real.named_modules()]), steps)).train()
    weights = {p.untyped_storage().data_ptr() for p in real.parameters()}
    kept = {}

    def pack(tensor):
        if tensor.untyped_storage().data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        out = real.get_base_model().model(inputs_embeds=torch.zeros(1, 128, 64, requires_grad=True), use_cache=False)
    assert out is not None
    assert activations(model, 1, 128, False) == pytest.approx(sum(s.nbytes() for s in kept.values()), rel=0.15)


def test_checkpointing_keeps_less(config):
    model = shape(config, HOTEL_MINI, 10)
    assert activations(model, 1, 128, True) < 0.8 * activations(model, 1, 128, False)


def test_what_does_not_fit_is_told():
    from chatbot.training.estimate import Estimate

    found = Estimate("lora", 10, 1, {"weights": 100}, 50, "cpu", 1, 1, 1, 1.0, 1, None, "it would with --batch-size 1")
    assert not found.fits and "it does not fit: it would with --batch-size 1" in found.table()
    assert replace(found, available=200).fits
