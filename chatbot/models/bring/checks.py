"""What is tried on a brought model before anybody trains it: that it loads, that its template holds a conversation, and that its attention and caches work."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from chatbot.core.errors import WorkbenchError
from chatbot.models.bring.round_trip import BESIDE, EXAMPLE, TOOLS, lost, unseen
from chatbot.models.families.family import Family
from chatbot.models.loading import load_base, load_tokenizer
from chatbot.models.numerics import available_memory, default_device
from chatbot.models.registry import family_of
from chatbot.models.render import render
from chatbot.models.virtual import cut, starting_cache

LONGEST = 640
"""Tokens of the longest text that the cache is tried on: past Gemma's window of 512, and seconds on a CPU."""
CLOSE = 0.05
"""Share of the logits' spread by which two ways of computing them may differ: bf16 has three digits."""
_BYTES = {"fp32": 4.0, "bf16": 2.0, "nf4": 0.52}


@dataclass(frozen=True)
class Check:
    """One thing that was tried.

    Attributes:
        name: loads, shows, round_trip, words_beside_call, cache, packing or memory.
        passed: whether it works.
        detail: figures, or what went wrong, in English.
        needed: whether a model that fails it can't be used; else it is a limit to know of.
        parameters: of the model, where it was loaded for this.
    """

    name: str
    passed: bool
    detail: str = ""
    needed: bool = True
    parameters: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def template_checks(folder: Path) -> Iterator[Check]:
    """What needs no weights."""
    tokenizer, family = load_tokenizer(folder), family_of(folder)
    yield _tried("shows", lambda: _joined(unseen(family, tokenizer)))
    yield _tried("round_trip", lambda: _joined(lost(EXAMPLE, TOOLS, family, tokenizer)))
    yield _tried("words_beside_call", lambda: _joined(lost(BESIDE, TOOLS, family, tokenizer)), needed=False)


def model_checks(folder: Path) -> Iterator[Check]:
    """What needs the weights in memory."""
    try:
        model = load_base(folder)
    except WorkbenchError as error:
        yield Check("loads", False, error.text("en"))
        return
    tokenizer, family = load_tokenizer(folder), family_of(folder)
    ids = _example_ids(family, tokenizer, model)
    size = sum(p.numel() for p in model.parameters())
    with torch.inference_mode():
        whole = model(input_ids=_row(ids, model), use_cache=False).logits[0].float()
        yield Check("loads", bool(whole.isfinite().all()), f"{size:,} parameters", parameters=size)
        yield _tried("cache", lambda: _cache(model, ids, whole))
        yield _tried("packing", lambda: _packing(model, ids, whole), needed=False)
    yield memory(size)


def _tried(name: str, attempt: Callable[[], str], *, needed: bool = True) -> Check:
    """A check whose attempt gives what went wrong, or "" ."""
    try:
        wrong = attempt()
    except WorkbenchError as error:
        wrong = error.text("en")
    except (RuntimeError, ValueError, TypeError, KeyError, NotImplementedError, AttributeError, IndexError) as error:
        wrong = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return Check(name, not wrong, wrong, needed)


def _joined(lines: list[str]) -> str:
    return "; ".join(lines)


def _example_ids(family: Family, tokenizer: PreTrainedTokenizerBase, model: Any) -> list[int]:
    ids = render(EXAMPLE, TOOLS, family, tokenizer).ids
    most = min(LONGEST, getattr(model.config.get_text_config(), "max_position_embeddings", LONGEST))
    return (ids * (1 + most // len(ids)))[:most]


def _row(ids: list[int], model: Any) -> torch.Tensor:
    return torch.tensor([ids], device=model.device)


def _cache(model: Any, ids: list[int], whole: torch.Tensor) -> str:
    """Token by token, and after a part was taken back, the logits must be those of the whole text."""
    cache, middle = starting_cache(model), len(ids) // 2
    model(input_ids=_row(ids[:middle], model), past_key_values=cache, use_cache=True)
    model(input_ids=_row([*ids[middle:-1], ids[0]], model), past_key_values=cache, use_cache=True)
    if not cut(cache, 9):
        cache = starting_cache(model)
        model(input_ids=_row(ids[:-9], model), past_key_values=cache, use_cache=True)
    out = model(input_ids=_row(ids[-9:], model), past_key_values=cache, use_cache=True).logits[0, -1].float()
    return _apart(out, whole[-1])


def _packing(model: Any, ids: list[int], whole: torch.Tensor) -> str:
    """Two texts in one row must not see each other."""
    half, first = ids[:96], ids[96:160]
    positions = torch.tensor([[*range(len(first)), *range(len(half))]], device=model.device)
    out = model(input_ids=_row([*first, *half], model), position_ids=positions, use_cache=False).logits[0, -1].float()
    return _apart(out, whole[len(half) - 1])


def _apart(found: torch.Tensor, wanted: torch.Tensor) -> str:
    most, spread = float((found - wanted).abs().max()), float(wanted.max() - wanted.min())
    return "" if most <= CLOSE * spread else f"logits differ by {most:.2g} of {spread:.2g}"


def memory(parameters: int) -> Check:
    """Which precisions of the weights fit into what is free now."""
    free = available_memory(default_device())
    sizes = {name: parameters * width for name, width in _BYTES.items()}
    told = ", ".join(f"{name} {size / 2**20:,.0f} MiB" for name, size in sizes.items())
    return Check("memory", sizes["nf4"] < 0.9 * free, f"{told}; {free / 2**20:,.0f} MiB free", needed=False)
