"""A batch three ways: what stands in each row, what carries loss, position ids, who may look at whom, and what is wasted."""

from typing import Any

from chatbot.core import svg
from chatbot.core.settings import DATA
from chatbot.lesson.batch import NOBODY, Batch, Row, lay_out, some_examples
from chatbot.ui.i18n.translate import translate
from chatbot.ui.lesson.exhibit import Drawn, Sight, Values
from chatbot.ui.lesson.pictures import SIZE, WIDTH, grid, panel, rows_of

EXAMPLES = DATA / "conversations" / "first_calls.jsonl"
WAYS = ("concatenated", "padded", "packed")
LEFT = 24
STRANGE = "currentColor"
"""Of what is seen of another example: no example's colour."""


def draw(values: Values, sight: Sight) -> Drawn:
    """The chosen way's rows and attention, and what all three ways waste."""
    who, length = sight.who, values["length"]
    data = some_examples(sight.settings.base, EXAMPLES, values["examples"], values["shuffle"])
    found = {way: lay_out(data, way, length) for way in WAYS}  # type: ignore[arg-type]
    batch = found[values["way"]]
    at = min(values["batch_row"], len(batch.rows)) - 1
    panels = [
        panel(translate(who, "lesson.batch.rows"), _rows(batch, at), translate(who, "lesson.batch.rows.told")),
        panel(translate(who, "lesson.batch.waste"), _waste(found, who)),
        panel(
            translate(who, "lesson.batch.attention", row=at + 1),
            _attention(batch.rows[at]),
            translate(who, "lesson.batch.attention.told"),
        ),
        panel(
            translate(who, "lesson.batch.positions", row=at + 1),
            _positions(batch.rows[at]),
            translate(who, "lesson.batch.positions.told"),
        ),
    ]
    return Drawn(grid(panels), {"batch_row": len(batch.rows)})


def _tone(number: int) -> str:
    return svg.colour(number)


def _rows(batch: Batch, chosen: int) -> str:
    """A line a row, a cell a token: full where it carries loss, pale where it does not, nothing where it is empty."""
    side = (WIDTH - LEFT - 4) / batch.length
    shapes = []
    for y, row in enumerate(batch.rows):
        up = y * 16 + 2
        shapes.append(svg.text(LEFT - 6, up + 11, str(y + 1), anchor="end", size=SIZE))
        for at, (number, trained) in enumerate(zip(row.example, row.trained, strict=True)):
            if number != NOBODY:
                shapes.append(svg.box(LEFT + at * side, up, side, 12, _tone(number), 1.0 if trained else 0.3))
        shapes.append(svg.frame(LEFT - 1, up - 1, WIDTH - LEFT - 2, 14, svg.TEAL) if y == chosen else _edge(up))
    return svg.drawing(WIDTH, 16 * len(batch.rows) + 4, *shapes)


def _edge(up: float) -> str:
    return f'<g opacity="0.25">{svg.frame(LEFT - 1, up - 1, WIDTH - LEFT - 2, 14, "currentColor")}</g>'


def _waste(found: dict[str, Batch], who: Any) -> str:
    head = [translate(who, f"lesson.batch.{name}") for name in ("way", "number", "empty", "torn")]
    lines = [
        (translate(who, f"lesson.o.{way}"), str(len(batch.rows)), f"{batch.waste:.1%}", str(batch.torn))
        for way, batch in found.items()
    ]
    return rows_of("types", head, lines)


def _attention(row: Row) -> str:
    """Who may look at whom: a triangle a part; in a long text the triangle runs over the examples' ends."""
    size = len(row.example)
    side = (WIDTH - LEFT - 4) / size
    shapes = []
    for y in range(size):
        if row.example[y] == NOBODY:
            continue
        start = y - row.positions[y]
        for x in _runs(row, start, y):
            tone = _tone(row.example[y]) if row.example[x[0]] == row.example[y] else STRANGE
            wide = (x[1] - x[0] + 1) * side
            shapes.append(svg.box(LEFT + x[0] * side, y * side, wide, side, tone, 0.75 if tone != STRANGE else 0.35))
    return svg.drawing(WIDTH, size * side + 2, _outline(size * side), *shapes)


def _runs(row: Row, start: int, end: int) -> list[tuple[int, int]]:
    """The stretches of one example between two places, both included."""
    runs: list[tuple[int, int]] = []
    for at in range(start, end + 1):
        if runs and row.example[runs[-1][0]] == row.example[at]:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return runs


def _outline(size: float) -> str:
    return f'<g opacity="0.25">{svg.frame(LEFT, 0, size, size, "currentColor")}</g>'


def _positions(row: Row) -> str:
    """Position ids along the row: a saw with a tooth a part, or one long slope."""
    size, most = len(row.positions), max(*row.positions, 1)
    across, up = svg.Scale(0, size, LEFT + 8, WIDTH - 4), svg.Scale(0, most, 108, 8)
    shapes = [
        svg.box(across(at), up(position), across(1) - across(0), 108 - up(position) + 1, _tone(number), 0.8)
        for at, (position, number) in enumerate(zip(row.positions, row.example, strict=True))
        if number != NOBODY
    ]
    scale = [svg.text(LEFT + 4, up(v) + 4, f"{v:.0f}", anchor="end", size=SIZE) for v in up.ticks(2)]
    return svg.drawing(WIDTH, 114, *scale, *shapes)
