"""What a newcomer sees beside the form: what will happen, a recorded curve, the words of training in plain ones."""

from typing import Any

from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.html import para
from chatbot.ui.tour.steps import recorded_curve

WORDS = ("base", "adapter", "lora", "step", "loss", "f1", "unseen", "checkpoint")


def expectation(who: Any, *, runs: bool) -> str:
    """All of it; where there are runs already, folded away behind its title."""
    happens = para("", translate(who, "finetune.expect.says")) + recorded_curve(who)
    meanings = "".join(_meaning(name, who) for name in WORDS)
    parts = (("title", happens), ("words", f"<dl>{meanings}</dl>"))
    return "".join(_part(translate(who, f"finetune.expect.{name}"), body, runs) for name, body in parts)


def _part(title: str, body: str, folded: bool) -> str:
    return f'<details class="expect" {"" if folded else "open"}><summary>{title}</summary>{body}</details>'


def _meaning(name: str, who: Any) -> str:
    term, meaning = (translate(who, f"finetune.{part}.{name}") for part in ("word", "meaning"))
    return f"<div><dt>{term}</dt><dd>{meaning}</dd></div>"
