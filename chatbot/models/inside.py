"""Look inside a model while it writes a reply: its tokens, what else it could have written, and where it was looking."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast, runtime_checkable

import torch
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.convert_slow_tokenizer import bytes_to_unicode

from chatbot.core.errors import ModelError
from chatbot.core.messages import Message
from chatbot.models.families.family import Family
from chatbot.models.render import encode, render_prompt

TOP = 10


@runtime_checkable
class OpenModel(Protocol):
    """A model whose weights are in this process; a model behind an endpoint is not one."""

    model: PreTrainedModel | PeftModel
    tokenizer: PreTrainedTokenizerBase
    family: Family


@dataclass(frozen=True)
class Candidate:
    """A token that could have come next, and its probability (0–1)."""

    token: str
    probability: float


@dataclass(frozen=True)
class Inside:
    """One reply seen from inside, as plain data.

    Attributes:
        context: the tokens before the reply, oldest first.
        reply: the reply's tokens, its end mark included.
        candidates: for each reply token the most probable tokens at its place, best first.
        chosen: for each reply token the probability that the model gave it.
        attention: for each reply token the share of attention (0–1) that the step which wrote it paid to every
            context and reply token; 0 for tokens that did not exist yet.
        layer, head: which attention is shown, counted from 0.
        layers, heads: how many there are.
    """

    context: list[str]
    reply: list[str]
    candidates: list[list[Candidate]]
    chosen: list[float]
    attention: list[list[float]]
    layer: int
    head: int
    layers: int
    heads: int


def look_inside(
    model: object,
    messages: Sequence[Message],
    tools: Sequence[dict[str, Any]] = (),
    *,
    layer: int = 0,
    head: int = 0,
    top: int = TOP,
) -> Inside:
    """Run a conversation that ends with an assistant message through the model once, and keep what happened.

    Args:
        model: a local model; its attention is computed eagerly for this one pass.
        messages: up to and including the reply (or call) to look at.
        tools: as they were given when the reply was written.
        layer: the attention layer, from 0.
        head: the attention head of that layer, from 0.
        top: how many candidates to keep at each place.

    Raises:
        ModelError: the model is not in this process, there is no reply, or no such layer or head.
    """
    if not isinstance(model, OpenModel):
        raise ModelError("models.not_local", value=getattr(model, "name", ""))
    if not messages or messages[-1].role != "assistant":
        raise ModelError("models.no_reply")
    prompt = render_prompt(messages[:-1], tools, model.family, model.tokenizer)
    ids = encode(model.family.examples(messages, tools)[-1], model.tokenizer).ids
    logits, attention = _forward(model.model, ids, layer, head)
    start = len(prompt)
    probabilities = logits[start - 1 : -1].softmax(-1)
    tokens = [show_token(model.tokenizer, i) for i in ids]
    config = model.model.config
    return Inside(
        context=tokens[:start],
        reply=tokens[start:],
        candidates=[_candidates(row, model.tokenizer, top) for row in probabilities],
        chosen=[float(row[i]) for row, i in zip(probabilities, ids[start:], strict=True)],
        attention=[[round(a, 4) for a in row] for row in attention[start - 1 : -1].tolist()],
        layer=layer,
        head=head,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
    )


def _candidates(probabilities: torch.Tensor, tokenizer: PreTrainedTokenizerBase, top: int) -> list[Candidate]:
    values, ids = probabilities.topk(min(top, probabilities.shape[-1]))
    return [Candidate(show_token(tokenizer, int(i)), float(p)) for p, i in zip(values, ids, strict=True)]


def show_token(tokenizer: PreTrainedTokenizerBase, token: int) -> str:
    """A token as a person can read it: its text, or its bytes as <0xE5> where it is only part of a character."""
    text = str(tokenizer.decode([token]))
    if text and "\ufffd" not in text:
        return text
    piece = str(tokenizer.convert_ids_to_tokens(token))
    byte = {mark: number for number, mark in bytes_to_unicode().items()}
    whole = piece.startswith("<") or not all(mark in byte for mark in piece)
    return piece if whole else "".join(f"<0x{byte[mark]:02X}>" for mark in piece)


@torch.inference_mode()
def _forward(
    model: PreTrainedModel | PeftModel, ids: Sequence[int], layer: int, head: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (tokens, vocabulary) and one head's attention (tokens, tokens), fp32 on the CPU.

    Only the asked layer's weights are kept: all layers of a long conversation would not fit beside a large model.
    A learned prompt adds positions in front; the last ones are the conversation's.
    """
    base = cast(PreTrainedModel, model.get_base_model() if isinstance(model, PeftModel) else model)
    attention = _attention_module(base, layer)
    if not 0 <= head < base.config.num_attention_heads:
        raise ModelError("models.head", value=head, last=base.config.num_attention_heads - 1)
    kept: list[torch.Tensor] = []
    me = threading.get_ident()

    def keep(_module: torch.nn.Module, _inputs: object, output: tuple[torch.Tensor, torch.Tensor]) -> None:
        if threading.get_ident() == me:  # another page may be talking to the same model
            kept.append(output[1])

    handle = attention.register_forward_hook(keep)
    try:
        with _eager(base):
            logits = model(input_ids=torch.tensor([list(ids)], device=model.device)).logits[0]
    finally:
        handle.remove()
    size = len(ids)
    return logits[-size:].float().cpu(), kept[0][0, head, -size:, -size:].float().cpu()


def _attention_module(base: PreTrainedModel, layer: int) -> torch.nn.Module:
    layers = getattr(base.get_decoder(), "layers", None)
    if layers is None or not hasattr(layers[0], "self_attn"):
        raise ModelError("models.attention", value=base.config.model_type)
    if not 0 <= layer < len(layers):
        raise ModelError("models.layer", value=layer, last=len(layers) - 1)
    return layers[layer].self_attn


@contextmanager
def _eager(base: PreTrainedModel) -> Iterator[None]:
    """Eager attention for a while: the fused kernels never hold the attention weights."""
    before = base.config._attn_implementation
    base.set_attn_implementation("eager")
    try:
        yield
    finally:
        base.set_attn_implementation(before)
