"""Plots as inline SVG: the same drawing stands in the page, in the printed report and in both colour schemes."""

from collections.abc import Sequence
from html import escape
from typing import Any

from chatbot.evaluation.reporting.labels import METRICS, SLOTS, label, shown

COLOURS = ("#64748b", "#0f9488", "#c2670c")
"""One a model; told apart in light and dark, and by people who see few colours (they differ in lightness too)."""
MARKS = ("circle", "square", "diamond")
LEFT, WIDTH, ROW = 132, 330, 16


def legend(models: Sequence[str]) -> str:
    """Which mark is whose."""
    items = (
        f'<span class="key"><svg width="14" height="14">{_mark(i, 7, 7)}</svg> {escape(name)}</span>'
        for i, name in enumerate(models)
    )
    return f'<p class="legend">{"　".join(items)}</p>'


def _mark(model: int, x: float, y: float) -> str:
    colour = COLOURS[model % len(COLOURS)]
    if MARKS[model % len(MARKS)] == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'
    turned = f' transform="rotate(45 {x:.1f} {y:.1f})"' if MARKS[model % len(MARKS)] == "diamond" else ""
    return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{colour}"{turned}/>'


def _point(model: int, y: float, value: float, bounds: Sequence[float] | None, title: str) -> str:
    x, colour = LEFT + WIDTH * value, COLOURS[model % len(COLOURS)]
    low, high = (LEFT + WIDTH * edge for edge in bounds or (value, value))
    line = f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}" stroke-width="2"/>'
    return f"<g><title>{escape(title)}</title>{line}{_mark(model, x, y)}</g>"


def _chart(rows: Sequence[tuple[str, Sequence[tuple[float | None, Sequence[float] | None, str]]]], name: str) -> str:
    """Dots with intervals on an axis from 0 to 100%: rows of (label, one (value, interval, title) a model)."""
    height, parts, y = 26.0, [], 26.0
    for text, points in rows:
        band = ROW * max(1, len(points)) + 8
        parts.append(
            f'<text x="{LEFT - 10}" y="{y + band / 2 + 1:.1f}" text-anchor="end" font-size="12.5">{escape(text)}</text>'
        )
        parts += [
            _point(i, y + 4 + ROW * (i + 0.5), value, bounds, title)
            for i, (value, bounds, title) in enumerate(points)
            if value is not None
        ]
        y += band
        parts.append(
            f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" opacity="0.12"/>'
        )
    height = y + 6
    grid = "".join(
        f'<line x1="{LEFT + WIDTH * t / 4:.0f}" x2="{LEFT + WIDTH * t / 4:.0f}" y1="22" y2="{y:.1f}" stroke="currentColor" opacity="0.18"/>'
        f'<text x="{LEFT + WIDTH * t / 4:.0f}" y="14" text-anchor="middle" font-size="11.5">{25 * t}%</text>'
        for t in range(5)
    )
    size = f'viewBox="0 0 {LEFT + WIDTH + 24} {height:.0f}"'
    return f'<svg class="plot" role="img" aria-label="{escape(name)}" {size} fill="currentColor">{grid}{"".join(parts)}</svg>'


def metric_chart(figures: Sequence[dict[str, Any]], names: Sequence[str], language: str = "zh") -> str:
    """Figures of several models with their 95% intervals; BLEU is drawn as a share of 100."""
    rows = []
    for name in names:
        scale = 100 if name == "bleu4" else 1
        points = [
            (_scaled(f[name], scale), _both(f["intervals"].get(name), scale), f"{f['model']}: {shown(name, f[name])}")
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
            (s.get("f1"), s.get("interval"), f"{f['model']}: {shown('f1', s.get('f1'))}, n={s.get('gold', 0)}")
            for f, s in zip(figures, found, strict=True)
        ]
        rows.append((label(SLOTS, name, language), points))
    return _chart(rows, "slots")


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value / scale


def _both(bounds: Sequence[float] | None, scale: float) -> list[float] | None:
    return [edge / scale for edge in bounds] if bounds else None
