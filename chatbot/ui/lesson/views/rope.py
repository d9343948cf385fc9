"""RoPE turned by hand: one pair of numbers as arrows, and the score of query and key while the query is moved."""

from math import degrees, hypot
from typing import Any

from chatbot.core import svg
from chatbot.lesson.block import read
from chatbot.lesson.rope import REACH, Turning, turning
from chatbot.ui.i18n.translate import translate
from chatbot.ui.lesson.exhibit import Drawn, Sight, Values
from chatbot.ui.lesson.pictures import NEGATIVE, SIZE, WIDTH, grid, panel, pieces
from chatbot.ui.lesson.views.head import chosen_head

HIGH = 230


def draw(values: Values, sight: Sight) -> Drawn:
    """The sentence with query and key lit, their arrows, and the curve of their score."""
    model = sight.model(values["model"])
    reading = read(model, values["text"])
    limits, (at, layer, head) = chosen_head(values, model, len(reading))
    found = turning(model, reading, layer, head, at)
    limits["pair"] = len(found.speed)
    pair, turn, who = min(values["pair"], limits["pair"]) - 1, values["turn"], sight.who
    speed = degrees(float(found.speed[pair]))
    told = translate(who, "lesson.rope.arrows.told", pair=pair + 1, speed=speed, turned=speed * turn)
    score = translate(who, "lesson.rope.score.told", turn=turn, score=found.scores[turn], before=found.scores[0])
    sentence = panel(translate(who, "lesson.rope.sentence"), pieces(reading.tokens, [at, found.partner]), kind="wide")
    panels = [
        panel(translate(who, "lesson.rope.arrows"), _arrows(found, pair, turn, who), told),
        panel(translate(who, "lesson.rope.score"), _curve(found.scores, turn), score),
    ]
    return Drawn(sentence + grid(panels), limits)


def _arrows(found: Turning, pair: int, turn: int, who: Any) -> str:
    """The directions of query (amber) and key (teal) of one pair; pale, where the query stood before it was moved."""
    (query, key), (before, _) = found.arrow(pair, turn), found.arrow(pair, 0)
    middle = (WIDTH / 2, HIGH / 2)

    def end(vector: tuple[float, float]) -> tuple[float, float]:
        length = hypot(*vector) or 1.0
        return middle[0] + vector[0] / length * 100, middle[1] - vector[1] / length * 100

    circle = f'<circle cx="{middle[0]:g}" cy="{middle[1]:g}" r="100" fill="none" stroke="currentColor" opacity="0.2"/>'
    pale = f'<g opacity="0.3">{svg.stroke([middle, end(before)], NEGATIVE, 2)}</g>'
    arrows = [
        svg.stroke([middle, end(vector)], tone, 2.5) + svg.circle(*end(vector), 4, tone)
        for vector, tone in ((query, NEGATIVE), (key, svg.TEAL))
    ]
    names = (translate(who, "lesson.rope.query"), translate(who, "lesson.rope.key"))
    legend = svg.legend(
        (svg.square(7, 7, 9, tone), name) for tone, name in zip((NEGATIVE, svg.TEAL), names, strict=True)
    )
    return svg.drawing(WIDTH, HIGH, circle, pale, *arrows) + legend


def _curve(scores: dict[int, float], turn: int) -> str:
    """The score over how far the query was moved."""
    low, high = min(scores.values()), max(scores.values())
    across, up = (
        svg.Scale(-REACH, REACH, 34, WIDTH - 10),
        svg.Scale(low, high if high > low else low + 1, HIGH - 28, 10),
    )
    line = svg.stroke([(across(t), up(s)) for t, s in scores.items()], svg.TEAL)
    rules = "".join(
        svg.rule(34, up(v), WIDTH - 10, up(v)) + svg.text(30, up(v) + 4, f"{v:.1f}", anchor="end", size=SIZE)
        for v in up.ticks(2)
    )
    ends = "".join(
        svg.text(across(t), HIGH - 8, f"{t:+d}" if t else "0", anchor="end" if t == REACH else "middle", size=SIZE)
        for t in (-REACH, 0, REACH)
    )
    zero = svg.rule(across(0), 10, across(0), HIGH - 28)
    return svg.drawing(WIDTH, HIGH, rules, zero, ends, line, svg.circle(across(turn), up(scores[turn]), 5, NEGATIVE))
