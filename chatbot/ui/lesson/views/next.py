"""The next token: what a model could say at a place, at a temperature, and what top-p leaves of it."""

from chatbot.lesson.block import read
from chatbot.lesson.sampling import Choice, choices, entropy
from chatbot.models.inside import show_token
from chatbot.ui.i18n.translate import translate
from chatbot.ui.lesson.exhibit import Drawn, Sight, Values
from chatbot.ui.lesson.pictures import bars, grid, panel, pieces


def draw(values: Values, sight: Sight) -> Drawn:
    """The likeliest tokens before and after top-p."""
    model, who = sight.model(values["model"]), sight.who
    reading = read(model, values["text"])
    at = min(values["place"], len(reading)) - 1
    everything = choices(reading.logits[at], values["temperature"], values["top_p"], most=len(reading.logits[at]))
    found = everything[:12]
    names = [show_token(model.tokenizer, choice.id) for choice in found]
    kept = [choice for choice in everything if choice.kept]
    before = translate(who, "lesson.next.before.told", bits=entropy([c.probability for c in everything]))
    after = translate(who, "lesson.next.after.told", n=len(kept), bits=entropy([c.kept for c in kept]))
    sentence = panel(translate(who, "lesson.next.sentence"), pieces(reading.tokens[: at + 1], [at]), kind="wide")
    panels = [
        panel(translate(who, "lesson.next.before", t=values["temperature"]), _bars(names, found, kept=False), before),
        panel(translate(who, "lesson.next.after", p=values["top_p"]), _bars(names, found, kept=True), after),
    ]
    return Drawn(sentence + grid(panels), {"place": len(reading)})


def _bars(names: list[str], found: list[Choice], *, kept: bool) -> str:
    shares = [choice.kept if kept else choice.probability for choice in found]
    rows = [
        (name, share, f"{share:.1%}" if share >= 0.0005 else "—" if kept and not share else "<0.1%")
        for name, share in zip(names, shares, strict=True)
    ]
    return bars(rows, pale=[at for at, choice in enumerate(found) if not choice.kept])
