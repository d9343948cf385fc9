"""What training a base takes of a GPU's memory under each way, part by part, reckoned from the base's shape alone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BLOCK, GROUP = 64, 256
"""Weights that share a scale in NF4; scales that share one of their own under double quantisation."""
PUBLISHED: dict[str, dict[str, Any]] = {
    "llama-2-7b": {
        "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32,
    },
    "chatglm3-6b": {
        "vocab_size": 65024, "hidden_size": 4096, "intermediate_size": 13696, "num_hidden_layers": 28, "num_attention_heads": 32,
        "num_key_value_heads": 2, "qkv_bias": True, "gate_with_up": True,
    },
}  # fmt: skip
"""Shapes of bases that are too large to ship."""
WAYS = ("full", "lora", "qlora", "qlora-double")
PARTS = ("weights", "constants", "adapter", "gradients", "optimiser")
FP32, BF16 = 4, 2
ADAM, ADAM_8BIT = 8, 2
"""Bytes of AdamW's two moments a trained weight."""


@dataclass(frozen=True)
class Shape:
    """Parameters of a base with LoRA of some rank.

    Attributes:
        total: of the base.
        linear: of its linear layers, which NF4 holds in 4 bits.
        adapter: of the LoRA matrices.
    """

    total: int
    linear: int
    adapter: int


def config_of(base: str, folders: Mapping[str, Path]) -> dict[str, Any]:
    """The shape of a base by name: a published one, or the config.json of one of this project's."""
    if base in PUBLISHED:
        return PUBLISHED[base]
    found: dict[str, Any] = json.loads((folders[base] / "config.json").read_text(encoding="utf-8"))
    return found


def matrices(config: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """The linear layers of one block: name → (columns, rows)."""
    wide, inner, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    head = config.get("head_dim") or wide // heads
    keys = config.get("num_key_value_heads", heads) * head
    found = {
        "q_proj": (wide, heads * head),
        "k_proj": (wide, keys),
        "v_proj": (wide, keys),
        "o_proj": (heads * head, wide),
    }
    gates = (
        {"gate_up_proj": (wide, 2 * inner)}
        if config.get("gate_with_up")
        else {"gate_proj": (wide, inner), "up_proj": (wide, inner)}
    )
    return found | gates | {"down_proj": (inner, wide)}


def shape_of(config: Mapping[str, Any], rank: int) -> Shape:
    """Count a Llama-shaped base's parameters, and those of LoRA on all its linear layers."""
    sizes, layers, wide = matrices(config), config["num_hidden_layers"], config["hidden_size"]
    linear = layers * sum(columns * rows for columns, rows in sizes.values())
    bias = layers * sum(sizes[name][1] for name in ("q_proj", "k_proj", "v_proj")) if config.get("qkv_bias") else 0
    embeddings = config["vocab_size"] * wide * (1 if config.get("tie_word_embeddings") else 2)
    norms = (2 * layers + 1) * wide
    adapter = layers * rank * sum(columns + rows for columns, rows in sizes.values())
    return Shape(linear + bias + embeddings + norms, linear, adapter)


def parts(shape: Shape, way: str) -> dict[str, int]:
    """Bytes by part, activations left out.

    As mixed precision on a GPU has it: weights in bf16, what is trained in fp32 with its gradient and AdamW's two moments; under
    QLoRA the linear layers in NF4 and an 8-bit optimiser, which is paged.
    """
    trained = shape.total if way == "full" else shape.adapter
    quantised = way.startswith("qlora")
    scale = 1 + FP32 / GROUP if way == "qlora-double" else FP32
    return {
        "weights": (shape.total - shape.linear) * BF16 + shape.linear // 2 if quantised else shape.total * BF16,
        "constants": round(shape.linear / BLOCK * scale) if quantised else 0,
        "adapter": trained * FP32,
        "gradients": trained * FP32,
        "optimiser": trained * (ADAM_8BIT if quantised else ADAM),
    }
