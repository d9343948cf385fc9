"""What a newcomer sees beside the form: what will happen, a recorded curve, the words of training in plain ones."""

from html import escape
from typing import Any

from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.html import para, quiet
from chatbot.ui.tour.steps import curve, recorded

WORDS = ("base", "adapter", "lora", "step", "loss", "f1", "unseen", "checkpoint")


def expectation(who: Any, *, runs: bool) -> str:
    """All of it; where there are runs already, folded away behind its title."""
    points = recorded()
    told = translate(who, "tour.learn.told", before=points[0][1], after=points[-1][1], steps=points[-1][0])
    picture = f"<figure>{curve(points, translate(who, 'tour.learn.axis'))}</figure>{quiet(escape(told))}"
    happens = f"{para('', translate(who, 'finetune.expect.says'))}{picture}"
    meanings = "".join(_meaning(name, who) for name in WORDS)
    parts = (("title", happens), ("words", f"<dl>{meanings}</dl>"))
    return "".join(_part(translate(who, f"finetune.expect.{name}"), body, runs) for name, body in parts)


def _part(title: str, body: str, folded: bool) -> str:
    return f'<details class="expect" {"" if folded else "open"}><summary>{title}</summary>{body}</details>'


def _meaning(name: str, who: Any) -> str:
    term, meaning = (translate(who, f"finetune.{part}.{name}") for part in ("word", "meaning"))
    return f"<div><dt>{term}</dt><dd>{meaning}</dd></div>"
