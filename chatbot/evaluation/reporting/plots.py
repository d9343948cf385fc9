"""Plots as inline SVG: the same drawing stands in the page, in the printed report and in both colour schemes."""

from collections.abc import Sequence
from typing import Any

from chatbot.core import svg
from chatbot.evaluation.reporting.labels import METRICS, SLOTS, figure_text, label

MODELS = (svg.GREY, svg.TEAL, svg.AMBER)
"""One a model; told apart by people who see few colours too, for each model has its own shape besides."""
LEFT, WIDTH, ROW, TOP = 132, 330, 16, 26
Point = tuple[float | None, Sequence[float] | None, str]


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


def _chart(rows: Sequence[tuple[str, Sequence[Point]]], name: str) -> str:
    """Dots with intervals on an axis from 0 to 100%: rows of (label, one (value, interval, title) a model)."""
    place, y, parts = svg.Scale(0, 1, LEFT, LEFT + WIDTH), float(TOP), []
    for text, points in rows:
        band = ROW * max(1, len(points)) + 8
        parts.append(svg.text(LEFT - 10, y + band / 2 + 1, text, anchor="end", size=12.5))
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
    """F1 of each slot with its 95% interval, one dot a model."""
    names = [name for name in SLOTS if any(name in f["slots"] for f in figures)]
    names += sorted({name for f in figures for name in f["slots"]} - set(names))
    rows = []
    for name in names:
        found = [f["slots"].get(name, {}) for f in figures]
        points = [
            (s.get("f1"), s.get("interval"), f"{f['model']}: {figure_text('f1', s.get('f1'))}, n={s.get('gold', 0)}")
            for f, s in zip(figures, found, strict=True)
        ]
        rows.append((label(SLOTS, name, language), points))
    return _chart(rows, "slots")


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value / scale


def _both(bounds: Sequence[float] | None, scale: float) -> list[float] | None:
    return [edge / scale for edge in bounds] if bounds else None
