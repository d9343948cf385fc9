"""A run whose loss explodes: what the guard saw step by step, where it went back to, and where another threshold would have stopped it."""

from collections.abc import Sequence
from typing import Any

from chatbot.core import svg
from chatbot.lesson.explosion import Attempt, attempts, judged
from chatbot.ui.i18n.translate import translate
from chatbot.ui.lesson.exhibit import Drawn, Sight, Values
from chatbot.ui.lesson.pictures import NEGATIVE, SIZE, WIDTH, grid, panel, rows_of

HIGH, LEFT = 210, 34


def draw(values: Values, sight: Sight) -> Drawn:
    """The recorded losses up to a moment, and each attempt with the guard's answer at this threshold."""
    who, recorded = sight.who, attempts()
    total = sum(len(attempt.seen) for attempt in recorded)
    now = min(values["moment"], total)
    panels = [
        panel(
            translate(who, "lesson.explosion.curve"),
            _curve(recorded, now, total),
            translate(who, "lesson.explosion.curve.told"),
        ),
        panel(
            translate(who, "lesson.explosion.attempts"),
            _table(recorded, values["spike"], who),
            translate(who, "lesson.explosion.attempts.told", n=len(recorded)),
        ),
    ]
    return Drawn(grid(panels), {"moment": total})


def _curve(recorded: Sequence[Attempt], now: int, total: int) -> str:
    """Losses in the order in which they came; a line breaks off where the guard went back."""
    across = svg.Scale(1, total, LEFT, WIDTH - 8)
    up = svg.Scale(0, max(loss for attempt in recorded for _, loss in attempt.seen) * 1.05, HIGH - 24, 8)
    shapes = [
        svg.rule(LEFT, up(v), WIDTH, up(v)) + svg.text(LEFT - 4, up(v) + 4, f"{v:.1f}", anchor="end", size=SIZE)
        for v in up.ticks(3)
    ]
    at = 0
    for number, attempt in enumerate(recorded):
        points = [(across(at + k + 1), up(loss)) for k, (_, loss) in enumerate(attempt.seen) if at + k < now]
        shapes.append(svg.stroke(points, svg.TEAL, 1.8))
        shapes += [svg.circle(x, y, 1.8, svg.TEAL) for x, y in points]
        whole = len(points) == len(attempt.seen)
        if whole and attempt.end:
            x, y = points[-1]
            shapes.append(svg.titled(attempt.end.reason, svg.circle(x, y, 5, NEGATIVE)))
            shapes.append(svg.text(x - 8, y + 4, f"↩ {attempt.end.back_to}", anchor="end", size=SIZE))
        shapes.append(svg.text(across(at + 1), HIGH - 8, str(number + 1), size=SIZE))
        at += len(attempt.seen)
    return svg.drawing(WIDTH, HIGH, *shapes)


def _table(recorded: Sequence[Attempt], factor: float, who: Any) -> str:
    head = [translate(who, f"lesson.explosion.{name}") for name in ("attempt", "rate", "last", "back", "guard")]
    lines = []
    for number, (attempt, stop) in enumerate(zip(recorded, judged(recorded, factor), strict=True), 1):
        passes = translate(who, "lesson.explosion.passes")
        guard = passes if stop is None else translate(who, "lesson.explosion.stops", step=stop)
        back = str(attempt.end.back_to) if attempt.end else "—"
        lines.append((str(number), f"{max(attempt.rates, default=0):.3g}", f"{attempt.seen[-1][1]:.2f}", back, guard))
    return rows_of("types", head, lines)
