"""Pictures that several exhibits are made of, as plain SVG and HTML: drawn 360 wide, so that a phone shows them at their own size."""

from collections.abc import Iterable, Sequence
from html import escape

from chatbot.core import svg

WIDTH = 360
NEGATIVE = svg.AMBER
SIZE = 11
"""Of the letters in a picture."""


def panel(title: str, body: str, told: str = "", kind: str = "") -> str:
    """One picture with its title above, which is escaped, and a sentence below, which is HTML."""
    below = f'<p class="quiet">{told}</p>' if told else ""
    return f'<figure class="panel {kind}"><figcaption>{escape(title)}</figcaption>{body}{below}</figure>'


def grid(panels: Iterable[str]) -> str:
    """Panels side by side as far as there is room."""
    return f'<div class="panels">{"".join(panels)}</div>'


def shown(token: str) -> str:
    """A token whose blanks and line breaks can be seen; role marks in short."""
    return token.replace("\n", "⏎").replace(" ", "␣").replace("<|", "‹").replace("|>", "›")


def pieces(texts: Iterable[str], chosen: Iterable[int] = (), new: str = "") -> str:
    """A sentence in pieces; those at `chosen`, or with the text `new`, are lit."""
    lit = set(chosen)
    spans = (
        f'<span class="piece{" lit" if at in lit or (new and text == new) else ""}">{escape(shown(text)) or "·"}</span>'
        for at, text in enumerate(texts)
    )
    return f'<p class="pieces">{"".join(spans)}</p>'


def strip(values: Sequence[float], columns: int = 32, most: float = 0.0) -> str:
    """Numbers as cells: teal above zero, amber below, the fuller the further from it."""
    side, reach = WIDTH / columns, most or max((abs(v) for v in values), default=1.0) or 1.0
    cells = (
        svg.titled(
            f"{at + 1}: {value:+.3f}",
            svg.box(at % columns * side, at // columns * side, side - 1, side - 1, *_tint(value / reach)),
        )
        for at, value in enumerate(values)
    )
    return svg.drawing(WIDTH, -(-len(values) // columns) * side, *cells)


def _tint(share: float) -> tuple[str, float]:
    return svg.TEAL if share >= 0 else NEGATIVE, min(1.0, 0.06 + 0.94 * abs(share))


def heat_map(rows: Sequence[Sequence[float]], names: Sequence[str], at: int) -> str:
    """Attention: a row for each token, a column for each token that it may look at; row `at` is framed, what comes later stays empty."""
    left, top = 58, 4
    side = (WIDTH - left - 2) / len(rows)
    shapes = []
    for y, row in enumerate(rows):
        up = top + y * side
        shapes.append(
            svg.text(left - 4, up + side * 0.5 + 4, short(names[y], 7), anchor="end", size=min(SIZE, max(8, side - 2)))
        )
        for x, share in enumerate(row[: y + 1]):
            cell = svg.box(left + x * side, up, side - 1, side - 1, svg.TEAL, 0.05 + 0.95 * share)
            shapes.append(svg.titled(f"{names[y]} → {names[x]}: {share:.1%}", cell))
    shapes.append(svg.frame(left - 1, top + at * side - 1, (at + 1) * side + 1, side + 1, NEGATIVE))
    return svg.drawing(WIDTH, top + len(rows) * side + 4, *shapes)


def bars(
    rows: Sequence[tuple[str, float, str]], *, lit: Iterable[int] = (), pale: Iterable[int] = (), wide: int = 84
) -> str:
    """Bars from a middle line: (name, value, value in words); negative ones go left. `lit` ones are amber, `pale` ones faint."""
    high = max((value for _, value, _ in rows), default=0.0)
    low = min(0.0, min((value for _, value, _ in rows), default=0.0))
    room = WIDTH - wide - 52
    scale = svg.Scale(low, max(high, low + 1e-9, 1e-9), wide + (34 if low < 0 else 0), wide + room)
    bright, faint = set(lit), set(pale)
    shapes = []
    for at, (name, value, words) in enumerate(rows):
        y = 15 * at
        start, end = sorted((scale(0), scale(value)))
        tone = NEGATIVE if at in bright else svg.TEAL
        shapes.append(svg.text(wide - 6, y + 11, short(name, 11), anchor="end", size=SIZE))
        shapes.append(svg.box(start, y + 2, max(1.0, end - start), 11, tone, 0.25 if at in faint else 0.9))
        shapes.append(
            svg.text(end + 4, y + 11, words, size=10)
            if value >= 0
            else svg.text(start - 4, y + 11, words, anchor="end", size=10)
        )
    return svg.drawing(WIDTH, 15 * len(rows) + 4, *shapes)


def short(name: str, most: int) -> str:
    """A token that fits in front of a row."""
    text = shown(name)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def rows_of(kind: str, head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table of texts, escaped."""
    top = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in line) + "</tr>" for line in lines)
    return f'<table class="{kind}"><tr>{top}</tr>{body}</table>'
