"""One transformer block worked out step by step, as a textbook writes it, from the weights of a real model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from chatbot.core.errors import ModelError
from chatbot.core.messages import user
from chatbot.models.inside import OpenModel, show_token
from chatbot.models.render import render_prompt


@dataclass(frozen=True)
class Reading:
    """A sentence as a model reads it: ids, tokens for people, and the hidden state before each block and behind the last."""

    ids: list[int]
    tokens: list[str]
    hidden: list[Tensor]
    logits: Tensor

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Step:
    """One head of one block at one position; all fp32 on the CPU.

    Attributes:
        before: what comes into the block at the position, shape (width,).
        scores: q·k/√d of the position with every position, those behind it too, shape (tokens,).
        weights: softmax of all scores under the causal mask, shape (tokens, tokens).
        value: the values summed with those weights, shape (head width,).
        attended: what all heads together add to `before`, shape (width,).
        gate: the feed-forward network's inner units, shape (inner width,).
        fed: what the feed-forward network adds, shape (width,).
        after: what goes out of the block, shape (width,).
    """

    before: Tensor
    scores: Tensor
    weights: Tensor
    value: Tensor
    attended: Tensor
    gate: Tensor
    fed: Tensor
    after: Tensor


@torch.inference_mode()
def read(model: OpenModel, text: str) -> Reading:
    """Run a user's sentence through a model, up to where it would write.

    Raises:
        ModelError: the model has no blocks that can be opened.
    """
    ids = render_prompt([user(text)], [], model.family, model.tokenizer)
    blocks(model)
    out: Any = model.model(torch.tensor([ids], device=model.model.device), output_hidden_states=True, use_cache=False)
    hidden = [state[0].float().cpu() for state in out.hidden_states]
    tokens = [show_token(model.tokenizer, i) for i in ids]
    return Reading(ids, tokens, hidden, out.logits[0].float().cpu())


def blocks(model: OpenModel) -> Sequence[Any]:
    """The blocks of a Llama-shaped model, from the first.

    Raises:
        ModelError: it is shaped otherwise.
    """
    decoder: Any = getattr(model.model, "model", None)
    layers = getattr(decoder, "layers", None)
    if layers is None or not all(hasattr(layers[0], part) for part in ("self_attn", "mlp", "input_layernorm")):
        raise ModelError("models.attention", value=model.model.config.model_type)
    found: Sequence[Any] = layers
    return found


@torch.inference_mode()
def step(model: OpenModel, reading: Reading, layer: int, head: int, place: int) -> Step:
    """Work one block out by hand; layer, head and place count from 0."""
    block, before = blocks(model)[layer], reading.hidden[layer]
    query, key, value = projections(model, reading, layer)
    scores = attention_scores(rotated(query, theta(model)), rotated(key, theta(model)))
    weights = masked_softmax(scores)
    mixed = weights @ value
    attended = _run(block.self_attn.o_proj, mixed.transpose(0, 1).flatten(1))
    middle = before + attended
    normed = _run(block.post_attention_layernorm, middle)
    gate = _run(block.mlp.act_fn, _run(block.mlp.gate_proj, normed)) * _run(block.mlp.up_proj, normed)
    fed = _run(block.mlp.down_proj, gate)
    return Step(
        before=before[place],
        scores=scores[head, place],
        weights=weights[head],
        value=mixed[head, place],
        attended=attended[place],
        gate=gate[place],
        fed=fed[place],
        after=(middle + fed)[place],
    )


@torch.inference_mode()
def projections(model: OpenModel, reading: Reading, layer: int) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values before RoPE, each of shape (heads, tokens, head width); shared keys are repeated."""
    attention, config = blocks(model)[layer].self_attn, model.model.config
    normed = _run(blocks(model)[layer].input_layernorm, reading.hidden[layer])
    shared = config.num_attention_heads // config.num_key_value_heads

    def heads(projection: Any, copies: int) -> Tensor:
        flat = _run(projection, normed).view(len(reading), -1, attention.head_dim).transpose(0, 1)
        return flat.repeat_interleave(copies, 0)

    return heads(attention.q_proj, 1), heads(attention.k_proj, shared), heads(attention.v_proj, shared)


def theta(model: OpenModel) -> float:
    """RoPE's base."""
    return float(model.model.config.rope_parameters["rope_theta"])


def angles(base: float, width: int) -> Tensor:
    """How far one position turns each pair of numbers, in radians; shape (width / 2,)."""
    return base ** (-torch.arange(0, width, 2, dtype=torch.float32) / width)


def rotated(vectors: Tensor, base: float, shift: float = 0.0) -> Tensor:
    """Vectors turned by their positions (`shift` positions further): number i forms a pair with number i + width/2.

    Args:
        vectors: shape (…, tokens, width).
    """
    places = torch.arange(vectors.shape[-2], dtype=torch.float32) + shift
    turn = places[:, None] * angles(base, vectors.shape[-1])
    first, second = vectors.chunk(2, -1)
    return torch.cat((first * turn.cos() - second * turn.sin(), second * turn.cos() + first * turn.sin()), -1)


def attention_scores(query: Tensor, key: Tensor) -> Tensor:
    """q·k/√d of every position with every position."""
    return query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5


def masked_softmax(scores: Tensor) -> Tensor:
    """Each row as shares of 1; what comes later gets none."""
    later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return scores.masked_fill(later, -torch.inf).softmax(-1)


def _run(part: Any, vectors: Tensor) -> Tensor:
    """A part of the model on fp32 vectors of the CPU, wherever and in whatever it computes."""
    weight = next(iter(part.parameters()), None)
    there = vectors if weight is None else vectors.to(weight.device, weight.dtype)
    out: Tensor = part(there)
    return out.float().cpu()
