"""Six ways to adapt: a diagram each with what is trained in colour, and how much rank a real change of weights uses."""

from typing import Any

from chatbot.core import svg
from chatbot.lesson.adapters import Trained, trained
from chatbot.lesson.delta import Delta, delta
from chatbot.training.methods import METHODS
from chatbot.ui.i18n.translate import in_language, translate
from chatbot.ui.lesson.exhibit import Drawn, Sight, Values
from chatbot.ui.lesson.pictures import NEGATIVE, SIZE, WIDTH, grid, panel

ATTENTION, FEED = ("q_proj", "k_proj", "v_proj", "o_proj"), ("gate_proj", "up_proj", "down_proj")
SHOWN = 96
"""Singular values that are drawn; those behind them are small."""


def draw(values: Values, sight: Sight) -> Drawn:
    """A panel a method, and the singular values of one matrix's change."""
    who, base = sight.who, sight.settings.base
    panels = []
    for name, method in METHODS.items():
        found = trained(base, name, values["rank"], values["virtual"])
        told = translate(
            who, "lesson.adapters.count", n=found.trainable, of=found.total, share=found.trainable / found.total
        )
        title = f"{in_language(who, method.title)} · {in_language(who, method.says)}"
        panels.append(panel(title, diagram(name, found, method.quantised, who), told))
    change = delta(values["layer"] - 1, values["matrix"])
    rank = values["rank"]
    told = translate(
        who,
        "lesson.adapters.kept",
        rank=rank,
        kept=change.kept(rank),
        of=len(change.values),
        ninety=change.rank_for(0.9),
    )
    return Drawn(
        grid([panel(translate(who, "lesson.adapters.delta"), _spectrum(change, rank), told), *panels]),
        {"layer": 7},
    )


def diagram(name: str, found: Trained, quantised: bool, who: Any) -> str:
    """One block of the base in grey, what is trained in teal: beside a matrix, before the text, or before the keys and values."""
    base = NEGATIVE if quantised else svg.GREY
    shapes = [_matrix(8 + 48 * at, 76, m, found, base) for at, m in enumerate(ATTENTION)]
    shapes += [_matrix(212 + 48 * at, 76, m, found, base) for at, m in enumerate(FEED)]
    shapes += [
        svg.text(8, 70, translate(who, "lesson.adapters.attention"), size=10),
        svg.text(212, 70, translate(who, "lesson.adapters.feed"), size=10),
    ]
    virtual = bool(found.parts.get("virtual"))
    if virtual:
        at = 118 if name == "prefix-tuning" else 8
        shapes += [svg.box(at + 14 * k, 8, 11, 22, svg.TEAL) for k in range(4)]
        shapes.append(svg.text(at + 62, 23, translate(who, f"lesson.adapters.{name}"), size=10))
        if name == "prefix-tuning":
            shapes += [svg.stroke([(at + 20 * k, 32), (8 + 48 * k + 20, 74)], svg.TEAL, 1.2) for k in (1, 2)]
    if not virtual or name != "prefix-tuning":
        start = 132 if virtual else 8
        shapes += [] if virtual else [svg.box(start + 14 * k, 8, 11, 22, svg.GREY, 0.35) for k in range(6)]
        shapes += [] if virtual else [svg.text(start + 90, 23, translate(who, "lesson.adapters.text"), size=10)]
    shapes.append(
        svg.text(8, 150, translate(who, "lesson.adapters.nf4" if quantised else "lesson.adapters.frozen"), size=10)
    )
    return svg.drawing(WIDTH, 156, *shapes)


def _matrix(x: float, y: float, name: str, found: Trained, base: str) -> str:
    """A frozen matrix, and the pair of small ones beside it where they are trained."""
    count = found.parts.get(name, 0)
    pair = svg.box(x + 32, y, 5, 44, svg.TEAL) + svg.box(x, y + 47, 30, 5, svg.TEAL) if count else ""
    words = svg.text(x + 15, y + 26, name.removesuffix("_proj"), anchor="middle", size=9.5)
    return svg.titled(f"{name}: {count:,}", svg.box(x, y, 30, 44, base, 0.22), words, pair)


def _spectrum(change: Delta, rank: int) -> str:
    """Singular values as bars; those that a rank keeps are teal."""
    shown = change.values[:SHOWN]
    side, up = (WIDTH - 40) / len(shown), svg.Scale(0, shown[0], 120, 8)
    boxes = [
        svg.titled(
            f"σ{at + 1} = {value:.4g}",
            svg.box(
                40 + at * side,
                up(value),
                side - 0.6,
                120 - up(value),
                svg.TEAL if at < rank else svg.GREY,
                0.95 if at < rank else 0.35,
            ),
        )
        for at, value in enumerate(shown)
    ]
    scale = [svg.text(36, up(v) + 4, f"{v:.2f}", anchor="end", size=SIZE) for v in up.ticks(2)]
    marks = [
        svg.text(40 + (n - 0.5) * side, 134, str(n), anchor="end" if n == SHOWN else "middle", size=SIZE)
        for n in (1, 16, 32, 64, 96)
    ]
    return svg.drawing(WIDTH, 140, *boxes, *scale, *marks)
