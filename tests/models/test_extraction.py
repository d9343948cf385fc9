"""A full fine-tune of the linear layers as an adapter."""

import pytest
import torch

from chatbot.core.errors import ModelError
from chatbot.models.conversion.extract_adapter import extract_adapter, factors
from chatbot.models.local import LocalModel
from tests.tiny_models import tiny_llama


@pytest.fixture
def tiny_hotel_mini(tmp_path):
    return tiny_llama(tmp_path / "base")


def tuned_copy(source, folder, names=("q_proj", "down_proj")):
    model = LocalModel.load(source).model
    torch.manual_seed(3)
    for name, weight in model.named_parameters():
        if any(part in name for part in names):
            weight.data += torch.randn_like(weight) * 0.05
    model.save_pretrained(folder)
    LocalModel.load(source).tokenizer.save_pretrained(folder)
    (folder / "workbench.json").write_text((source / "workbench.json").read_text())
    return folder


def logits(model):
    return model.model(torch.arange(3, 40)[None]).logits


def test_factors_of_full_rank_multiply_to_the_difference_and_of_lower_rank_to_the_nearest():
    torch.manual_seed(0)
    difference = torch.randn(12, 8)
    down, up = factors(difference, 8)
    assert torch.allclose(up @ down, difference, atol=1e-5)
    down, up = factors(difference, 3)
    strengths = torch.linalg.svdvals(difference)
    assert torch.isclose((difference - up @ down).square().sum(), strengths[3:].square().sum(), rtol=1e-4)


def test_the_extracted_adapter_on_the_base_writes_what_the_tuned_model_writes(tiny_hotel_mini, tmp_path, cpu_dtype):
    tuned = tuned_copy(tiny_hotel_mini, tmp_path / "tuned")
    told = extract_adapter(tiny_hotel_mini, tuned, tmp_path / "adapter", rank=4096)
    assert told["kept"] == pytest.approx(1, abs=1e-3)
    base, goal, adapted = (
        LocalModel.load(tiny_hotel_mini),
        LocalModel.load(tuned),
        LocalModel.load(tiny_hotel_mini, tmp_path / "adapter"),
    )
    assert (logits(adapted) - logits(goal)).abs().max() < 0.02 * (logits(base) - logits(goal)).abs().max()


def test_a_model_that_changed_elsewhere_too_is_refused_by_the_weight_s_name(tiny_hotel_mini, tmp_path, cpu_dtype):
    tuned = tuned_copy(tiny_hotel_mini, tmp_path / "tuned", names=("embed_tokens",))
    with pytest.raises(ModelError, match="more than its linear layers") as told:
        extract_adapter(tiny_hotel_mini, tuned, tmp_path / "adapter", rank=8)
    assert "embed_tokens" in str(told.value.value)
