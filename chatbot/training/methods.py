"""The six ways to adapt a model without training all of it, as one table: what each does, when it fits, which options it takes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatbot.core.errors import InputError
from chatbot.training.fitted.rates import ADALORA, LORA, Rate, everywhere, fitted_rate

if TYPE_CHECKING:
    from peft import PeftConfig

    from chatbot.training.config import FinetuneConfig


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        title, says, fits: its name, what it does, and when it is the right one; each (Chinese, English).
        options: the fields of FinetuneConfig that belong to it.
        rates: the default learning rate by the base's size, each with its source.
        quantised: the base is loaded in 4-bit NF4.
        prompts: it learns virtual tokens in front of the text; such rows hold one conversation each, so nothing is packed.
        checkpointing: whether it may be combined with gradient checkpointing.
    """

    name: str
    title: tuple[str, str]
    says: tuple[str, str]
    fits: tuple[str, str]
    options: tuple[str, ...]
    rates: tuple[Rate, ...]
    quantised: bool = False
    prompts: bool = False
    checkpointing: bool = True

    def learning_rate(self, parameters: int) -> float:
        """The default for a base of so many parameters."""
        return fitted_rate(self.rates, parameters).rate


_LORA = ("rank", "alpha", "dropout", "modules")
_VARIANTS = ("rslora", "dora", "loraplus")
"""What plain LoRA can do besides, on a quantised base too."""
METHODS: dict[str, Method] = {
    m.name: m
    for m in (
        Method(
            "qlora",
            ("QLoRA", "QLoRA"),
            (
                "基座压缩到 4 位，只训练旁边的小矩阵",
                "The base is squeezed to 4 bits; only small matrices beside it are trained",
            ),
            (
                "显存不够时的首选，7B 模型约需 6–8 GB",
                "First choice where memory is short: a 7B model needs about 6–8 GB",
            ),
            (*_LORA, *_VARIANTS),
            LORA,
            quantised=True,
        ),
        Method(
            "lora",
            ("LoRA", "LoRA"),
            (
                "基座不变，给每个线性层加一对小矩阵",
                "The base stays as it is; every linear layer gets a pair of small matrices",
            ),
            (
                "显存放得下基座时，比 QLoRA 更快、更准",
                "Faster and a little better than QLoRA where the base fits into memory",
            ),
            (*_LORA, *_VARIANTS),
            LORA,
        ),
        Method(
            "adalora",
            ("AdaLoRA", "AdaLoRA"),
            (
                "像 LoRA，但训练中把秩分给更重要的层",
                "Like LoRA, but ranks move to the layers that matter while it trains",
            ),
            ("参数预算很紧、训练步数较多时", "Where the adapter must be small and there are many steps"),
            (*_LORA, "target_rank"),
            ADALORA,
        ),
        Method(
            "prompt-tuning",
            ("Prompt Tuning", "Prompt Tuning"),
            ("只学习放在对话前面的几个虚拟词", "Learns only a few virtual words in front of the conversation"),
            ("适配器最小（几十 KB）；大模型才见效", "The smallest adapter (kilobytes); pays off on large models"),
            ("virtual_tokens",),
            everywhere(3e-2),
            prompts=True,
        ),
        Method(
            "p-tuning",
            ("P-Tuning", "P-Tuning"),
            (
                "虚拟词由一个小网络生成，比 Prompt Tuning 更稳",
                "A small network writes the virtual words: steadier than Prompt Tuning",
            ),
            ("理解类任务，数据较少时", "Understanding tasks with little data"),
            ("virtual_tokens", "encoder_size"),
            everywhere(5e-3),
            prompts=True,
        ),
        Method(
            "prefix-tuning",
            ("Prefix-Tuning", "Prefix-Tuning"),
            ("在每一层的注意力前面加可学习的前缀", "Puts learned keys and values before the attention of every layer"),
            ("生成类任务；不改权重，一个基座带多个任务", "Writing tasks; many tasks on one untouched base"),
            ("virtual_tokens",),
            everywhere(1e-2),
            prompts=True,
            checkpointing=False,
        ),
    )
}


def method(name: str) -> Method:
    """Look a method up.

    Raises:
        InputError: no such method; the message names the six.
    """
    if name not in METHODS:
        raise InputError("training.method", value=name, choices=METHODS)
    return METHODS[name]


def targets(wanted: Iterable[str], present: Iterable[str]) -> list[str] | str:
    """The family's linear layers where the model has any of them, else peft's "all-linear".

    Args:
        wanted: names of linear layers, as the family lists them.
        present: dotted names of the model's modules.
    """
    ends = {name.rsplit(".", 1)[-1] for name in present}
    return sorted(set(wanted) & ends) or "all-linear"


def peft_config(config: "FinetuneConfig", layers: list[str] | str, total_steps: int) -> "PeftConfig":
    """What peft is given.

    Args:
        config: the run's configuration.
        layers: from `targets`.
        total_steps: optimiser steps of the whole run; AdaLoRA's budget schedule needs them.
    """
    import peft

    task: dict[str, Any] = {"task_type": "CAUSAL_LM"}
    lora: dict[str, Any] = task | {"lora_alpha": config.alpha, "lora_dropout": config.dropout, "target_modules": layers}
    virtual: dict[str, Any] = task | {"num_virtual_tokens": config.virtual_tokens}
    if config.method in ("qlora", "lora"):
        return peft.LoraConfig(r=config.rank, use_rslora=config.rslora, use_dora=config.dora, **lora)
    if config.method == "adalora":
        return peft.AdaLoraConfig(
            init_r=config.rank, target_r=config.target_rank, total_step=total_steps, **_schedule(total_steps), **lora
        )
    if config.method == "prompt-tuning":
        return peft.PromptTuningConfig(**virtual)
    if config.method == "p-tuning":
        return peft.PromptEncoderConfig(encoder_hidden_size=config.encoder_size, **virtual)
    return peft.PrefixTuningConfig(**virtual)


def _schedule(total_steps: int) -> dict[str, Any]:
    """AdaLoRA: full rank for a tenth of the run, ranks fixed for the last third, so that the survivors are trained (arXiv:2303.10512)."""
    return {"tinit": total_steps // 10, "tfinal": total_steps // 3, "deltaT": max(1, total_steps // 50)}


def allocated_ranks(model: Any) -> dict[str, int]:
    """AdaLoRA's rank of every matrix as it stands now; {} for a model of another method."""
    return {
        name.removesuffix(".lora_E.default"): int((p != 0).sum())
        for name, p in model.named_parameters()
        if name.endswith("lora_E.default")
    }
