"""The counts are peft's on the real model, and the recorded change of weights is told as it was measured."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from peft import get_peft_model
from safetensors.torch import save_file

from chatbot.core.errors import InputError
from chatbot.core.settings import settings
from chatbot.lesson.adapters import trained
from chatbot.lesson.delta import Delta, delta, record_deltas
from chatbot.models.loading import load_base
from chatbot.training.config import FinetuneConfig
from chatbot.training.methods import METHODS, peft_config


@pytest.mark.parametrize("method", METHODS)
def test_the_counts_are_pefts_on_the_loaded_model(method):
    base = settings().base
    config = FinetuneConfig(base=base, data=base, out=base, method=method, rank=6, target_rank=3, virtual_tokens=5)
    layers = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    model = get_peft_model(load_base(base, "fp32", device="cpu"), peft_config(config, layers, 100))
    found = trained(base, method, 6, 5)
    assert (found.trainable, found.total) == model.get_nb_trainable_parameters()
    assert sum(found.parts.values()) == found.trainable


def test_the_count_grows_with_the_rank_and_only_where_there_is_one():
    base = settings().base
    assert trained(base, "lora", 16, 20).trainable == 2 * trained(base, "lora", 8, 20).trainable
    assert trained(base, "prompt-tuning", 16, 20) == trained(base, "prompt-tuning", 8, 20)


def test_two_visitors_who_count_at_once_get_one_count_and_change_nothing_of_torch():
    before = torch.nn.Module.register_parameter, torch.nn.init.kaiming_uniform_, torch.nn.init.normal_
    with ThreadPoolExecutor(6) as pool:
        found = list(
            pool.map(
                lambda turn: trained.__wrapped__(settings().base, ("lora", "adalora")[turn % 2], 16, 20), range(24)
            )
        )
    assert len(set(map(str, found[::2]))) == len(set(map(str, found[1::2]))) == 1
    assert before == (torch.nn.Module.register_parameter, torch.nn.init.kaiming_uniform_, torch.nn.init.normal_)


def test_the_recorded_change_lies_mostly_in_its_first_singular_values():
    found = delta(3, "v_proj")
    assert found.values == sorted(found.values, reverse=True) and len(found.values) == 128
    assert found.kept(16) > 0.5 and found.kept(len(found.values)) == pytest.approx(1)
    assert found.kept(found.rank_for(0.9)) >= 0.9 > found.kept(found.rank_for(0.9) - 1)


def test_a_change_of_rank_two_needs_two(tmp_path):
    torch.manual_seed(0)
    name = "model.layers.0.self_attn.q_proj.weight"
    before, change = torch.randn(12, 8), torch.randn(12, 2) @ torch.randn(2, 8)
    for folder, weight in (("before", before), ("after", before + change)):
        (tmp_path / folder).mkdir()
        save_file({name: weight}, tmp_path / folder / "model.safetensors")
    record_deltas(tmp_path / "before", tmp_path / "after", tmp_path / "record.json")
    found = delta(0, "q_proj", tmp_path / "record.json")
    assert found.kept(2) == pytest.approx(1, abs=1e-6) and found.kept(1) < 0.999
    assert found.values[:2] == pytest.approx(torch.linalg.svdvals(change)[:2].tolist(), rel=1e-3)


def test_a_change_that_was_not_recorded_is_named(tmp_path):
    (tmp_path / "record.json").write_text(json.dumps({"values": {}}))
    with pytest.raises(InputError, match=r"data/lesson/README\.md"):
        delta(9, "q_proj", tmp_path / "record.json")
    assert Delta([3.0, 1.0]).kept(1) == 0.9
