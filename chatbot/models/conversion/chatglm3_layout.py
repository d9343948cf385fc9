"""Where ChatGLM3's own checkpoints keep what transformers' Glm class wants elsewhere: configuration and tensor names."""

import re
from collections.abc import Iterator

import torch
from transformers import GlmConfig

from chatbot.core.errors import ModelError

_LAYER = re.compile(r"transformer\.encoder\.layers\.(\d+)\.(.+)")


_RENAMED = {
    "transformer.embedding.word_embeddings.weight": "model.embed_tokens.weight",
    "transformer.encoder.final_layernorm.weight": "model.norm.weight",
    "transformer.output_layer.weight": "lm_head.weight",
}


_RENAMED_IN_LAYER = {
    "self_attention.dense.weight": "self_attn.o_proj.weight",
    "mlp.dense_h_to_4h.weight": "mlp.gate_up_proj.weight",
    "mlp.dense_4h_to_h.weight": "mlp.down_proj.weight",
    "input_layernorm.weight": "input_layernorm.weight",
    "post_attention_layernorm.weight": "post_attention_layernorm.weight",
}


_PREFIX_ENCODER = "transformer.prefix_encoder."


LEFT_OUT = "left_out"
"""In a converted shard's header: how many prefix-encoder tensors its source had."""


def native_tensors(name: str, tensor: torch.Tensor, config: GlmConfig) -> Iterator[tuple[str, torch.Tensor]]:
    """One original tensor under its native name or names: query_key_value, stacked by rows, is split; prefix-encoder and rotary tables give nothing.

    Raises:
        ModelError: a tensor that ChatGLM3 does not have.
    """
    layer = _LAYER.fullmatch(name)
    if name in _RENAMED:
        yield _RENAMED[name], tensor
    elif layer and layer[2] in _RENAMED_IN_LAYER:
        yield f"model.layers.{layer[1]}.{_RENAMED_IN_LAYER[layer[2]]}", tensor
    elif layer and layer[2].startswith("self_attention.query_key_value."):
        head, groups = int(config.head_dim or 0), int(config.num_key_value_heads or 0)
        parts = tensor.split([config.num_attention_heads * head, groups * head, groups * head])
        for part, rows in zip("qkv", parts, strict=True):
            yield f"model.layers.{layer[1]}.self_attn.{part}_proj.{layer[2].rsplit('.', 1)[1]}", rows
    elif not name.startswith(_PREFIX_ENCODER) and not name.endswith("rotary_pos_emb.inv_freq"):
        raise ModelError("models.tensor", value=name)


def native_names(config: GlmConfig) -> set[str]:
    """The names of all weights of a native model, without building it."""
    attention = [
        f"self_attn.{p}_proj.{kind}"
        for p in "qkv"
        for kind in ("weight", "bias")
        if kind == "weight" or config.attention_bias
    ]
    layer = [*attention, *_RENAMED_IN_LAYER.values()]
    return set(_RENAMED.values()) | {
        f"model.layers.{n}.{part}" for n in range(config.num_hidden_layers) for part in layer
    }
