"""What a file of conversations would give, as the person who brought it reads it before anything is taken in."""

from collections.abc import Mapping
from html import escape
from typing import Any

from chatbot.corpus.reading.preview import LeftOut, Reading, places
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.errors import spoken
from chatbot.ui.shell.html import cells, facts, note, para, quiet, table

SAMPLES = 3
LONGEST = 60


def preview_html(reading: Reading, name: str, who: Any) -> str:
    """The form, how much is read, what is left out and why, and what must be confirmed."""
    preview = reading.preview
    if not preview.read:
        lead = para(
            "lead bad", escape(translate(who, "error.failed", error=translate(who, "corpus.unread", name=name)))
        )
        return lead + _left_out(preview.reasons(), who) + _columns(preview.columns, who)
    told = translate(who, "corpus.would", name=name, form=translate(who, f"form.{preview.form}"), n=f"{preview.read:,}")
    parts = [para("lead", escape(told)), _samples(reading, who)]
    if preview.doubtful_encoding:
        parts.append(note(translate(who, "corpus.encoding", encoding=preview.encoding.upper())))
    if reading.needs_hotels:
        parts.append(quiet(escape(translate(who, "corpus.replayed"))))
    return "".join(parts) + _left_out(preview.reasons(), who) + _columns(preview.columns, who)


def _samples(reading: Reading, who: Any) -> str:
    """What the first people say: by it one sees whether the text was read right."""
    words = [
        next((m.content for m in c.messages if m.role == "user"), "")
        for c in (reading.conversations + reading.sheets)[:SAMPLES]
    ]
    words += [
        str(one["messages"][0]["content"]) for one in list(reading.dialogues.values())[:SAMPLES] if one["messages"]
    ]
    quoted = " ".join(f"“{text[:LONGEST]}”" for text in words[:SAMPLES] if text)
    return quiet(escape(translate(who, "corpus.begins", words=quoted))) if quoted else ""


def _left_out(reasons: Mapping[str, list[LeftOut]], who: Any) -> str:
    """A row a reason: where, how often, what to do."""
    rows = [
        cells([escape(_where(found, who)), f"{len(found):,}", escape(found[0].reason.text(spoken(who)))])
        for found in reasons.values()
    ]
    head = [translate(who, f"corpus.{key}") for key in ("where", "times", "why")]
    title = quiet(escape(translate(who, "corpus.left_out")))
    return title + table("facts left-out", head, rows) if rows else ""


def _where(found: list[LeftOut], who: Any) -> str:
    shown = translate(who, "corpus.comma").join(places(found))
    more = translate(who, "corpus.and_more") if len(found) > len(places(found)) else ""
    return translate(who, "corpus.line", lines=shown + more) if found[0].line else shown


def _columns(columns: Mapping[str, str], who: Any) -> str:
    """What each column of a sheet is taken for."""
    if not columns:
        return ""
    taken = {name: translate(who, f"column.{field}") if field else "–" for name, field in columns.items()}
    return quiet(escape(translate(who, "corpus.columns"))) + facts(taken)
