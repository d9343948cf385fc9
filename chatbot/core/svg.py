"""The shapes that every chart is made of: plain SVG that needs no library and no network and follows light and dark, with its colours, axes and legends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

TEAL, AMBER, GREY = "#0d9488", "#b45309", "#64748b"
COLOURS = (TEAL, AMBER, "#6d28d9", "#be123c", "#2563eb", "#4d7c0f", GREY)
"""One a series, readable on white and on black."""


def colour(index: int, colours: Sequence[str] = COLOURS) -> str:
    """A series' colour; they begin again after the last."""
    return colours[index % len(colours)]


@dataclass(frozen=True)
class Scale:
    """Where values lie on an axis: `low` at the coordinate `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """A value's coordinate."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, parts: int) -> list[float]:
        """Values that cut the axis into equal parts, both ends among them."""
        return [self.low + (self.high - self.low) * i / parts for i in range(parts + 1)]


def text(x: float, y: float, words: str, *, anchor: str = "start", size: float | None = None) -> str:
    """Words, escaped, that start, end or are centred (middle) at a place."""
    font = f' font-size="{size:g}"' if size else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{font}>{escape(words)}</text>'


def rule(x1: float, y1: float, x2: float, y2: float) -> str:
    """A thin line of a grid."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="currentColor" stroke-width="0.8" opacity="0.18"/>'


def stroke(points: Iterable[tuple[float, float]], colour: str, width: float = 1.6) -> str:
    """A line through points."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'


def circle(x: float, y: float, radius: float, colour: str) -> str:
    """A dot."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"/>'


def square(x: float, y: float, side: float, colour: str, *, turned: bool = False) -> str:
    """A square around a place, or the same as a diamond."""
    turn = f' transform="rotate(45 {x:.1f} {y:.1f})"' if turned else ""
    return f'<rect x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side:g}" height="{side:g}" fill="{colour}"{turn}/>'


def box(x: float, y: float, width: float, height: float, colour: str, opacity: float = 1.0) -> str:
    """A filled rectangle by its upper left corner."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}" fill-opacity="{opacity:.3g}"/>'


def frame(x: float, y: float, width: float, height: float, colour: str, radius: float = 0) -> str:
    """An empty rectangle with a coloured edge."""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} rx="{radius:g}" fill="none" stroke="{colour}" stroke-width="1.6"/>'


def titled(title: str, *shapes: str) -> str:
    """Shapes that say something where the mouse rests on them."""
    return f"<g><title>{escape(title)}</title>{''.join(shapes)}</g>"


def drawing(width: float, height: float, *shapes: str, name: str = "", kind: str = "plot") -> str:
    """The whole picture; it grows with the place where it stands. Without a name it is for the eye alone: what it shows is told beside it."""
    seen = f'role="img" aria-label="{escape(name)}"' if name else 'aria-hidden="true"'
    return (
        f'<svg class="{kind}" {seen} viewBox="0 0 {width:g} {height:.0f}" fill="currentColor">{"".join(shapes)}</svg>'
    )


def legend(items: Iterable[tuple[str, str]]) -> str:
    """Which mark is whose: (a mark of 14 × 14, a name, which is escaped)."""
    keys = (f'<span class="key"><svg width="14" height="14">{mark}</svg> {escape(name)}</span>' for mark, name in items)
    return f'<p class="legend">{"　".join(keys)}</p>'


def series_legend(names: Iterable[str]) -> str:
    """A legend of squares in the series' colours."""
    return legend((square(7, 7, 9, colour(i)), name) for i, name in enumerate(names))
