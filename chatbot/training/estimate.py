"""Says before the start what a run will need, from the model's shape alone: no weight is loaded and nothing is spent."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from peft import get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from chatbot.core.errors import ModelError
from chatbot.models.alone import alone
from chatbot.models.families.family import Family
from chatbot.models.loading import read_config
from chatbot.models.numerics import available_memory, default_device, training_dtype
from chatbot.training.activations import activations, checkpointed
from chatbot.training.config import FinetuneConfig
from chatbot.training.data import rows, statistics
from chatbot.training.fitted.rates import fitted_rate
from chatbot.training.fitted.remembered import cost_key, remembered
from chatbot.training.fitted.row_length import SHOWN, context_of, whole
from chatbot.training.fitted.timing import PROGRAM, run_cost
from chatbot.training.methods import method, peft_config
from chatbot.training.options.layers import adapted_layers
from chatbot.training.prepared import Prepared, prepare
from chatbot.training.trainer import EvaluatorOf

NF4_CONSTANTS = 1 / 64 * (1 + 4 / 256)
"""Bytes of a quantised weight's constants under double quantisation: one byte per 64 weights, four more per 256 of those (arXiv:2305.14314)."""
MEGABYTE = 2**20


@dataclass(frozen=True)
class Fitted:
    """What was chosen for this base and this data, and why.

    Attributes:
        row_length: tokens of a row.
        whole, peaks: conversations that fit whole into rows of other lengths, and bytes at the peak with those.
        cut: conversations that lose their end.
        shortened: conversations whose records lose fields.
        source: where the learning rate comes from; "" where it was given.
    """

    row_length: int
    whole: dict[int, int]
    peaks: dict[int, int]
    cut: int
    learning_rate: float
    source: str
    shortened: int = 0

    def lines(self, conversations: int) -> list[str]:
        """As lines of text."""
        sizes = [
            f"{n}: {k} whole, {self.peaks[n] / MEGABYTE:,.0f} MiB" for n, k in self.whole.items() if n in self.peaks
        ]
        cut = f", {self.cut} of {conversations} are cut" if self.cut else f", all {conversations} fit whole"
        cut += f", {self.shortened} with shorter records" if self.shortened else ""
        tried = f" ({'; '.join(sizes)})" if sizes else ""
        return [
            f"row length    {self.row_length} tokens{cut}{tried}",
            f"learning rate {self.learning_rate:g}, {self.source or 'as given'}",
        ]


@dataclass(frozen=True)
class Estimate:
    """What a run will need.

    Attributes:
        memory: bytes by part, at the peak.
        available: bytes that are free on the machine or its GPU now.
        tokens, tokens_padded: tokens computed an epoch as configured, and if every conversation were padded to the row's length.
        trained_share: tokens that carry loss, of all tokens.
        seconds: of the whole run; None where no step was measured.
        advice: the smallest change that makes it fit; "" where it fits.
    """

    method: str
    parameters: int
    trainable: int
    memory: dict[str, int]
    available: int
    device: str
    conversations: int
    tokens: int
    tokens_padded: int
    trained_share: float
    steps: int
    seconds: float | None
    advice: str
    fitted: Fitted

    @property
    def peak(self) -> int:
        """Bytes at the peak."""
        return sum(self.memory.values())

    @property
    def fits(self) -> bool:
        """Whether the peak is below nine tenths of what is free."""
        return self.peak < 0.9 * self.available

    def table(self) -> str:
        """As lines of text."""
        parts = [f"{name:14}{size / MEGABYTE:10.1f} MiB" for name, size in self.memory.items()]
        time = "not measured" if self.seconds is None else f"about {self.seconds / 60:.1f} minutes"
        return "\n".join(
            [
                f"trainable     {self.trainable:,} of {self.parameters:,} ({self.trainable / self.parameters:.2%})",
                *parts,
                f"{'peak':14}{self.peak / MEGABYTE:10.1f} MiB of {self.available / MEGABYTE:.0f} MiB free ({self.device})",
                f"tokens        {self.tokens:,} an epoch, {self.trained_share:.0%} of them trained; {self.tokens_padded:,} if padded",
                f"steps         {self.steps}, {time}",
                *self.fitted.lines(self.conversations),
                "it fits" if self.fits else f"it does not fit: {self.advice}",
            ]
        )


@alone
def shape(config: FinetuneConfig, family: Family, steps: int) -> Any:
    """The base with its adapter, without memory: every tensor is on torch's meta device.

    Raises:
        ModelError: the folder's configuration is of no known architecture.
    """
    read_config(config.base)
    try:
        known = AutoConfig.from_pretrained(config.base, trust_remote_code=False)
        with torch.device("meta"):
            model: Any = AutoModelForCausalLM.from_config(
                known, dtype=training_dtype(default_device()), trust_remote_code=False
            )
    except (ValueError, KeyError, OSError) as error:
        raise ModelError("training.architecture", value=error) from error
    layers = adapted_layers(config, family.lora_targets, model)
    with torch.device("meta"):
        return get_peft_model(model, peft_config(config, layers, steps))


