"""What is told of a review in sentences: who decided what and why, what an edit changed, and a person's numbers of the day."""

import time
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from chatbot.core.messages import Conversation
from chatbot.corpus.review.chips import chips_of
from chatbot.corpus.review.drafts import Draft, spoken
from chatbot.corpus.review.items import Counts
from chatbot.corpus.review.queue import ReviewStore
from chatbot.corpus.review.steps import Bulk
from chatbot.corpus.review.team.people import Person
from chatbot.ui.data.review.card import marked
from chatbot.ui.data.shared import time_ago
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.html import cells, empty, progress, quiet, table

NOBODY = "me"
"""The name of the one person who uses a page without accounts."""
REASONS = ("meaning", "unnatural", "ungrounded", "call", "duplicate", "incomplete")
"""Reasons that are there from the start; people's own come after them."""
OWN_REASONS = 3
TELLING = 5
"""Gold cards below which a person is not told how many they got right, which would point at the card."""
LAST = 40
"""Decisions that the page shows; the audit file of an export holds all."""
BULK_LEFT = ("failed", "overlap", "flagged")


def name_of(request: Any) -> str:
    """Who decides: the account, or the one person of a page without accounts."""
    return getattr(request, "username", None) or NOBODY


def person(annotator: str, who: Any) -> str:
    """A reviewer's name as it is shown."""
    return translate(who, "review.me") if annotator == NOBODY else annotator


def reason_text(reason: str, who: Any) -> str:
    """A reason in words: one of the given ones by its name, or somebody's own."""
    return translate(who, f"review.reason_{reason}") if reason in REASONS else reason


def reason_choices(store: ReviewStore, who: Any) -> list[list[str]]:
    """The reasons that can be chosen by number: the given ones, then the most frequent of people's own."""
    own = [reason for reason in store.reasons() if reason not in REASONS][:OWN_REASONS]
    return [[reason, reason_text(reason, who)] for reason in (*REASONS, *own)]


def progress_html(store: ReviewStore, counts: Counts, request: Any) -> str:
    """The bar, how far all are, and this person's numbers of the day."""
    keys = ("pending", "approve", "edit", "reject", "mine")
    told = [translate(request, "review.progress", **{key: f"{getattr(counts, key):,}" for key in keys})]
    told += [today(store.team.person(name_of(request), midnight()), request)]
    told += [translate(request, "review.disputed", n=f"{counts.disputed:,}")] if counts.disputed else []
    total = sum(counts.operations.values())
    return (progress(1 - counts.pending / total) if total else "") + quiet(escape("　".join(filter(None, told))))


def midnight() -> float:
    """When today began, in Unix seconds."""
    now = time.localtime()
    return time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))


def today(day: Person, who: Any) -> str:
    """A person's day in one sentence: what, how quickly, why they rejected, known answers; "" before its first verdict."""
    if not day.actions:
        return ""
    at_once = {"approve": translate(who, "review.at_once", n=f"{day.bulk:,}")} if day.bulk else {}
    parts = [f"{translate(who, f'review.did_{name}')} {n:,}{at_once.get(name, '')}" for name, n in day.actions.items()]
    why = translate(who, "review.comma").join(f"{reason_text(reason, who)} {n:,}" for reason, n in day.reasons.items())
    more = translate(who, "review.why", why=why) if why else ""
    more += translate(who, "review.pace", n=round(day.seconds)) if day.seconds is not None else ""
    more += translate(who, "review.known", right=day.right, asked=day.asked) if day.asked >= TELLING else ""
    return translate(who, "review.today", told=" · ".join(parts)) + more


def history_html(rows: Iterable[Mapping[str, Any]], who: Any) -> str:
    """What was decided on a card so far, a line each; "" where nothing was."""
    lines = "".join(f"<li>{_decided(row, who)}</li>" for row in rows)
    return f'<ul class="history">{lines}</ul>' if lines else ""


def _decided(row: Mapping[str, Any], who: Any) -> str:
    return f"{escape(person(row['annotator'], who))} {_what(row, who)} {time_ago(row['at'], who)}"


def _what(row: Mapping[str, Any], who: Any) -> str:
    """What a decision says: the action, its reason and comment."""
    said = translate(who, f"review.did_{row['action']}") + (translate(who, "review.in_bulk") if row["bulk"] else "")
    if row["action"] == "gold":
        return translate(who, f"review.gold_{row['reason'] or 'none'}")
    said += translate(who, "review.as_lead") if row["part"] == "final" else ""
    more = [reason_text(row["reason"], who)] if row["reason"] else []
    more += [f"“{row['comment']}”"] if row["comment"] else []
    return escape("：".join([said, " ".join(more)]) if more else said)


def audit_html(rows: Iterable[Mapping[str, Any]], who: Any) -> str:
    """The last decisions of everybody; an edit opens to what the card looked like before."""
    heads = (translate(who, f"review.{name}") for name in ("when", "who", "what", "card"))
    lines = [_audited(row, who) for row in rows]
    return table("facts audit", heads, lines) if lines else empty(translate(who, "review.no_audit"))


def _audited(row: Mapping[str, Any], who: Any) -> str:
    card = f'<button type="button" class="link" data-pick="{row["item"]}">{row["item"]}</button>'
    what = _what(row, who)
    if "before" in row:
        before = Conversation.model_validate(row["before"])
        told = _change(before, Conversation.model_validate(row["after"])) if "after" in row else _as_it_was(before)
        what = f"<details><summary>{what}</summary>{told}</details>"
    return cells([time_ago(row["at"], who), escape(person(row["annotator"], who)), what, card])


def _as_it_was(card: Conversation) -> str:
    """What a card said when somebody decided on it."""
    lines = (m.content if spoken(m) else " · ".join(chips_of(m)) for m in card.messages if spoken(m) or m.call)
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _change(before: Conversation, after: Conversation) -> str:
    """What an edit made of which words and calls, before above after."""
    draft = Draft.between(before, after)
    pairs = [(before.messages[at].content, new) for at, new in draft.words.items()]
    pairs += [(" · ".join(chips_of(before.messages[at])), " · ".join(new)) for at, new in draft.calls.items()]
    return "".join(f"<p>{marked(old, new, added=False)}</p><p>{marked(new, old, added=True)}</p>" for old, new in pairs)


def bulk_question(asked: Bulk, who: Any) -> str:
    """What a bulk approval would take and what it would leave, and why."""
    if not asked.n:
        return escape(translate(who, "review.bulk_none", shown=f"{asked.shown:,}"))
    left = [translate(who, f"review.left_{name}", n=f"{n:,}") for name in BULK_LEFT if (n := getattr(asked, name))]
    told = translate(who, "review.bulk_ask", n=f"{asked.n:,}", shown=f"{asked.shown:,}")
    return escape(
        told + (translate(who, "review.left", told=translate(who, "review.comma").join(left)) if left else "")
    )
