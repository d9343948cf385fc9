"""A tokenizer learning: the sentence in pieces after so many merges, what would be merged next, and the pieces of finished tokenizers."""

from pathlib import Path

from chatbot.lesson.merges import Learning, as_bytes, finished, learn
from chatbot.ui.i18n.translate import translate
from chatbot.ui.lesson.exhibit import Drawn, Sight, Values
from chatbot.ui.lesson.pictures import bars, grid, panel, pieces


def draw(values: Values, sight: Sight) -> Drawn:
    """The learning so far, and the same sentence as three finished tokenizers cut it."""
    found = learn(values["text"], values["units"], values["done"])
    now = [_pieces(found, sight), _pairs(found, sight), _learned(found, sight)]
    return Drawn(grid(now) + grid(_finished(values["text"], sight)), {"done": max(1, len(found.merges))})


def _pieces(found: Learning, sight: Sight) -> str:
    newest = found.merges[found.done - 1] if found.done else None
    told = translate(sight.who, "lesson.merges.count", n=len(found.pieces), done=found.done, of=len(found.merges))
    lit = [at for at, piece in enumerate(found.pieces) if newest and piece == newest.whole]
    return panel(translate(sight.who, "lesson.merges.now"), pieces(found.pieces, lit), told, "wide")


def _pairs(found: Learning, sight: Sight) -> str:
    rows = [(pair, float(n), f"× {n}") for pair, n in found.pairs]
    last = found.done == len(found.merges)
    told = translate(sight.who, "lesson.merges.end") if last else ""
    return panel(translate(sight.who, "lesson.merges.pairs"), bars(rows, lit=() if last else (0,), wide=140), told)


def _learned(found: Learning, sight: Sight) -> str:
    whole = [merge.whole for merge in found.merges[: found.done]]
    return panel(translate(sight.who, "lesson.merges.learned", n=len(whole)), pieces(whole, [len(whole) - 1]))


def _finished(text: str, sight: Sight) -> list[str]:
    folders: dict[str, Path] = {"hotel-mini": sight.settings.tuned, "hotel-mini-base": sight.settings.base}
    cut = {name: finished(folder, text) for name, folder in folders.items() if (folder / "tokenizer.json").is_file()}
    cut["bytes"] = as_bytes(text)
    return [
        panel(translate(sight.who, f"lesson.merges.{name}", n=len(found)), pieces(found)) for name, found in cut.items()
    ]