def memory(prepared: Prepared, model: Any, length: int) -> dict[str, int]:
    """Bytes by part at the peak of a step.

    Args:
        model: from `shape`.
        length: tokens of a row.
    """
    config, batch = prepared.config, prepared.batch[0]
    width = torch.finfo(model.dtype).bits // 8
    text, cuda = model.config.get_text_config(), torch.cuda.is_available()
    base = [(name, p) for name, p in model.named_parameters() if not p.requires_grad]
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    nf4 = [
        p.numel()
        for name, p in base
        if method(config.method).quantised and p.ndim == 2 and "embed" not in name and "lm_head" not in name
    ]
    plain = sum(p.numel() for _, p in base) - sum(nf4)
    count = statistics(prepared.train, config.max_length)
    learned = None if method(config.method).prompts else count.trained / count.tokens
    kept, peak = activations(model, batch, length, prepared.packed, bf16=prepared.numerics.bf16, learned=learned)
    if prepared.checkpointing:
        kept, peak = checkpointed(kept, peak, batch * length * text.hidden_size * width, text.num_hidden_layers)
    return {
        "program": 0 if cuda else PROGRAM,
        "weights": plain * width + sum(nf4) // 2,
        "constants": round(sum(nf4) * NF4_CONSTANTS),
        "adapter": trainable * 4,
        "gradients": trainable * 4,
        "optimiser": trainable * (2 if cuda and config.method == "qlora" else 8),
        "activations": kept,
        "passing": peak - kept + max(nf4, default=0) * width,
    }


def estimate(
    config: FinetuneConfig,
    family: Family | None = None,
    *,
    measure: bool = True,
    evaluator_of: EvaluatorOf | None = None,
) -> Estimate:
    """Reckon a run's needs; with `measure`, also make a few real steps where the run fits: they tell the time, and what memory tensors do not explain.

    Args:
        evaluator_of: gives what the run will do at every checkpoint, but on SAMPLE conversations only.

    Raises:
        InputError, ModelError: what was given cannot be used.
    """
    prepared = prepare(config, family)
    config = prepared.config
    count = statistics(prepared.train, config.max_length)
    steps = prepared.steps(len(rows(prepared.train, config.max_length, prepared.packed)))
    device = default_device()
    found = _reckon(prepared, steps, device)
    computed = count.tokens if prepared.packed else round(count.tokens * 1.05)
    result = Estimate(
        method=config.method,
        parameters=found[1],
        trainable=found[2],
        memory=found[0],
        available=available_memory(device),
        device=device,
        conversations=count.conversations,
        tokens=computed,
        tokens_padded=count.conversations * config.max_length,
        trained_share=count.trained / count.tokens,
        steps=steps,
        seconds=None,
        advice="",
        fitted=_fitted(prepared, steps, device, found[1]),
    )
    if not result.fits:
        return replace(result, advice=_advice(prepared, steps, device, result.available))
    if not measure:
        return result
    seconds, grown = run_cost(prepared, steps, evaluator_of)
    # What freed blocks still hold: glibc before 2.38 gives few of them out again.
    held = max(0, grown - (result.peak - result.memory["program"]))
    result = replace(result, seconds=seconds, memory=result.memory | {"allocator": held})
    return result if result.fits else replace(result, advice=_advice(prepared, steps, device, result.available - held))


def _fitted(prepared: Prepared, steps: int, device: str, parameters: int) -> Fitted:
    config, context = prepared.config, context_of(prepared.config.base)
    rate = fitted_rate(method(config.method).rates, parameters)
    lengths = [length for length in SHOWN if context is None or length <= context] if prepared.packed else []
    peaks = {
        length: sum(
            _reckon(replace(prepared, config=config.model_copy(update={"max_length": length})), steps, device)[
                0
            ].values()
        )
        for length in lengths
    }
    trained = [e.length for e in prepared.train]
    return Fitted(
        row_length=config.max_length,
        whole=whole(trained),
        peaks=peaks,
        cut=sum(length > config.max_length for length in trained),
        learning_rate=config.learning_rate or rate.rate,
        source="" if config.learning_rate else rate.source,
        shortened=prepared.shortened,
    )


def _reckon(prepared: Prepared, steps: int, device: str) -> tuple[dict[str, int], int, int]:
    """Bytes by part, parameters, and those that are trained."""
    return remembered(("bytes", device, *cost_key(prepared)), lambda: _reckoned(prepared, steps))


def _reckoned(prepared: Prepared, steps: int) -> tuple[dict[str, int], int, int]:
    config, virtual = prepared.config, method(prepared.config.method).prompts
    longest = max(len(e.ids) for e in prepared.train) + (config.virtual_tokens if virtual else 0)
    model = shape(config, prepared.family, steps)
    sizes = [p.numel() for p in model.parameters()], [p.numel() for p in model.parameters() if p.requires_grad]
    return memory(prepared, model, config.max_length if prepared.packed else longest), sum(sizes[0]), sum(sizes[1])


def _advice(prepared: Prepared, steps: int, device: str, available: int) -> str:
    """The first of these changes that makes the run fit, each on top of the ones before."""
    config = prepared.config
    half = max(256, config.max_length // 2)
    changes: list[tuple[str, dict[str, Any]]] = [
        ("--batch-size 1", {"batch_size": 1}),
        ("--checkpointing", {"checkpointing": True}),
        ("--method qlora", {"method": "qlora"}),
        (f"--max-length {half}", {"max_length": half}),
    ]
    named: list[str] = []
    for flag, fields in changes:
        if all(getattr(config, name) == value for name, value in fields.items()):
            continue
        config, named = config.model_copy(update=fields), [*named, flag]
        found, _, _ = _reckon(replace(prepared, config=config), steps, device)
        if sum(found.values()) < 0.9 * available:
            return f"it would with {' '.join(named)}"
    return "choose a smaller base model, or a machine with more memory"
