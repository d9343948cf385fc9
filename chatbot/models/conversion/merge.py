"""Fold an adapter into its base, for engines that serve plain checkpoints faster, and measure that the answers stayed the same."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig, PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from chatbot.core.errors import InputError, ModelError
from chatbot.core.messages import Message, call, observation, user
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.models.conversion.card import CARD, calling, metadata, title_of
from chatbot.models.loading import Precision, load_adapters, load_base, load_tokenizer
from chatbot.models.registry import FAMILY_FILE, family_name, family_of, write_family
from chatbot.models.render import render_prompt

REPORT_FILE = "merge_report.json"
_RECORD = {
    "name": "和平里宾馆",
    "type": "舒适型",
    "address": "和平里南街8号",
    "subway": "和平里北街地铁站B口",
    "phone": "010-64280000",
    "facilities": ["免费wifi", "棋牌室"],
    "price": 320,
    "rating": 4.6,
    "nearby_attractions": [],
    "nearby_restaurants": [],
}
PROBES: tuple[tuple[Message, ...], ...] = (
    (user("找一家经济型酒店，要能打麻将，评分4.5以上。"),),
    (user("你好"),),
    (
        user("500元以内带棋牌室的有吗？"),
        call({"facilities": ["棋牌室"], "price_range_upper": 500}),
        observation([_RECORD]),
    ),
)
"""Conversations (with an invented hotel) whose continuations are compared: a call, a greeting, an answer about a record."""


@dataclass(frozen=True)
class Comparison:
    """How far two models' outputs are apart on the same texts.

    Attributes:
        max_logit_difference: the largest absolute difference of any logit.
        mean_logit_difference: the mean absolute difference.
        greedy_agreement: share of positions at which both prefer the same next token, 0–1.
        positions: how many positions were compared.
    """

    max_logit_difference: float
    mean_logit_difference: float
    greedy_agreement: float
    positions: int


def compare(reference: Sequence[torch.Tensor], other: Sequence[torch.Tensor]) -> Comparison:
    """Compare logits of the same texts, each of shape (tokens, vocabulary)."""
    gaps = [torch.sub(a, b).abs() for a, b in zip(reference, other, strict=True)]
    same = [torch.eq(a.argmax(-1), b.argmax(-1)) for a, b in zip(reference, other, strict=True)]
    positions = sum(s.numel() for s in same)
    return Comparison(
        max_logit_difference=max(float(g.max()) for g in gaps),
        mean_logit_difference=sum(float(g.sum()) for g in gaps) / sum(g.numel() for g in gaps),
        greedy_agreement=sum(int(s.sum()) for s in same) / positions,
        positions=positions,
    )


@torch.inference_mode()
def continuations(
    model: PreTrainedModel | PeftModel, prompts: Sequence[Sequence[int]], new_tokens: int = 24
) -> list[list[int]]:
    """Each prompt's ids with the model's own greedy continuation: the texts on which two models are compared."""
    out = []
    for prompt in prompts:
        ids = torch.tensor([prompt], device=model.device)
        options: dict[str, Any] = {
            "attention_mask": torch.ones_like(ids),
            "do_sample": False,
            "max_new_tokens": new_tokens,
            "pad_token_id": 0,
        }
        grown: torch.Tensor = model.generate(input_ids=ids, **options)
        out.append(grown[0].tolist())
    return out


@torch.inference_mode()
def logits(model: PreTrainedModel | PeftModel, texts: Sequence[Sequence[int]]) -> list[torch.Tensor]:
    """Next-token logits at every position of each text, fp32 on the CPU, each of shape (tokens, vocabulary)."""
    return [model(input_ids=torch.tensor([ids], device=model.device)).logits[0].float().cpu() for ids in texts]


def merge(
    base: Path,
    adapter: Path,
    out: Path,
    *,
    precision: Precision = "auto",
    against_nf4: bool = False,
    device: str | None = None,
) -> dict[str, Any]:
    """Load the base unquantised, fold the adapter in, save a plain checkpoint, and compare what was saved with base + adapter.

    The folder gets safetensors, the tokenizer with its chat template, the family's name and the report; it appears only when complete.

    Args:
        base: the base model's folder.
        adapter: a LoRA-like adapter's folder; the precision that it was trained in does not matter.
        out: a new folder.
        precision: of the merged weights; "nf4" cannot be merged into.
        against_nf4: also compare with the adapter on the 4-bit base, as QLoRA trained it.
        device: where to compute; the fastest device where not given.

    Returns:
        The report: the paths, the dtype, and `merged_vs_unmerged` (and `merged_vs_nf4`) as `Comparison` fields.

    Raises:
        InputError: `out` is in use, or the precision cannot be merged into.
        ModelError: the adapter is of a kind that no weights can hold, or broken.
    """
    _check(adapter, out, precision)
    tokenizer = load_tokenizer(base, adapter)
    family = family_of(_with_file(FAMILY_FILE, base, adapter) or base)
    prompts = [render_prompt(probe, [SEARCH_HOTELS], family, tokenizer) for probe in PROBES]
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    texts, before, dtype = _fold(
        load_adapters(load_base(base, precision, device=device), {"default": adapter}), part, prompts
    )
    _save_words(tokenizer, base, adapter, part)
    after = logits(load_base(part, precision, device=device), texts)
    report = {
        "base": str(base),
        "adapter": str(adapter),
        "out": str(out),
        "dtype": dtype,
        "merged_vs_unmerged": asdict(compare(before, after)),
    }
    if against_nf4:
        quantised = logits(load_adapters(load_base(base, "nf4", device=device), {"default": adapter}), texts)
        report["merged_vs_nf4"] = asdict(compare(quantised, after))
    (part / REPORT_FILE).write_text(json.dumps(report, ensure_ascii=False, indent=2), encoding="utf-8")
    (part / CARD).write_text(_card(base, adapter, out, report), encoding="utf-8")
    part.replace(out)
    return report


def _check(adapter: Path, out: Path, precision: Precision) -> None:
    if precision == "nf4":
        raise InputError("models.merge_quantised", value=precision)
    if out.exists():
        raise InputError("models.output_taken", value=out)
    try:
        kind = PeftConfig.from_pretrained(str(adapter))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError("models.no_adapter", value=adapter) from error
    if kind.is_prompt_learning:
        raise ModelError("models.learned_prompt", value=kind.peft_type.value)


def _fold(
    model: PeftModel, part: Path, prompts: Sequence[Sequence[int]]
) -> tuple[list[list[int]], list[torch.Tensor], str]:
    """Merge and save; in a function of its own, so that the weights are freed before the saved ones are loaded."""
    texts = continuations(model, prompts)
    before = logits(model, texts)
    try:
        merged = model.merge_and_unload(safe_merge=True)
    except (ValueError, NotImplementedError) as error:
        raise ModelError("models.unmerged", value=error) from error
    merged.save_pretrained(part)
    return texts, before, str(merged.dtype).removeprefix("torch.")


def _with_file(name: str, base: Path, adapter: Path) -> Path | None:
    """The folder that holds a file: the adapter's own wins over its base's."""
    return next((folder for folder in (Path(adapter), Path(base)) if (folder / name).is_file()), None)


def _save_words(tokenizer: PreTrainedTokenizerBase, base: Path, adapter: Path, part: Path) -> None:
    """Everything beside the weights: tokenizer, chat template, the family's name."""
    tokenizer.save_pretrained(part)
    if folder := _with_file("chat_template.jinja", base, adapter):
        shutil.copyfile(folder / "chat_template.jinja", part / "chat_template.jinja")
    write_family(part, family_name(_with_file(FAMILY_FILE, base, adapter) or base))


def _card(base: Path, adapter: Path, out: Path, report: dict[str, Any]) -> str:
    """The merged model's card: what it was folded from, how closely it answers like that, and what its adapter's card says."""
    head = metadata(out.name, base, library="transformers", relation="finetune")
    own = adapter / CARD
    told = own.read_text(encoding="utf-8", errors="replace").split("---", 2)[-1].strip() if own.is_file() else ""
    before = told.partition("## How to call it")[0].strip()
    same = report["merged_vs_unmerged"]
    return f"""{head}# {out.name}

`{title_of(base)}` with an adapter folded in ({report["dtype"]}). On three conversations the largest difference of any logit is
{same["max_logit_difference"]:.2g}, and {same["greedy_agreement"]:.1%} of {same["positions"]} next tokens are the same.

{calling(str(out), family_name(_with_file(FAMILY_FILE, base, adapter) or base), adapter=False)}
{f"What its adapter was made of:{chr(10)}{chr(10)}#{before}" if before else ""}
"""
