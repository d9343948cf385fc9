"""What the Fine-tune tab shows before a start: the six methods, what the model will see, and what the run will cost."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.core.settings import DATA, Settings
from chatbot.models.bring.shelf import PART
from chatbot.training.config import FinetuneConfig
from chatbot.training.methods import METHODS
from chatbot.ui.charts.curves import lengths, memory_bar, packing, tokens
from chatbot.ui.finetune.status import duration
from chatbot.ui.i18n.translate import in_language, translate
from chatbot.ui.shell.html import quiet

if TYPE_CHECKING:
    from chatbot.training.estimate import Estimate

SHIPPED = ("first_calls", "train")
PARTS = ("program", "weights", "constants", "adapter", "gradients", "optimiser", "activations", "passing", "allocator")


def method_choices(who: Any) -> list[tuple[str, str]]:
    """The six methods as cards: name and sentence in the person's language → value."""
    return [
        ("\n".join(in_language(who, words) for words in (method.title, method.says, method.fits)), name)
        for name, method in METHODS.items()
    ]


def bases(settings: Settings) -> list[tuple[str, str]]:
    """Base models at hand: the shipped one and full models in the workspace."""
    found = [
        path.parent for path in settings.workspace.glob("**/config.json") if (path.parent / "workbench.json").is_file()
    ]
    models = [
        folder
        for folder in found
        if not (folder / "adapter_config.json").is_file()
        and "checkpoints" not in folder.parts
        and not folder.name.endswith(PART)
    ]
    return [(folder.name, str(folder)) for folder in [settings.base, *models] if (folder / "config.json").is_file()]


def data_files(settings: Settings, who: Any) -> list[tuple[str, str]]:
    """Conversations at hand: the shipped training sets and the sets exported in the workspace."""
    shipped = [DATA / "conversations" / f"{name}.jsonl" for name in SHIPPED]
    exported = sorted(settings.workspace.glob("**/train.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [(translate(who, f"finetune.shipped.{path.stem}"), str(path)) for path in shipped] + [
        (f"{path.parent.name}/{path.stem}", str(path)) for path in exported
    ]


def example_preview(config: FinetuneConfig, index: int, who: Any) -> str:
    """The preview of one example and of the whole data set."""
    from chatbot.training.preview import preview

    found = preview(config, index)
    count = found.statistics
    told = translate(
        who,
        "finetune.look.count",
        conversations=count.conversations,
        tokens=count.tokens,
        share=count.trained / count.tokens,
        cut=count.cut,
        steps=found.steps,
    )
    blocks = [
        quiet(escape(told)),
        _titled(translate(who, "finetune.look.tokens"), tokens(found, translate(who, "finetune.look.cut"))),
        _titled(
            translate(who, "finetune.look.packed", length=found.length, filled=count.filled), packing(found.packed)
        ),
        _titled(translate(who, "finetune.look.padded", filled=count.rows_padded_filled), packing(found.padded)),
        _titled(translate(who, "finetune.look.lengths"), lengths(found.histogram)),
    ]
    return "".join(blocks)


def _titled(title: str, body: str) -> str:
    return f'<section class="look"><h4>{escape(title)}</h4>{body}</section>'


def cost_preview(config: FinetuneConfig, hotels: Path, who: Any) -> str:
    """The estimate as a bar against the machine's memory, and the time."""
    from chatbot.evaluation.checkpoints import evaluators
    from chatbot.training.estimate import estimate
    from chatbot.training.fitted.timing import SAMPLE

    found = estimate(config, evaluator_of=evaluators(hotels, SAMPLE))
    names = {part: translate(who, f"finetune.est.{part}") for part in PARTS}
    fits = (
        translate(who, "finetune.est.fits", peak=found.peak / 2**20)
        if found.fits
        else translate(who, "finetune.est.tight", advice=found.advice)
    )
    lines = [
        fits,
        translate(who, "finetune.est.trainable", trainable=found.trainable, share=found.trainable / found.parameters),
    ]
    if found.seconds is not None:
        lines.append(translate(who, "finetune.est.time", time=duration(found.seconds, who)))
    lines += _chosen(found, who)
    told = "".join(f"<p>{escape(text)}</p>" for text in lines)
    return f'<div class="cost">{told}{memory_bar(found, names, translate(who, "finetune.est.free"))}</div>'


def _chosen(found: "Estimate", who: Any) -> list[str]:
    """Row length and learning rate, each with its reason."""
    fit = found.fitted
    sizes = "; ".join(
        translate(who, "finetune.fit.size", length=length, whole=fit.whole[length], peak=peak / 2**20)
        for length, peak in fit.peaks.items()
    )
    rows = translate(who, "finetune.fit.rows", length=fit.row_length, sizes=sizes)
    cut = [translate(who, "finetune.fit.cut", n=fit.cut, all=found.conversations)] if fit.cut else []
    source = fit.source or translate(who, "finetune.fit.given")
    return [rows, *cut, translate(who, "finetune.fit.rate", rate=fit.learning_rate, source=source)]
