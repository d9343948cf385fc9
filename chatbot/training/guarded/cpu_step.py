"""A step on a CPU: scored only where something is learned, and a packed row attended to conversation by conversation.

TRL scores every token where no GPU's kernels are, and masks the square of a whole row; neither changes what is learned.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from chatbot.models.render import IGNORED

_NAME = "each_by_itself"


def attends_to_whole_rows(base: Any) -> bool:
    """Whether a model attends to all that stands before, and lets another choose how."""
    config = base.config.get_text_config()
    whole = set(getattr(config, "layer_types", None) or ["full_attention"]) == {"full_attention"}
    again = base.is_activation_checkpointing  # computes a layer once more when the choice is over
    return whole and config._attn_implementation == "sdpa" and not again


def bounds_of(base: Any, inputs: dict[str, Any]) -> Sequence[int]:
    """Where the conversations of a packed row begin, and its end; none where they cannot be attended to one by one."""
    packed = "cu_seq_lens_q" in inputs and inputs["input_ids"].shape[0] == 1
    return inputs["cu_seq_lens_q"].tolist() if packed and attends_to_whole_rows(base) else ()


class CpuStep:
    """A model with TRL's fused head, given one batch; it answers as that does, with 0 where nothing is learned.

    Args:
        base: the model within its adapter, which is no learned prompt.
        bounds: as of `bounds_of`.
        learned: places of the tokens whose next one is learned, counted through the rows without their last tokens.
    """

    def __init__(self, model: Any, base: Any, bounds: Sequence[int], learned: torch.Tensor) -> None:
        self.model, self.base, self.bounds, self.learned = model, base, bounds, learned

    @classmethod
    def of(cls, model: Any, base: Any, inputs: dict[str, Any]) -> "CpuStep":
        """For a batch as the trainer collates it."""
        learned = (inputs["labels"][:, 1:] != IGNORED).flatten().nonzero().flatten()
        return cls(model, base, bounds_of(base, inputs), learned)

    def __call__(self, *, labels: torch.Tensor, **inputs: Any) -> Any:
        """TRL's output; its values are of shape (rows, tokens - 1)."""
        following = labels[:, 1:]
        mask = following != IGNORED
        inputs["shift_labels"] = following.flatten()[self.learned][None]
        if self.bounds:
            inputs["cu_seq_lens_q"] = self.bounds
        each = _each_by_itself(self.base) if self.bounds else nullcontext()
        with each, _only(self.base.base_model, self.learned):
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
    """Hand on the hidden states of some places alone, as one row."""

    def chosen(_: Any, __: Any, output: Any) -> Any:
        output.last_hidden_state = output.last_hidden_state[:, :-1].flatten(0, 1)[places][None]
        return output

    hook = backbone.register_forward_hook(chosen)
    try:
        yield
    finally:
        hook.remove()


AttentionInterface.register(_NAME, _attend)
AttentionMaskInterface.register(_NAME, lambda *_, **__: None)
