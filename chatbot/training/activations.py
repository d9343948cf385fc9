"""The memory of a training step's activations, followed on tensors that have shapes but take no memory."""

import weakref
from math import ceil
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only
from torch.utils.weak import WeakIdKeyDictionary
from trl.kernels.chunked_logprob import TOKEN_CHUNK_SIZE
from trl.trainer.utils import add_fused_lm_head

from chatbot.models.numerics import default_device
from chatbot.training.guarded.cpu_step import CpuStep, attends_to_whole_rows

HEAD_COLUMNS = 32768
"""Vocabulary entries that TRL's fused output layer holds at a time."""


def _replace(model: torch.nn.Module, device: str) -> None:
    """Put tensors of a device, with gradients, in the place of meta ones, shared ones once; `Module.to` cannot do it with fakes."""
    made: dict[int, Any] = {}
    for store in (store for module in model.modules() for store in (module._parameters, module._buffers)):
        for name, old in store.items():
            if old is not None and id(old) not in made:
                new = torch.empty(old.shape, dtype=old.dtype, device=device)
                made[id(old)] = (
                    torch.nn.Parameter(new, old.requires_grad) if isinstance(old, torch.nn.Parameter) else new
                )
                made[id(old)].grad = torch.empty_like(new) if old.requires_grad else None
            store[name] = made[id(old)] if old is not None else None


class LiveBytes(TorchDispatchMode):
    """Follows the bytes of tensors as they come and go, as an allocator would."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._seen = WeakIdKeyDictionary()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        tree_map_only(torch.Tensor, self._add, out)
        return out

    def _add(self, tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage not in self._seen:
            self._seen[storage] = size = storage.nbytes()
            self.now += size
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._drop, size)
        return tensor

    def _drop(self, size: int) -> None:
        self.now -= size


def activations(
    model: Any,
    batch: int,
    length: int,
    packed: bool,
    *,
    bf16: bool,
    learned: float | None = None,
    whole_buffer: bool = False,
) -> tuple[int, int]:
    """Run a step's forward and backward pass on tensors that have shapes but no memory, with the very kernels that the machine would choose.

    Args:
        bf16: the step computes under bf16 autocast.
        learned: share of the tokens that carry loss, which are all that a CPU scores; None where it scores every one.
        whole_buffer: count also what is reserved but never written to, which takes no page of a CPU's memory.

    Returns:
        Bytes that the decoder keeps for the backward pass, and bytes at the peak (weights and their gradients left out).
    """
    size = (1, batch * length) if packed else (batch, length)
    kept: list[int] = []
    with FakeTensorMode(allow_non_fake_inputs=True):
        _replace(model.train(), default_device())
        whole, ids = model.get_base_model(), torch.zeros(size, dtype=torch.long, device=model.device)
        where = {"position_ids": ids} if packed else {"attention_mask": torch.ones_like(ids)}
        scored, step = batch * length, whole
        if learned is not None and model.device.type == "cpu":
            scored = ceil(learned * scored)
            bounds = (0, batch * length) if packed and attends_to_whole_rows(whole) else ()
            step = CpuStep(whole, whole, bounds, torch.arange(scored))
        with LiveBytes() as live, torch.autocast(model.device.type, torch.bfloat16, enabled=bf16):
            whole.model.register_forward_hook(lambda *_: kept.append(live.now))
            embedded = model.get_input_embeddings()(ids).requires_grad_()
            _loss(step, whole, embedded, where, ids).backward()
    buffer, untouched = _buffer(
        scored, model.config.get_text_config().vocab_size, torch.bfloat16 if bf16 else model.dtype
    )
    if torch.cuda.is_available():
        return kept[0], max(live.peak, kept[0] + buffer)
    return kept[0], live.peak if whole_buffer else live.peak - untouched


def _loss(
    step: Any, whole: Any, embedded: torch.Tensor, where: dict[str, torch.Tensor], labels: torch.Tensor
) -> torch.Tensor:
    """What is sent back: TRL's own loss, except on a GPU, whose kernel for it takes no such tensors."""
    if embedded.device.type == "cuda":
        return whole.model(inputs_embeds=embedded, use_cache=False, **where).last_hidden_state.sum()
    add_fused_lm_head(whole, outputs=("log_probs", "entropy", "is_top1"))
    return -step(inputs_embeds=embedded, labels=labels, fused_lm_head=True, **where).log_probs.sum()


def _buffer(tokens: int, vocabulary: int, dtype: torch.dtype) -> tuple[int, int]:
    """Bytes of the buffer in which TRL's output layer works: all of it, and what a smaller vocabulary leaves untouched."""
    size = min(tokens, TOKEN_CHUNK_SIZE) * torch.finfo(dtype).bits // 8
    return size * HEAD_COLUMNS, size * max(0, HEAD_COLUMNS - vocabulary)


def checkpointed(kept: int, peak: int, hidden: int, layers: int) -> tuple[int, int]:
    """With checkpointing one hidden state a layer stays, and all of one layer."""
    fewer = layers * hidden + kept // layers
    return fewer, fewer + peak - kept
