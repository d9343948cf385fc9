"""Merging: the saved checkpoint answers as base + adapter did, holds all that other engines need, and refusals say why."""

import json

import pytest
import torch
from peft import AdaLoraConfig, PromptTuningConfig
from transformers import AutoModelForCausalLM, AutoTokenizer

from chatbot.core.errors import InputError, ModelError
from chatbot.models.conversion.merge import compare, merge
from tests.tiny_models import tiny_adapter


@pytest.fixture(scope="module")
def adapter(base, tmp_path_factory):
    return tiny_adapter(base, tmp_path_factory.mktemp("adapter"))


@pytest.fixture(scope="module")
def merged(base, adapter, tmp_path_factory):
    out = tmp_path_factory.mktemp("merged") / "model"
    return out, merge(base, adapter, out, precision="fp32", against_nf4=True, device="cpu")


def test_the_saved_model_answers_as_base_and_adapter_did(merged):
    found = merged[1]["merged_vs_unmerged"]
    assert found["max_logit_difference"] < 1e-4
    assert found["greedy_agreement"] == 1.0
    assert found["positions"] > 100


def test_the_distance_from_the_four_bit_base_is_reported_too(merged):
    near, far = merged[1]["merged_vs_unmerged"], merged[1]["merged_vs_nf4"]
    assert far["max_logit_difference"] > near["max_logit_difference"]
    assert 0.5 < far["greedy_agreement"] <= 1.0


def test_a_plain_from_pretrained_reads_the_folder(merged, base):
    out, report = merged
    model, tokenizer = AutoModelForCausalLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    ids = torch.tensor([[5, 60, 61]])
    assert not torch.allclose(model(ids).logits, AutoModelForCausalLM.from_pretrained(base)(ids).logits, atol=1e-2)
    assert "messages" in tokenizer.chat_template
    names = {p.name for p in out.iterdir()}
    assert {"model.safetensors", "config.json", "chat_template.jinja", "workbench.json", "merge_report.json"} <= names
    assert not any(n.endswith(".bin") or n.startswith("adapter") for n in names)
    assert json.loads((out / "workbench.json").read_text())["family"] == "hotel-mini"
    assert json.loads((out / "merge_report.json").read_text()) == report


def test_a_merge_is_saved_in_the_cpus_dtype_and_loses_little(base, adapter, tmp_path, cpu_dtype):
    report = merge(base, adapter, tmp_path / "out", device="cpu")
    assert report["dtype"] == {"fp32": "float32", "bf16": "bfloat16"}[cpu_dtype]
    assert report["merged_vs_unmerged"]["greedy_agreement"] > 0.9


def test_an_adalora_adapter_merges(base, tmp_path):
    config = AdaLoraConfig(
        target_modules=["q_proj", "v_proj"],
        task_type="CAUSAL_LM",
        init_r=4,
        target_r=2,
        total_step=10,
        tinit=1,
        tfinal=1,
    )
    report = merge(
        base, tiny_adapter(base, tmp_path / "adapter", config), tmp_path / "out", precision="fp32", device="cpu"
    )
    assert report["merged_vs_unmerged"]["max_logit_difference"] < 1e-4


def test_a_learned_prompt_cannot_be_merged_and_the_error_says_what_to_do(base, tmp_path):
    prompt = tiny_adapter(base, tmp_path / "adapter", PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3))
    with pytest.raises(ModelError, match="unmerged"):
        merge(base, prompt, tmp_path / "out")


def test_an_existing_folder_is_not_overwritten(base, adapter, tmp_path):
    with pytest.raises(InputError, match="exists"):
        merge(base, adapter, tmp_path)


def test_nothing_can_be_merged_into_four_bits(base, adapter, tmp_path):
    with pytest.raises(InputError, match="unquantised"):
        merge(base, adapter, tmp_path / "out", precision="nf4")


def test_a_broken_adapter_leaves_no_merged_folder(base, adapter, tmp_path):
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "adapter_config.json").write_text((adapter / "adapter_config.json").read_text())
    (bad / "adapter_model.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelError):
        merge(base, bad, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_comparison_counts_positions_where_both_prefer_the_same_token():
    one = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    other = torch.tensor([[0.0, 1.5], [0.0, 1.0]])
    found = compare([one], [other])
    assert (found.max_logit_difference, found.mean_logit_difference, found.greedy_agreement, found.positions) == (
        1.0,
        0.625,
        0.5,
        2,
    )
