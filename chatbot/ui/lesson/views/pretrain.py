"""Pretraining live: the loss falls as the run goes on, the rate warms up and cools down, and the model writes at steps 0, 100 and 500."""

import math
from typing import Any

from chatbot.core import svg
from chatbot.lesson.pretrain import RATE, STEPS, TOLD, Pretraining, pretraining, rate_at
from chatbot.ui.i18n.translate import translate
from chatbot.ui.lesson.exhibit import Drawn, Sight, Values
from chatbot.ui.lesson.pictures import NEGATIVE, SIZE, WIDTH, grid, panel, rows_of

HIGH, LEFT = 190, 34
MEAN = 10
"""Steps that a shown loss is the mean of: a single batch tells little."""


def draw(values: Values, sight: Sight) -> Drawn:
    """The run up to a step; steps that nobody has asked for yet are trained now."""
    who, run, step = sight.who, pretraining(warmup=values["warmup"] == "yes"), values["trained"]
    run.upto(step)
    loss = _mean(run, step)
    told = translate(
        who, "lesson.pretrain.told", step=step, loss=loss, perplexity=math.exp(loss), of=len(run.characters)
    )
    rate = translate(who, "lesson.pretrain.rate.told", rate=rate_at(max(step - 1, 0), warmup=run.warmup))
    shown = translate(who, "lesson.pretrain.loss", n=f"{run.parameters:,}")
    return Drawn(
        grid(
            [
                panel(shown, _losses(run, step), told),
                panel(translate(who, "lesson.pretrain.rate"), _rates(run.warmup, step), rate),
                panel(
                    translate(who, "lesson.pretrain.writes"),
                    _samples(run, step, who),
                    translate(who, "lesson.pretrain.writes.told"),
                ),
            ]
        )
    )


def _mean(run: Pretraining, step: int) -> float:
    """The mean loss of the last steps; before the first one that of a guess among all characters."""
    last = run.losses[max(0, step - MEAN) : step]
    return sum(last) / len(last) if last else math.log(len(run.characters))


def _losses(run: Pretraining, step: int) -> str:
    across = svg.Scale(0, STEPS, LEFT, WIDTH - 8)
    up = svg.Scale(0, math.ceil(math.log(len(run.characters))), HIGH - 24, 8)
    lines = [
        svg.rule(LEFT, up(v), WIDTH, up(v)) + svg.text(LEFT - 4, up(v) + 4, f"{v:.1f}", anchor="end", size=SIZE)
        for v in up.ticks(4)
    ]
    points = [(across(at), up(_mean(run, at))) for at in range(0, step + 1, MEAN)]
    names = [svg.text(across(at), HIGH - 6, str(at), anchor="middle", size=SIZE) for at in TOLD[:-1]]
    names.append(svg.text(across(STEPS), HIGH - 6, str(STEPS), anchor="end", size=SIZE))
    return svg.drawing(
        WIDTH, HIGH, *lines, svg.stroke(points, svg.TEAL, 2), svg.circle(*points[-1], 3.5, NEGATIVE), *names
    )


def _rates(warmup: bool, step: int) -> str:
    across, up = svg.Scale(0, STEPS, LEFT, WIDTH - 8), svg.Scale(0, RATE, HIGH - 24, 8)
    lines = [
        svg.rule(LEFT, up(v), WIDTH, up(v)) + svg.text(LEFT - 4, up(v) + 4, f"{v * 1000:.1f}", anchor="end", size=SIZE)
        for v in up.ticks(3)
    ]
    points = [(across(at), up(rate_at(at, warmup=warmup))) for at in range(0, STEPS, 5)]
    now = max(step - 1, 0)
    dot = svg.circle(across(now), up(rate_at(now, warmup=warmup)), 3.5, NEGATIVE)
    unit = svg.text(LEFT, HIGH - 6, "× 0.001", size=SIZE)
    return svg.drawing(WIDTH, HIGH, *lines, svg.stroke(points, svg.TEAL, 2), dot, unit)


def _samples(run: Pretraining, step: int, who: Any) -> str:
    """What was written so far; later ones are still to come."""
    wait = translate(who, "lesson.pretrain.later")
    lines = [(str(at), run.samples[at].replace("\n", " / ") if at <= step else wait) for at in TOLD]
    return rows_of("types", [translate(who, "lesson.pretrain.step"), translate(who, "lesson.pretrain.text")], lines)
