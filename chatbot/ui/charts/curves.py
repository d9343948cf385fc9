"""Curves, bars and pictures of the Fine-tune tab as plain SVG and HTML: they need no library and no network, and follow light and dark."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatbot.training.estimate import Estimate
    from chatbot.training.preview import Preview, Row

Point = tuple[float, float]
WIDTH, HEIGHT, LEFT, BOTTOM = 320, 150, 44, 18
COLOURS = ("#0d9488", "#b45309", "#6d28d9", "#be123c", "#2563eb", "#4d7c0f", "#64748b")


def chart(title: str, series: Mapping[str, Sequence[Point]]) -> str:
    """One small chart with a line a series; "" where no series has a point."""
    points = [p for line in series.values() for p in line]
    if not points:
        return ""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    low, high = min(ys), max(ys)
    pad = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    bottom = low - pad if low < 0 else max(0.0, low - pad)  # nothing that is never negative gets an axis below zero
    box = (min(xs), max(*xs, min(xs) + 1), bottom, high + pad)
    lines = "".join(_line(line, box, COLOURS[i % len(COLOURS)]) for i, line in enumerate(series.values()))
    legend = (
        "".join(f'<span style="--c:{COLOURS[i % len(COLOURS)]}">{escape(name)}</span>' for i, name in enumerate(series))
        if len(series) > 1
        else ""
    )
    return f'<figure class="curve"><figcaption>{escape(title)}{legend}</figcaption>{_frame(box, lines)}</figure>'


def _frame(box: tuple[float, float, float, float], lines: str) -> str:
    left, right, low, high = box
    middle = (low + high) / 2
    labels = "".join(
        f'<text x="{LEFT - 4}" y="{_y(v, box) + 4:.0f}" text-anchor="end">{_label(v)}</text>'
        for v in (low, middle, high)
    )
    steps = f'<text x="{LEFT}" y="{HEIGHT - 4}">{left:.0f}</text><text x="{WIDTH}" y="{HEIGHT - 4}" text-anchor="end">{right:.0f}</text>'
    rules = "".join(f'<path class="rule" d="M{LEFT} {_y(v, box):.0f}H{WIDTH}"/>' for v in (low, middle, high))
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{rules}{labels}{steps}{lines}</svg>'


def _label(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.0e}" if 0 < abs(value) < 0.001 else f"{value:.3g}"


def _x(value: float, box: tuple[float, float, float, float]) -> float:
    return LEFT + (value - box[0]) / (box[1] - box[0]) * (WIDTH - LEFT - 4)


def _y(value: float, box: tuple[float, float, float, float]) -> float:
    return 6 + (box[3] - value) / (box[3] - box[2]) * (HEIGHT - BOTTOM - 14)


def _line(line: Sequence[Point], box: tuple[float, float, float, float], colour: str) -> str:
    if not line:
        return ""
    path = " ".join(f"{_x(x, box):.1f},{_y(y, box):.1f}" for x, y in line)
    x, y = line[-1]
    return f'<polyline points="{path}" stroke="{colour}"/><circle cx="{_x(x, box):.1f}" cy="{_y(y, box):.1f}" r="2.5" fill="{colour}"/>'


def memory_bar(found: "Estimate", names: Mapping[str, str], free: str) -> str:
    """The peak by part as one stacked bar against what is free, with a legend in megabytes."""
    whole = max(found.available, found.peak)
    parts = [(names.get(name, name), size) for name, size in found.memory.items() if size]
    bar = "".join(
        f'<i style="width:{max(0.4, size / whole * 100):.2f}%;background:{COLOURS[k % 7]}"></i>'
        for k, (_, size) in enumerate(parts)
    )
    legend = "".join(
        f'<li style="--c:{COLOURS[k % 7]}">{escape(name)} <b>{_size(size)}</b></li>'
        for k, (name, size) in enumerate(parts)
    )
    return f'<div class="bar">{bar}</div><ul class="legend">{legend}<li class="free">{escape(free)} <b>{_size(found.available)}</b></li></ul>'


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
    blocks = "".join(
        f'<i style="width:{n / size * 100:.2f}%;background:{COLOURS[k % 7]}" title="{escape(name)}: {n}"></i>'
        for k, (name, n) in enumerate(row.parts)
    )
    return f"<div>{blocks}</div>"


def lengths(histogram: Sequence[tuple[int, int, int]]) -> str:
    """Token lengths as upright bars."""
    most = max(count for _, _, count in histogram) or 1
    bars = "".join(
        f'<i style="height:{count / most * 100:.1f}%" title="{low}–{high}: {count}"></i>'
        for low, high, count in histogram
    )
    return f'<div class="lengths">{bars}</div><p class="quiet ends"><span>{histogram[0][0]}</span><span>{histogram[-1][1]}</span></p>'
