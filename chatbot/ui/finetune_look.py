"""What the Fine-tune tab shows before a start: the six methods, what the model will see, and what the run will cost."""

from html import escape
from pathlib import Path
from typing import Any

from chatbot.settings import DATA, Settings
from chatbot.training.config import FinetuneConfig
from chatbot.training.methods import METHODS
from chatbot.ui.finetune_curves import lengths, memory_bar, packing, tokens
from chatbot.ui.finetune_told import duration
from chatbot.ui.words import language, say

WORDS = {
    "finetune.shipped.first_calls": ("随附：口语第一句和它的查询", "Shipped: first requests and their calls"),
    "finetune.shipped.train": ("随附：整段口语酒店对话", "Shipped: whole dialogues"),
    "finetune.look.tokens": ("这一例，模型看到的词元（绿色是要学着写的）", "This example as the model sees it (green is what it learns to write)"),
    "finetune.look.cut": ("超出长度，被截掉", "behind the cut"),
    "finetune.look.packed": ("打包后：每行 {length} 个词元，{filled:.0%} 有用", "Packed: rows of {length} tokens, {filled:.0%} of them useful"),
    "finetune.look.padded": ("不打包：{filled:.0%} 有用，其余是填充", "Unpacked: {filled:.0%} useful, the rest is padding"),
    "finetune.look.lengths": ("对话长度（词元）", "Lengths of conversations (tokens)"),
    "finetune.look.count": (
        "{conversations} 段对话，{tokens:,} 个词元，其中 {share:.0%} 参与训练；{cut} 段超长被截断；共 {steps} 步",
        "{conversations} conversations, {tokens:,} tokens, {share:.0%} of them trained; {cut} are cut; {steps} steps",
    ),
    "finetune.est.trainable": ("要训练 {trainable:,} 个参数，占 {share:.2%}", "{trainable:,} parameters train, {share:.2%} of all"),
    "finetune.est.fits": ("放得下：峰值约 {peak:.0f} MB", "It fits: about {peak:.0f} MB at the peak"),
    "finetune.est.tight": ("放不下：{advice}", "It does not fit: {advice}"),
    "finetune.est.time": ("大约需要 {time}", "It will take about {time}"),
    "finetune.est.free": ("可用", "free"),
    "finetune.est.weights": ("基座", "base"),
    "finetune.est.constants": ("量化常数", "quantisation"),
    "finetune.est.adapter": ("适配器", "adapter"),
    "finetune.est.gradients": ("梯度", "gradients"),
    "finetune.est.optimiser": ("优化器", "optimiser"),
    "finetune.est.activations": ("激活值", "activations"),
    "finetune.est.passing": ("输出层与临时", "output layer, temporary"),
    "finetune.est.program": ("程序本身", "program"),
}
SHIPPED = ("first_calls", "train")
PARTS = ("program", "weights", "constants", "adapter", "gradients", "optimiser", "activations", "passing")


def method_choices(who: Any) -> list[tuple[str, str]]:
    """The six methods as cards: name and sentence in the person's language → value."""
    side = 0 if language(who) == "zh" else 1
    return [(f"{m.title[side]}\n{m.says[side]}\n{m.fits[side]}", name) for name, m in METHODS.items()]


def bases(settings: Settings) -> list[tuple[str, str]]:
    """Base models at hand: the shipped one and full models in the workspace."""
    found = [path.parent for path in settings.workspace.glob("**/config.json") if (path.parent / "workbench.json").is_file()]
    models = [folder for folder in found if not (folder / "adapter_config.json").is_file() and "checkpoints" not in folder.parts]
    return [(folder.name, str(folder)) for folder in [settings.base, *models] if (folder / "config.json").is_file()]


def data_files(settings: Settings, who: Any) -> list[tuple[str, str]]:
    """Conversations at hand: the shipped training sets and the sets exported in the workspace."""
    shipped = [DATA / "conversations" / f"{name}.jsonl" for name in SHIPPED]
    exported = sorted(settings.workspace.glob("**/train.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [(say(who, f"finetune.shipped.{path.stem}"), str(path)) for path in shipped] + [(f"{path.parent.name}/{path.stem}", str(path)) for path in exported]


def look(fields: dict[str, Any], index: int, who: Any) -> str:
    """The preview of one example and of the whole data set."""
    from chatbot.training.preview import preview

    config = FinetuneConfig(**{**fields, "out": Path()})
    found = preview(config, index)
    count = found.statistics
    told = say(
        who,
        "finetune.look.count",
        conversations=count.conversations,
        tokens=count.tokens,
        share=count.trained / count.tokens,
        cut=count.cut,
        steps=found.steps,
    )
    blocks = [
        f'<p class="quiet">{escape(told)}</p>',
        _titled(say(who, "finetune.look.tokens"), tokens(found, say(who, "finetune.look.cut"))),
        _titled(say(who, "finetune.look.packed", length=config.max_length, filled=count.filled), packing(found.packed)),
        _titled(say(who, "finetune.look.padded", filled=count.rows_padded_filled), packing(found.padded)),
        _titled(say(who, "finetune.look.lengths"), lengths(found.histogram)),
    ]
    return "".join(blocks)


def _titled(title: str, body: str) -> str:
    return f'<section class="look"><h4>{escape(title)}</h4>{body}</section>'


def cost(fields: dict[str, Any], hotels: Path, who: Any) -> str:
    """The estimate as a bar against the machine's memory, and the time."""
    from chatbot.evaluation.checkpoints import evaluator_of
    from chatbot.training.estimate import SAMPLE, estimate

    config = FinetuneConfig(**{**fields, "out": Path()})
    found = estimate(config, evaluator=evaluator_of(config, hotels, SAMPLE))
    names = {part: say(who, f"finetune.est.{part}") for part in PARTS}
    fits = say(who, "finetune.est.fits", peak=found.peak / 2**20) if found.fits else say(who, "finetune.est.tight", advice=found.advice)
    lines = [fits, say(who, "finetune.est.trainable", trainable=found.trainable, share=found.trainable / found.parameters)]
    if found.seconds is not None:
        lines.append(say(who, "finetune.est.time", time=duration(found.seconds, who)))
    told = "".join(f"<p>{escape(text)}</p>" for text in lines)
    return f'<div class="cost">{told}{memory_bar(found, names, say(who, "finetune.est.free"))}</div>'
