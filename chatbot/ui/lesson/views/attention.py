"""A transformer block step by step: each step's picture joins those before it."""

from html import escape
from typing import Any

from chatbot.lesson.block import Reading, Step, read, step
from chatbot.ui.i18n.translate import translate
from chatbot.ui.lesson.exhibit import Drawn, Sight, Values
from chatbot.ui.lesson.pictures import bars, grid, heat_map, panel, pieces, shown, strip
from chatbot.ui.lesson.views.head import chosen_head

STEPS = ("embedding", "scores", "softmax", "values", "residual", "feed")


def draw(values: Values, sight: Sight) -> Drawn:
    """The block's steps up to the chosen one, with the real numbers of one head at one place."""
    model = sight.model(values["model"])
    reading = read(model, values["text"])
    limits, (at, layer, head) = chosen_head(values, model, len(reading))
    found = step(model, reading, layer, head, at)
    picture = Picture(reading, found, at, values["step"] - 1, sight.who)
    upto = STEPS[: values["step"]]
    sentence = panel(translate(sight.who, "lesson.attention.sentence"), pieces(reading.tokens, [at]), kind="wide")
    return Drawn(sentence + grid(getattr(picture, name)() for name in upto), limits)


class Picture:
    """The pictures of one block's steps."""

    def __init__(self, reading: Reading, found: Step, at: int, last: int, who: Any) -> None:
        self.reading, self.found, self.at, self.last, self.who = reading, found, at, last, who
        self.names = [f"{n + 1}·{token}" for n, token in enumerate(reading.tokens)]

    def embedding(self) -> str:
        """What comes into the block at the place."""
        return self._panel("embedding", strip(self.found.before.tolist()), width=len(self.found.before))

    def scores(self) -> str:
        """q·k/√d with every place; those behind it will be masked."""
        rows = [(name, float(s), f"{float(s):+.2f}") for name, s in zip(self.names, self.found.scores, strict=True)]
        later = range(self.at + 1, len(rows))
        return self._panel("scores", bars(rows, lit=(self.at,), pale=later), hidden=len(later))

    def softmax(self) -> str:
        """The whole head's attention, the place's row framed."""
        row = self.found.weights[self.at]
        most = int(row.argmax())
        picture = heat_map(self.found.weights.tolist(), self.names, self.at)
        return self._panel("softmax", picture, most=escape(shown(self.names[most])), share=float(row[most]))

    def values(self) -> str:
        """What is gathered with those shares."""
        row = self.found.weights[self.at]
        best = row.topk(min(6, self.at + 1))
        rows = [(self.names[int(i)], float(s), f"{float(s):.1%}") for s, i in zip(*best, strict=True)]
        return self._panel("values", bars(rows) + strip(self.found.value.tolist()), width=len(self.found.value))

    def residual(self) -> str:
        """What attention adds to what came in."""
        came, added = self.found.before, self.found.attended
        both = came + added
        reach = float(both.abs().max())
        picture = "".join(strip(part.tolist(), columns=64, most=reach) for part in (came, added, both))
        return self._panel(
            "residual", picture, came=float(came.norm()), added=float(added.norm()), out=float(both.norm())
        )

    def feed(self) -> str:
        """What the feed-forward network makes of it."""
        gate, open_ = self.found.gate, int((self.found.gate.abs() > 0.1).sum())
        told = {
            "n": len(gate),
            "open": open_,
            "added": float(self.found.fed.norm()),
            "out": float(self.found.after.norm()),
        }
        return self._panel("feed", strip(gate.tolist(), columns=44), **told)

    def _panel(self, name: str, body: str, **told: object) -> str:
        number = STEPS.index(name)
        title = f"{number + 1} {translate(self.who, f'lesson.attention.{name}')}"
        words = translate(self.who, f"lesson.attention.{name}.told", **told)
        return panel(title, body, words, "now" if number == self.last else "")
