"""Whether the engine can take a loaded model, and its weights as the engine wants them: adapters folded in."""

import copy
from typing import Any

import numpy as np
import torch
from peft import PeftModel
from transformers import LlamaForCausalLM

from chatbot.models.engine.graph import Shape
from chatbot.models.virtual import learned_prompt

MOST_BYTES = 1 << 30
"""Of weights in fp32, which lie in memory once more than with transformers alone."""
MOST_POSITIONS = 4096
_STATIC_ROPES = ("default", "linear", "llama3")
"""Whose angles do not depend on how long a text is."""


def unfit(model: Any) -> str:
    """Why the engine cannot take a model, in a few words; "" where it can."""
    inner = model.get_base_model() if isinstance(model, PeftModel) else model
    if not isinstance(inner, LlamaForCausalLM):
        return f"not of Llama's shape: {inner.config.model_type}"
    if inner.device.type != "cpu":
        return f"on {inner.device.type}"
    if learned_prompt(model):
        return "a learned prompt"
    if {parameter.dtype for parameter in inner.parameters()} != {torch.float32}:
        return "not in fp32"
    if sum(parameter.numel() for parameter in inner.parameters()) * 4 > MOST_BYTES:
        return "larger than 1 GiB in fp32"
    return _odd(inner.config)


def _odd(config: Any) -> str:
    """What of a Llama configuration the graph does not have."""
    if config.attention_bias or config.mlp_bias or config.hidden_act != "silu":
        return "biases, or another activation than SiLU"
    if config.rope_parameters["rope_type"] not in _STATIC_ROPES:
        return f"rope of type {config.rope_parameters['rope_type']}"
    return "" if _head_size(config) % 16 == 0 else f"heads of {_head_size(config)}"


def _head_size(config: Any) -> int:
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def shape_of(config: Any) -> Shape:
    """The shape of a model that is fit."""
    return Shape(
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        key_heads=config.num_key_value_heads,
        head_size=_head_size(config),
        vocabulary=config.vocab_size,
        positions=min(config.max_position_embeddings, MOST_POSITIONS),
        epsilon=config.rms_norm_eps,
    )


@torch.inference_mode()
def weights_of(model: Any) -> tuple[Shape, dict[str, np.ndarray[Any, Any]]]:
    """The shape of a model that is fit, and its weights by the graph's names; the model stays as it is."""
    inner = copy.deepcopy(model).merge_and_unload() if isinstance(model, PeftModel) else model
    shape = shape_of(inner.config)
    vocabulary = inner.get_output_embeddings().weight
    cos, sin = inner.model.rotary_emb(torch.zeros(1), torch.arange(shape.positions).unsqueeze(0))
    out = {"embed": inner.get_input_embeddings().weight, "head": vocabulary.T}
    out |= {"cos": cos[0, :, : shape.head_size // 2], "sin": sin[0, :, : shape.head_size // 2]}
    for n, layer in enumerate(inner.model.layers):
        attention, mlp = layer.self_attn, layer.mlp
        heads = [attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight]
        out |= {f"qkv.{n}": torch.cat(heads).T, f"out.{n}": attention.o_proj.weight.T}
        out |= {f"{name}.{n}": getattr(mlp, f"{name}_proj").weight.T for name in ("gate", "up", "down")}
        out |= {f"before.{n}": layer.input_layernorm.weight, f"within.{n}": layer.post_attention_layernorm.weight}
    out[f"before.{shape.layers}"] = inner.model.norm.weight
    return shape, {name: np.ascontiguousarray(tensor.detach().numpy()) for name, tensor in out.items()}
