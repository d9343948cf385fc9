"""A packed row on a CPU: attention within each conversation by itself, and logits only where something is learned.

TRL masks the square of the whole row and, without a GPU's kernels, scores every token; neither changes what is learned.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from chatbot.models.render import IGNORED

_NAME = "each_by_itself"


def can_be_cut(model: Any, inputs: dict[str, Any]) -> bool:
    """Whether a batch is one packed row whose conversations may be attended to by themselves, by a model that lets one choose how."""
    if model.device.type != "cpu" or "cu_seq_lens_q" not in inputs or inputs["input_ids"].shape[0] != 1:
        return False
    base, config = model.get_base_model(), model.config.get_text_config()
    whole = set(getattr(config, "layer_types", None) or ["full_attention"]) == {"full_attention"}
    return (
        whole
        and config._attn_implementation == "sdpa"
        and not base.is_activation_checkpointing  # which computes a layer once more when the choice is over
        and "logits_to_keep" in inspect.signature(type(base).forward).parameters
    )


class PackedRow:
    """A model that answers as TRL's fused head does: a value for each token from the second of the row on, 0 where nothing is learned."""

    def __init__(self, model: Any, base: Any) -> None:
        self.model, self.base = model, base

    def __call__(self, labels: torch.Tensor, *, fused_lm_head: bool, **inputs: Any) -> SimpleNamespace:
        """Log-probabilities of the labels, entropy, and whether the label is the likeliest, each of shape (1, tokens - 1)."""
        learned = labels[:, 1:] != IGNORED
        targets = labels[:, 1:][learned]
        with _each_by_itself(self.base):
            logits = self.model(**inputs, logits_to_keep=learned[0].nonzero().flatten()).logits[0].float()
        every = torch.log_softmax(logits, -1)
        with torch.no_grad():
            entropy, best = -(every.exp() * every).sum(-1), logits.argmax(-1) == targets

        def placed(values: torch.Tensor) -> torch.Tensor:
            return values.new_zeros(learned.shape).masked_scatter(learned, values)

        log_probs = every.gather(-1, targets[:, None])[:, 0]
        return SimpleNamespace(
            log_probs=placed(log_probs), entropy=placed(entropy), is_top1=placed(best), label_mask=learned
        )


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    cu_seq_lens_q: torch.Tensor,
    dropout: float = 0.0,
    scaling: float | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """As transformers' attentions: shapes (1, heads, tokens, size), of the result (1, tokens, heads, size)."""
    parts = [
        sdpa_attention_forward(
            module,
            *(every[:, :, begin:end] for every in (query, key, value)),
            None,
            dropout=dropout,
            scaling=scaling,
            is_causal=True,
        )[0]
        for begin, end in pairwise(cu_seq_lens_q.tolist())
    ]
    return torch.cat(parts, dim=1), None


@contextmanager
def _each_by_itself(base: Any) -> Iterator[None]:
    base.set_attn_implementation(_NAME)
    try:
        yield
    finally:
        base.set_attn_implementation("sdpa")


AttentionInterface.register(_NAME, _attend)
AttentionMaskInterface.register(_NAME, lambda *_, **__: None)
