"""Memory of a training run by part: full fine-tuning, LoRA and QLoRA on one base, with double quantisation and a paged optimiser."""

from typing import Any

from chatbot.core import svg
from chatbot.lesson.memory import PARTS, WAYS, config_of, parts, shape_of
from chatbot.ui.i18n.translate import translate
from chatbot.ui.lesson.exhibit import Drawn, Sight, Values
from chatbot.ui.lesson.pictures import SIZE, WIDTH, grid, panel, rows_of

HIGH = 44


def draw(values: Values, sight: Sight) -> Drawn:
    """A bar for each way, all on one scale, and the numbers that it is made of."""
    who, paged = sight.who, values["paged"] == "yes"
    folders = {"hotel-mini": sight.settings.tuned, "hotel-mini-base": sight.settings.base}
    shape = shape_of(config_of(values["base"], folders), values["rank"])
    found = {way: parts(shape, way) for way in WAYS}
    told = translate(
        who,
        "lesson.memory.told",
        total=shape.total,
        linear=shape.linear,
        adapter=shape.adapter,
        share=shape.adapter / shape.total,
    )
    return Drawn(
        grid(
            [
                panel(translate(who, "lesson.memory.bars"), _bars(found, paged, who), told),
                panel(translate(who, "lesson.memory.table"), _table(found, who)),
            ]
        )
    )


def _bars(found: dict[str, dict[str, int]], paged: bool, who: Any) -> str:
    whole = max(sum(one.values()) for one in found.values())
    scale = svg.Scale(0, whole, 0, WIDTH)
    shapes = []
    for at, (way, one) in enumerate(found.items()):
        y, x, away = at * HIGH, 0.0, one["optimiser"] if paged and way.startswith("qlora") else 0
        words = f"{translate(who, f'lesson.o.{way}')} · {size(sum(one.values()) - away)}"
        shapes.append(
            svg.text(
                0, y + 14, words + (translate(who, "lesson.memory.away", size=size(away)) if away else ""), size=SIZE
            )
        )
        for part, value in one.items():
            wide = scale(value)
            pale = bool(away) and part == "optimiser"
            box = svg.box(
                x, y + 20, max(wide, 0.6 if value else 0.0), 16, svg.colour(PARTS.index(part)), 0.25 if pale else 0.95
            )
            shapes.append(svg.titled(f"{translate(who, f'lesson.memory.{part}')}: {size(value)}", box))
            x += wide
    names = [translate(who, f"lesson.memory.{part}") for part in PARTS]
    return svg.drawing(WIDTH, HIGH * len(found), *shapes) + svg.series_legend(names)


def _table(found: dict[str, dict[str, int]], who: Any) -> str:
    head = ["", *(translate(who, f"lesson.o.{way}") for way in found)]
    lines = [
        [translate(who, f"lesson.memory.{part}"), *(size(one[part]) if one[part] else "—" for one in found.values())]
        for part in PARTS
    ]
    total = [translate(who, "lesson.memory.sum"), *(size(sum(one.values())) for one in found.values())]
    return rows_of("types", head, [*lines, total])


def size(count: int) -> str:
    """Bytes for people."""
    return f"{count / 2**30:.2f} GB" if count >= 2**30 else f"{count / 2**20:.2f} MB"
