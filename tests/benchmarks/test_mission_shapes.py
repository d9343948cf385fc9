"""Measured: what decoding costs with models of the mission's two shapes, random weights, in NF4, with an adapter, and merged.

python -m pytest tests/benchmarks/test_mission_shapes.py -m benchmark -s         the full shapes need a GPU with 24 GB and 30 GB of disk
"""

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig

from chatbot.models.conversion.chatglm3 import native_config
from chatbot.models.conversion.chatglm3_tokenizer import build_tokenizer
from chatbot.models.conversion.merge import merge
from chatbot.models.families.chatglm3 import MARKS
from chatbot.models.loading import load_adapters, load_base
from chatbot.models.numerics import default_device
from chatbot.models.registry import write_family
from tests.benchmarks.test_merged_speed import tokens_per_second
from tests.chatglm_original import NF4_CONFIG, train_sentencepiece
from tests.tiny_models import tiny_adapter

CHATGLM3_6B = {
    "num_layers": 28,
    "padded_vocab_size": 65024,
    "hidden_size": 4096,
    "ffn_hidden_size": 13696,
    "kv_channels": 128,
    "num_attention_heads": 32,
}
LLAMA2_7B = {
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
}
CONFIGS = {
    "chatglm3": lambda shape: native_config(NF4_CONFIG | {"seq_length": 8192} | shape, 600),
    "llama2": lambda shape: LlamaConfig(
        **({"vocab_size": 640, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2} | shape)
    ),
}


def checkpoint(folder, name, shape):
    """A random model of a family and a shape, with a small tokenizer."""
    config = CONFIGS[name](shape)
    with torch.device(default_device()):
        AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).save_pretrained(folder)
    (folder / "tokenizer.model").write_bytes(train_sentencepiece())
    build_tokenizer(folder / "tokenizer.model", MARKS if name == "chatglm3" else ()).save_pretrained(folder)
    write_family(folder, name)
    return folder


def measured(what, model):
    """Tokens a second and, on a GPU, the most memory that was in use."""
    speed = tokens_per_second(model)
    memory = f", {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB at most" if torch.cuda.is_available() else ""
    print(f"{default_device()} {what}: {speed:.1f} tokens/s{memory}")
    return speed


def forget():
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        pytest.param("chatglm3", {}, id="chatglm3-small"),
        pytest.param("llama2", {}, id="llama2-small"),
        pytest.param("chatglm3", CHATGLM3_6B, id="chatglm3-6b", marks=pytest.mark.gpu),
        pytest.param("llama2", LLAMA2_7B, id="llama2-7b", marks=pytest.mark.gpu),
    ],
)
def test_decoding_in_nf4_with_an_adapter_and_merged(tmp_path, name, shape):
    if shape and not torch.cuda.is_available():
        pytest.skip("no GPU is at hand")
    base = checkpoint(tmp_path / "base", name, shape)
    adapter = tiny_adapter(base, tmp_path / "adapter", size=0.001)
    write_family(adapter, name)
    speeds = {}
    for what, load in {
        "NF4": lambda: load_base(base, "nf4"),
        "NF4 with the adapter": lambda: load_adapters(load_base(base, "nf4"), {"a": adapter}),
    }.items():
        forget()
        speeds[what] = measured(f"{name} {what}", load())
    forget()
    report = merge(base, adapter, tmp_path / "merged")
    forget()
    speeds["merged"] = measured(f"{name} merged, {report['dtype']}", load_base(tmp_path / "merged"))
    print(
        f"{name}: merged is {speeds['merged'] / speeds['NF4 with the adapter']:.2f} times as fast; {report['merged_vs_unmerged']}"
    )
    assert speeds["merged"] > speeds["NF4 with the adapter"]
