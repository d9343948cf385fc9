"""The lead's side of the review: dealing cards out, known answers, disagreements side by side, and how everybody fares."""

from collections.abc import Sequence
from html import escape
from typing import Any

from chatbot.corpus.review.agreement import ENOUGH, Agreement
from chatbot.corpus.review.chips import chips_of
from chatbot.corpus.review.database import VERDICTS
from chatbot.corpus.review.drafts import spoken
from chatbot.corpus.review.items import Card
from chatbot.corpus.review.team.dealing import Plan, plan_text
from chatbot.corpus.review.team.judgements import Judgement
from chatbot.corpus.review.team.people import Person
from chatbot.evaluation.metrics.bootstrap import share_interval
from chatbot.ui.data.review.card import marked
from chatbot.ui.data.review.words import person, reason_text
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.html import cells, empty, para, table

ASKED = 5
"""Gold cards below which nothing is said of somebody's care."""
CARE = 0.8
"""Share of gold cards that somebody who reads gets right."""
COLUMNS = ("person", "cards", "did_approve", "did_edit", "did_reject", "seconds", "gold_right", "reasons")


def team_html(
    plan: Plan, standing: dict[str, int], agreed: Agreement, people: Sequence[Person], hint: str, who: Any
) -> str:
    """How cards are dealt, what waits for the lead, how well people agree, and everybody's day."""
    waits = translate(who, "team.standing", **{key: f"{n:,}" for key, n in standing.items()})
    look = f'<button type="button" id="review-disputed">{translate(who, "team.disputed")}</button>'
    rows = [_row(one, who) for one in people]
    heads = [translate(who, f"{'review' if name.startswith('did_') else 'team'}.{name}") for name in COLUMNS]
    day = table("facts team", heads, rows) if rows else empty(translate(who, "team.nobody"))
    lead = para("lead", escape(agreement_text(agreed, who)))
    return f"{_form(plan, hint, who)}<p>{escape(waits)} {look if standing['disputed'] else ''}</p>{lead}{day}"


def _form(plan: Plan, hint: str, who: Any) -> str:
    names = escape(plan_text(plan))
    counts = "".join(
        f'<option value="{n}"{" selected" if n == plan.judgements else ""}>{translate(who, "team.people_each", n=n)}'
        "</option>"
        for n in (2, 3)
    )
    people, common, judgements, deal = (
        translate(who, f"team.{name}") for name in ("people", "common", "judgements", "deal")
    )
    return (
        f'<form class="finds" id="review-plan"><label class="search"><span>{people}</span>'
        f'<input name="people" value="{names}" maxlength="2000" placeholder="{escape(hint)}"></label>'
        f'<label><span>{common}</span><input name="common" type="number" min="0" max="100" '
        f'value="{plan.common * 100:.0f}"></label><label><span>{judgements}</span>'
        f'<select name="judgements">{counts}</select></label>'
        f'<button type="button" id="review-deal" class="primary">{deal}</button></form>'
    )


def agreement_text(agreed: Agreement, who: Any) -> str:
    """How well people agree, in words; a coefficient only from enough cards, with its interval."""
    low, high = agreed.interval or (0.0, 0.0)
    values = {"n": f"{agreed.cards:,}", "same": f"{agreed.same:,}", "enough": ENOUGH}
    values |= {"alpha": f"{agreed.alpha or 0:.2f}", "low": f"{low:.2f}", "high": f"{high:.2f}"}
    said = translate(who, f"team.agree_{agreed.strength}", **values)
    return said if agreed.alpha is None else said + translate(who, "team.alpha", **values)


def _row(one: Person, who: Any) -> str:
    reasons = translate(who, "review.comma").join(
        f"{reason_text(reason, who)} {n:,}" for reason, n in list(one.reasons.items())[:3]
    )
    counts = [f"{one.actions.get(name, 0):,}" for name in VERDICTS]
    seconds = translate(who, "team.seconds_each", n=round(one.seconds)) if one.seconds is not None else "—"
    return cells(
        [escape(person(one.name, who)), f"{one.cards:,}", *counts, seconds, gold_text(one, who), escape(reasons)]
    )


def gold_text(one: Person, who: Any) -> str:
    """How somebody answered gold cards, as HTML; a warning only where it is no bad luck."""
    if not one.asked:
        return "—"
    told = f"{one.right}/{one.asked}"
    now_asked, now_right = one.asked - one.before[0], one.right - one.before[1]
    if careless(one.asked, one.right):
        return f'<b class="bad">{told} {translate(who, "team.careless")}</b>'
    if one.before[0] >= ASKED and careless(now_asked, now_right):
        return f'<b class="bad">{told} {translate(who, "team.tired")}</b>'
    return told


def careless(asked: int, right: int) -> bool:
    """Whether so many gold cards were answered wrongly that it is no bad luck."""
    return asked >= ASKED and share_interval(right, asked)[1] < CARE


def judgements_html(card: Card, told: Sequence[Judgement], who: Any) -> str:
    """What people said of a card side by side, each with a button that lets it stand."""
    sides = "".join(_side(number, card, one, who) for number, one in enumerate(told, 1))
    lead = para("quiet", translate(who, "team.settle_hint"))
    return f'<section class="judgements" aria-label="{translate(who, "team.sides")}">{lead}<div>{sides}</div></section>'


def _side(number: int, card: Card, one: Judgement, who: Any) -> str:
    said = [translate(who, f"review.did_{one.action}"), *([reason_text(one.reason, who)] if one.reason else [])]
    said += [f"“{one.comment}”"] if one.comment else []
    pairs = zip(card.conversation.messages, one.conversation.messages, strict=False)
    lines = [(old.content, new.content) for old, new in pairs if spoken(new) and old.content != new.content]
    pairs = zip(card.conversation.messages, one.conversation.messages, strict=False)
    lines += [
        (" · ".join(chips_of(old)), " · ".join(chips_of(new)))
        for old, new in pairs
        if old.call and new.call and chips_of(old) != chips_of(new)
    ]
    changed = "".join(f"<p>{marked(new, old, added=True)}</p>" for old, new in lines) if one.action == "edit" else ""
    take = f'<button type="button" data-settle="{number}">{number} {translate(who, "team.take")}</button>'
    head = f"<h4>{escape(person(one.annotator, who))}</h4><p>{escape('：'.join(said))}</p>"
    return f"<article>{head}{changed}{take}</article>"
