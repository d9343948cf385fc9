"""Curves, bars and pictures of the Fine-tune tab as plain SVG and HTML: they need no library and no network, and follow light and dark."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from chatbot.core import svg
from chatbot.ui.shell.html import para, quiet

if TYPE_CHECKING:
    from chatbot.training.estimate import Estimate
    from chatbot.training.preview import Preview, Row

Point = tuple[float, float]
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 320, 150, 44, 6, 124


def chart(title: str, series: Mapping[str, Sequence[Point]], *, shares: bool = False) -> str:
    """One small chart with a line a series, shares on an axis from 0 to 1; "" where no series has a point."""
    points = [p for line in series.values() for p in line]
    if not points:
        return ""
    across, up = _scales(points, shares)
    lines = "".join(_line(line, across, up, svg.colour(i)) for i, line in enumerate(series.values()) if line)
    legend = svg.series_legend(series) if len(series) > 1 else ""
    picture = svg.drawing(WIDTH, HEIGHT, _axes(across, up), lines)
    return f'<figure class="curve"><figcaption>{escape(title)}{legend}</figcaption>{picture}</figure>'


def _scales(points: Sequence[Point], shares: bool) -> tuple[svg.Scale, svg.Scale]:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    low, high = min(ys), max(ys)
    pad = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    bottom = low - pad if low < 0 else max(0.0, low - pad)  # nothing that is never negative gets an axis below zero
    across = svg.Scale(min(xs), max(*xs, min(xs) + 1), LEFT, WIDTH - 4)
    return across, svg.Scale(0, 1, BOTTOM, TOP) if shares else svg.Scale(bottom, high + pad, BOTTOM, TOP)


def _axes(across: svg.Scale, up: svg.Scale) -> str:
    """Three values up, the first and the last step across."""
    rules = (svg.rule(LEFT, up(value), WIDTH, up(value)) for value in up.ticks(2))
    labels = (svg.text(LEFT - 4, up(value) + 4, _label(value), anchor="end", size=10) for value in up.ticks(2))
    first = svg.text(LEFT, HEIGHT - 4, f"{across.low:.0f}", size=10)
    last = svg.text(WIDTH, HEIGHT - 4, f"{across.high:.0f}", anchor="end", size=10)
    return "".join((*rules, *labels, first, last))


def _label(value: float) -> str:
    """A value in the few characters that there is room for."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if 0 < abs(value) < 0.001:
        return f"{value:.0e}"
    return f"{value:.2g}" if abs(value) < 0.01 else f"{value:.3g}"


def _line(line: Sequence[Point], across: svg.Scale, up: svg.Scale, colour: str) -> str:
    places = [(across(x), up(y)) for x, y in line]
    return svg.stroke(places, colour) + svg.circle(*places[-1], 2.5, colour)


def memory_bar(found: "Estimate", names: Mapping[str, str], free: str) -> str:
    """The peak by part as one stacked bar against what is free, with a legend in megabytes."""
    whole = max(found.available, found.peak)
    parts = [(names.get(name, name), size) for name, size in found.memory.items() if size]
    bar = "".join(_block(k, max(0.004, size / whole)) for k, (_, size) in enumerate(parts))
    legend = svg.series_legend(f"{name} {_size(size)}" for name, size in parts)
    return f'<div class="bar">{bar}</div>{legend}{quiet(f"{escape(free)} {_size(found.available)}")}'


def _block(index: int, share: float, title: str = "") -> str:
    """One part of a bar, in its colour."""
    told = f' title="{escape(title)}"' if title else ""
    return f'<i style="width:{share:.2%};background:{svg.colour(index)}"{told}></i>'


def _size(size: int) -> str:
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{size / 2**20:.1f} MB"


def tokens(preview: "Preview", cut: str) -> str:
    """An example token by token: trained ones coloured, those behind the cut struck out."""
    out = []
    for token in preview.tokens:
        kind = "cut" if not token.kept else "trained" if token.trained else "seen"
        shown = escape(token.text).replace("\n", "⏎") or "·"
        out.append(f'<span class="{kind}" title="{token.id}{"" if token.kept else " " + escape(cut)}">{shown}</span>')
    return f'<div class="tokens">{"".join(out)}</div>'


def packing(rows: Sequence["Row"]) -> str:
    """Rows of a batch: one block a conversation, hatched where nothing is."""
    return f'<div class="packing">{"".join(_row(row) for row in rows)}</div>'


def _row(row: "Row") -> str:
    size = sum(n for _, n in row.parts) + row.empty
    blocks = "".join(_block(k, n / size, f"{name}: {n}") for k, (name, n) in enumerate(row.parts))
    return f"<div>{blocks}</div>"


def lengths(histogram: Sequence[tuple[int, int, int]]) -> str:
    """Token lengths as upright bars."""
    most = max(count for _, _, count in histogram) or 1
    bars = "".join(
        f'<i style="height:{count / most * 100:.1f}%" title="{low}–{high}: {count}"></i>'
        for low, high, count in histogram
    )
    ends = f"<span>{histogram[0][0]}</span><span>{histogram[-1][1]}</span>"
    return f'<div class="lengths">{bars}</div>{para("quiet ends", ends)}'
