"""A tool call end to end: words, the tokens that were allowed, the call, the SQL, the records, and the reply with every fact traced."""

import json
from html import escape
from typing import Any

from chatbot.lesson.tool_call import Called, follow, sql_of, traced
from chatbot.ui.i18n.translate import translate
from chatbot.ui.lesson.exhibit import Drawn, Sight, Values
from chatbot.ui.lesson.pictures import grid, panel, rows_of, short, shown

STEPS = 6


def draw(values: Values, sight: Sight) -> Drawn:
    """The turn's steps up to the chosen one."""
    called, who = follow(sight.model("hotel-mini"), sight.store, values["text"]), sight.who
    names = ("words", "tokens", "call", "sql", "records", "reply")[: values["hop"]]
    bodies = {
        "words": lambda: f'<p class="said">{escape(values["text"])}</p>',
        "tokens": lambda: _tokens(called, who),
        "call": lambda: (
            _code(json.dumps(called.turn.call, ensure_ascii=False, indent=1)) if called.turn.call else _none(who)
        ),
        "sql": lambda: _code(sql_of(called.turn.query)) if called.turn.call else _none(who),
        "records": lambda: _records(called, who),
        "reply": lambda: _reply(called),
    }
    panels = []
    for number, name in enumerate(names, 1):
        told = translate(who, f"lesson.tool.{name}.told", act=called.act or "—", total=called.total or 0)
        kind = " ".join(
            filter(None, ["wide" if name in ("tokens", "reply") else "", "now" if number == values["hop"] else ""])
        )
        panels.append(panel(f"{number} {translate(who, f'lesson.tool.{name}')}", bodies[name](), escape(told), kind))
    return Drawn(grid(panels))


def _tokens(called: Called, who: Any) -> str:
    head = [translate(who, f"lesson.tool.{name}") for name in ("token", "share", "free", "allowed", "choices")]
    lines = [
        (
            shown(w.token),
            f"{w.probability:.1%}",
            "=" if w.free == w.token else shown(w.free),
            str(w.allowed),
            " ".join(short(c, 9) for c in w.choices),
        )
        for w in called.written
    ]
    return rows_of("types", head, lines)


def _records(called: Called, who: Any) -> str:
    if not called.turn.records:
        return _none(who)
    head = ["", *(translate(who, f"lesson.tool.{name}") for name in ("name", "price", "rating"))]
    lines = [
        (str(n), str(r.get("name", "")), str(r.get("price") or "—"), str(r.get("rating") or "—"))
        for n, r in enumerate(called.turn.records, 1)
    ]
    return rows_of("types", head, lines)


def _reply(called: Called) -> str:
    parts = (
        f'<span class="fact" title="{escape(source)}">{escape(text)}<sub>{escape(source)}</sub></span>'
        if source
        else escape(text)
        for text, source in traced(called.turn)
    )
    return f'<p class="said">{"".join(parts)}</p>'


def _code(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _none(who: Any) -> str:
    return f'<p class="quiet">{escape(translate(who, "lesson.tool.none"))}</p>'
