"""Plots as inline SVG: the same drawing stands in the page, in the printed report and in both colour schemes."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from chatbot.core import svg
from chatbot.evaluation.reporting.labels import METRICS, SLOTS, figure_text, label

MODELS = (svg.GREY, svg.TEAL, svg.AMBER)
"""One a model; told apart by people who see few colours too, for each model has its own shape besides."""
LEFT, WIDTH, ROW, TOP = 158, 330, 16, 26
Point = tuple[float | None, Sequence[float] | None, str]
NOTES = MappingProxyType(
    {
        "absent": ("这批对话里没有", "does not occur here"),
        "times": (
            "括号里是这批对话里提到的次数；只有几次的，0% 或 100% 都说明不了什么。",
            "In brackets: how often it is asked for here; of a few times neither 0% nor 100% tells anything.",
        ),
        "unasked": ("这批对话里没有，所以没有成绩：{names}。", "Does not occur here, so there is no score: {names}."),
    }
)
"""What keeps a reader from taking something that was never asked for, or once, for a failure."""


def legend(models: Sequence[str]) -> str:
    """Which mark is whose."""
    return svg.legend((_mark(i, 7, 7), name) for i, name in enumerate(models))


def _mark(model: int, x: float, y: float) -> str:
    colour, shape = svg.colour(model, MODELS), model % 3
    return svg.square(x, y, 8, colour, turned=shape == 2) if shape else svg.circle(x, y, 4.5, colour)


def _point(model: int, place: svg.Scale, y: float, point: Point) -> str:
    value, bounds, title = point
    if value is None:
        return ""
    interval = svg.stroke(((place(edge), y) for edge in bounds or (value, value)), svg.colour(model, MODELS), 2)
    return svg.titled(title, interval, _mark(model, place(value), y))


def _chart(rows: Sequence[tuple[str, Sequence[Point] | str]], name: str) -> str:
    """Dots with intervals on an axis from 0 to 100%: rows of (label, a (value, interval, title) a model, or words)."""
    place, y, parts = svg.Scale(0, 1, LEFT, LEFT + WIDTH), float(TOP), []
    for text, points in rows:
        band = ROW * (1 if isinstance(points, str) else max(1, len(points))) + 8
        parts.append(svg.text(LEFT - 10, y + band / 2 + 4, text, anchor="end", size=12.5))
        if isinstance(points, str):
            parts.append(svg.text(LEFT + 10, y + band / 2 + 4, points, size=12.5))
        else:
            parts += [_point(i, place, y + 4 + ROW * (i + 0.5), point) for i, point in enumerate(points)]
        y += band
        parts.append(svg.rule(LEFT, y, LEFT + WIDTH, y))
    grid = (svg.rule(place(tick), TOP - 4, place(tick), y) for tick in place.ticks(4))
    names = (svg.text(place(tick), 14, f"{tick:.0%}", anchor="middle", size=11.5) for tick in place.ticks(4))
    return svg.drawing(LEFT + WIDTH + 24, y + 6, *grid, *names, *parts, name=name)


def metric_chart(figures: Sequence[dict[str, Any]], names: Sequence[str], language: str = "zh") -> str:
    """Figures of several models with their 95% intervals; BLEU is drawn as a share of 100."""
    rows = []
    for name in names:
        scale = 100 if name == "bleu4" else 1
        points = [
            (
                _scaled(f[name], scale),
                _both(f["intervals"].get(name), scale),
                f"{f['model']}: {figure_text(name, f[name])}",
            )
            for f in figures
        ]
        rows.append((label(METRICS, name, language), points))
    return _chart(rows, "metrics")


def slot_chart(figures: Sequence[dict[str, Any]], language: str = "zh") -> str:
    """F1 of each slot with its 95% interval, one dot a model, and how often it occurs; words where it does not."""
    rows: list[tuple[str, Sequence[Point] | str]] = []
    for name in _slots(figures):
        found, asked = [f["slots"].get(name, {}) for f in figures], _asked(figures, name)
        points = [
            (s.get("f1"), s.get("interval"), f"{f['model']}: {figure_text('f1', s.get('f1'))}, n={asked}")
            for f, s in zip(figures, found, strict=True)
        ]
        title = label(SLOTS, name, language)
        rows.append((f"{title} ({asked})", points) if asked else (title, label(NOTES, "absent", language)))
    return _chart(rows, "slots")


def slots_note(figures: Sequence[dict[str, Any]], language: str = "zh") -> str:
    """What to read the chart of slots with: what the numbers are, and which slots nobody asked for."""
    never = [label(SLOTS, name, language) for name in SLOTS if not _asked(figures, name)]
    told = label(NOTES, "times", language)
    if not never:
        return told
    names = ("、" if language == "zh" else ", ").join(never)
    return f"{told} {label(NOTES, 'unasked', language).format(names=names)}"


def _slots(figures: Sequence[Mapping[str, Any]]) -> list[str]:
    names = [name for name in SLOTS if any(name in f["slots"] for f in figures)]
    return names + sorted({name for f in figures for name in f["slots"]} - set(names))


def _asked(figures: Sequence[Mapping[str, Any]], name: str) -> int:
    """How often the data asks for a slot."""
    return max(int(f["slots"].get(name, {}).get("gold", 0)) for f in figures)


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value / scale


def _both(bounds: Sequence[float] | None, scale: float) -> list[float] | None:
    return [edge / scale for edge in bounds] if bounds else None
