"""One weight row in fp32, int8 and NF4: the buckets, what is lost, the bits, and what QLoRA computes in which type."""

from typing import Any

from torch import Tensor

from chatbot.core import svg
from chatbot.lesson.block import blocks
from chatbot.lesson.memory import BLOCK
from chatbot.lesson.quantise import LEVELS, TYPES, Coded, codes, weight_row
from chatbot.ui.i18n.translate import translate
from chatbot.ui.lesson.exhibit import Drawn, Sight, Values
from chatbot.ui.lesson.pictures import NEGATIVE, SIZE, WIDTH, grid, panel, rows_of

ROLES = ("stored", "scales", "computed", "adapter", "optimiser")
PLACES = ("gpu", "cpu")


def draw(values: Values, sight: Sight) -> Drawn:
    """The row's first 64 weights among their buckets, the whole row's errors, and QLoRA's types."""
    model, who = sight.model(values["model"]), sight.who
    limits = {"layer": len(blocks(model))}
    row = weight_row(model, min(values["layer"], limits["layer"]) - 1, values["matrix"], values["row"] - 1)
    coded = {name: make(row) for name, make in TYPES.items()}
    first = row[:BLOCK]
    int8_levels = (codes().new_tensor(range(-LEVELS, LEVELS + 1)) * row.abs().max() / LEVELS).tolist()
    nf4_levels = (codes() * first.abs().max()).tolist()
    panels = [
        panel(
            translate(who, "lesson.quantise.table"),
            _table(coded, row, who),
            translate(who, "lesson.quantise.table.told", n=len(row)),
            "wide",
        ),
        panel(translate(who, "lesson.quantise.nf4"), _buckets(first, coded["nf4"].back[:BLOCK], nf4_levels)),
        panel(translate(who, "lesson.quantise.int8"), _buckets(first, coded["int8"].back[:BLOCK], int8_levels)),
        panel(translate(who, "lesson.quantise.errors"), _errors(first, coded, who)),
        panel(translate(who, "lesson.quantise.types"), _types(who)),
    ]
    return Drawn(grid(panels), limits)


def _table(coded: dict[str, Coded], row: Tensor, who: Any) -> str:
    head = [translate(who, f"lesson.quantise.{name}") for name in ("type", "bits", "buckets", "rms", "worst")]
    lines = [
        (
            translate(who, f"lesson.o.{name}"),
            f"{found.bits:.3f}".rstrip("0").rstrip("."),
            f"{found.buckets:,}" if found.buckets < 1000 else "2³²",
            f"{found.error(row):.6f}",
            f"{found.worst(row):.6f}",
        )
        for name, found in coded.items()
    ]
    return rows_of("types", head, lines)


def _buckets(row: Tensor, back: Tensor, levels: list[float]) -> str:
    """Weights above, buckets below, a line from each weight to the bucket that it falls into."""
    most = max(float(row.abs().max()), 1e-9)
    scale = svg.Scale(-most, most, 8, WIDTH - 8)
    lines = [
        svg.titled(
            f"{float(w):+.4f} → {float(b):+.4f}",
            f'<g opacity="0.55">{svg.stroke([(scale(float(w)), 18), (scale(float(b)), 92)], svg.TEAL, 0.8)}</g>',
            svg.circle(scale(float(w)), 16, 2.2, svg.TEAL),
        )
        for w, b in zip(row, back, strict=True)
    ]
    inside = [level for level in levels if abs(level) <= most * 1.0001]
    ticks = [svg.box(scale(level) - 0.6, 92, 1.2, 14, NEGATIVE) for level in inside]
    ends = [
        svg.text(scale(v), 122, f"{v:+.3f}" if v else "0", anchor=a, size=SIZE)
        for v, a in ((-most, "start"), (0.0, "middle"), (most, "end"))
    ]
    return svg.drawing(WIDTH, 128, *lines, *ticks, *ends)


def _errors(row: Tensor, coded: dict[str, Coded], who: Any) -> str:
    """What each of the row's first weights loses in int8 and in NF4."""
    lost = {name: (coded[name].back[: len(row)] - row).abs().tolist() for name in ("nf4", "int8")}
    up = svg.Scale(0, max(*lost["nf4"], 1e-9), 110, 8)
    side = (WIDTH - 46) / len(row)
    shapes = [
        svg.box(46 + at * side, up(value), side - 1, 110 - up(value), tone, fill)
        for name, tone, fill in (("nf4", svg.TEAL, 0.55), ("int8", NEGATIVE, 1.0))
        for at, value in enumerate(lost[name])
    ]
    scale = [svg.text(42, up(v) + 4, f"{v:.4f}", anchor="end", size=10) for v in up.ticks(2)]
    names = [
        (svg.square(7, 7, 9, tone), translate(who, f"lesson.o.{name}"))
        for name, tone in (("nf4", svg.TEAL), ("int8", NEGATIVE))
    ]
    return svg.drawing(WIDTH, 116, *shapes, *scale) + svg.legend(names)


def _types(who: Any) -> str:
    head = [translate(who, f"lesson.quantise.{name}") for name in ("what", *PLACES)]
    lines = [
        [
            translate(who, f"lesson.quantise.{role}"),
            *(translate(who, f"lesson.quantise.{role}.{place}") for place in PLACES),
        ]
        for role in ROLES
    ]
    return rows_of("types", head, lines)
