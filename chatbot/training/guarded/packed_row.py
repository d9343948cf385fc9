"""A packed row on a CPU: attention within each conversation by itself, and a score only where something is learned.

TRL masks the square of the whole row and, without a GPU's kernels, scores every token; neither changes what is learned.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from chatbot.models.render import IGNORED

_NAME = "each_by_itself"


def can_be_cut(base: Any) -> bool:
    """Whether a model on a CPU attends to whole rows only, and lets another choose how."""
    config = base.config.get_text_config()
    whole = set(getattr(config, "layer_types", None) or ["full_attention"]) == {"full_attention"}
    again = base.is_activation_checkpointing  # computes a layer once more when the choice is over
    return base.device.type == "cpu" and whole and config._attn_implementation == "sdpa" and not again


def is_packed(inputs: dict[str, Any]) -> bool:
    """Whether a batch is one row of several conversations."""
    return "cu_seq_lens_q" in inputs and inputs["input_ids"].shape[0] == 1


class PackedRow:
    """A model with TRL's fused head, given one packed row; it answers as that does, with 0 where nothing is learned.

    Args:
        base: the model within its adapter.
        bounds: where each conversation begins, and the row's end.
        learned: places of the tokens whose next one is learned.
    """

    def __init__(self, model: Any, base: Any, bounds: Sequence[int], learned: torch.Tensor) -> None:
        self.model, self.base, self.bounds, self.learned = model, base, bounds, learned

    @classmethod
    def of(cls, model: Any, base: Any, inputs: dict[str, Any]) -> "PackedRow":
        """For a batch as the trainer collates it."""
        learned = (inputs["labels"][0, 1:] != IGNORED).nonzero().flatten()
        return cls(model, base, inputs["cu_seq_lens_q"].tolist(), learned)

    def __call__(self, *, labels: torch.Tensor, **inputs: Any) -> Any:
        """TRL's output; its values are of shape (1, tokens - 1)."""
        mask = labels[:, 1:] != IGNORED
        inputs |= {"cu_seq_lens_q": self.bounds, "shift_labels": labels[:, self.learned + 1]}
        with _each_by_itself(self.base), _only(self.base.base_model, self.learned):
            output = self.model(**inputs)
        for name in ("log_probs", "entropy", "is_top1"):
            found = getattr(output, name)
            setattr(output, name, found.new_zeros(mask.shape).masked_scatter(mask, found))
        output.label_mask = mask
        return output


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    cu_seq_lens_q: Sequence[int],
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
        for begin, end in pairwise(cu_seq_lens_q)
    ]
    return torch.cat(parts, dim=1), None


@contextmanager
def _each_by_itself(base: Any) -> Iterator[None]:
    base.set_attn_implementation(_NAME)
    try:
        yield
    finally:
        base.set_attn_implementation("sdpa")


@contextmanager
def _only(backbone: torch.nn.Module, places: torch.Tensor) -> Iterator[None]:
    """Hand on the hidden states of some places alone."""

    def chosen(_: Any, __: Any, output: Any) -> Any:
        output.last_hidden_state = output.last_hidden_state[:, places]
        return output

    hook = backbone.register_forward_hook(chosen)
    try:
        yield
    finally:
        hook.remove()


AttentionInterface.register(_NAME, _attend)
AttentionMaskInterface.register(_NAME, lambda *_, **__: None)
