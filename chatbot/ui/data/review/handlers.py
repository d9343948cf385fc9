"""What the review's commands do: each names the card as it was on screen, changes the store, and is answered with what to draw."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr
from pydantic import ValidationError

from chatbot.core.errors import InputError, WorkbenchError
from chatbot.corpus.checks import check
from chatbot.corpus.review.database import KEPT
from chatbot.corpus.review.drafts import Draft
from chatbot.corpus.review.items import Card, Filter
from chatbot.corpus.review.queue import Action, ReviewStore
from chatbot.corpus.review.replay import replay
from chatbot.corpus.review.team.dealing import Plan, plan_of
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.review import words
from chatbot.ui.data.review.card import card_html
from chatbot.ui.data.review.commands import Command, Typed, command_of
from chatbot.ui.data.review.doubts import reading_note
from chatbot.ui.data.review.editor import editor_html, replay_notes
from chatbot.ui.data.review.frame import frame_html, list_html
from chatbot.ui.data.review.team import judgements_html, team_html
from chatbot.ui.i18n.translate import language, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import in_words, needs
from chatbot.ui.shell.html import empty

Answer = dict[str, Any]


class ReviewHandlers:
    """Answers commands. Which card is on screen is the page's own business; the store decides what counts."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)
        self._store: ReviewStore | None = None

    @property
    def store(self) -> ReviewStore:
        """The review of this workspace, opened at its first use."""
        if self._store is None:
            self._store = self.files.review()
        return self._store

    @needs("annotator")
    def do(self, request: gr.Request, event: gr.EventData) -> str:
        """Do what the page asks for; an error that a person can mend is a note over the card, which stays."""
        try:
            command = command_of(event)
            answer = self._verbs()[command.do](request, command)
        except WorkbenchError as error:
            answer = {"note": in_words(error, request), "bad": True}
        except ValidationError as error:
            answer = {"note": translate(request, "review.unreadable", value=error.errors()[0]["input"]), "bad": True}
        return json.dumps(answer | {"serial": time.time_ns()}, ensure_ascii=False)

    @needs("annotator")
    def keep(self, request: gr.Request, event: gr.EventData) -> str:
        """Keep what is being typed, and say what it leads to."""
        typed = Typed.model_validate({"card": event.card, "draft": event.draft})
        card = self.store.card(typed.card, words.name_of(request))
        draft = typed.draft.over(card.conversation)
        self.store.keep_draft(card.id, words.name_of(request), draft)
        notes = replay_notes(replay(card.conversation, draft, self._hotels(request)), request)
        return json.dumps(notes | {"card": card.id, "serial": time.time_ns()}, ensure_ascii=False)

    def _verbs(self) -> dict[str, Callable[[gr.Request, Command], Answer]]:
        decisions = dict.fromkeys(("approve", "reject", "skip", "flag"), self._decide)
        own = ("open", "pick", "next", "comment", "save", "draft", "undo", "ask_bulk", "bulk", "audit")
        leads = ("settle", "gold", "team", "deal")
        return decisions | {name: getattr(self, f"_{name}") for name in (*own, *leads)}

    def _hotels(self, request: gr.Request) -> Any:
        return self.context.store(request)

    def _open(self, request: gr.Request, command: Command) -> Answer:
        """The whole step: where the address names a card, that one."""
        plan, lead = self.store.team.plan(), self._leads(request)
        dealt = plan is not None and bool(plan.people)
        frame = frame_html(self.store.found(), command.wishes, request, lead=lead, dealt=dealt)
        who = words.name_of(request)
        # the manual is Chinese, as those who review are, and of use once there is a card
        guide = language(request) == "zh" and self.store.team.is_new(who) and bool(self.store.counts().operations)
        return {"frame": frame, "lead": lead, "guide": guide, "who": who} | (
            self._pick(request, command) if command.card else self._next(request, command)
        )

    def _pick(self, request: gr.Request, command: Command) -> Answer:
        """A card that was chosen; the next one where it is not there any more."""
        try:
            card = self.store.hold(words.name_of(request), command.card)
        except InputError:
            return self._next(request, command.model_copy(update={"card": 0}))
        return self._drawn(request, command, card)

    def _next(self, request: gr.Request, command: Command, note: str = "") -> Answer:
        card = self.store.next(words.name_of(request), self._filter(request, command), command.card)
        return self._drawn(request, command, card, note)

    def _leads(self, request: gr.Request) -> bool:
        """Whether the person deals cards out, and settles what others disagree on."""
        return self.context.may(request, "engineer")

    def _filter(self, request: gr.Request, command: Command) -> Filter:
        """The filter for this person: a lead outside the plan sees everybody's cards, and leads alone what is disputed."""
        only = command.wishes.filter
        if not self._leads(request):
            return replace(only, disputed=False)
        plan = self.store.team.plan()
        apart = not only.whose and plan is not None and words.name_of(request) not in plan.people
        return replace(only, whose="all") if apart else only

    def _seen(self, request: gr.Request, command: Command) -> Card:
        """The card that a command is about, as it was on screen."""
        return replace(self.store.card(command.card, words.name_of(request)), seen=command.seen)

    def _settles(self, request: gr.Request, command: Command) -> bool:
        """Whether the person looks at what people disagree on, to settle it."""
        return command.wishes.state == "disputed" and self._leads(request)

    def _decide(self, request: gr.Request, command: Command) -> Answer:
        """Keep a decision; the next card is there at once."""
        note = ""
        try:
            self._append(request, command)
        except InputError:
            note = translate(request, "review.taken", card=command.card)
        return self._next(request, command, note)

    def _comment(self, request: gr.Request, command: Command) -> Answer:
        """Keep a word on a card, which stays on screen."""
        self._append(request, command)
        return self._pick(request, command)

    def _append(self, request: gr.Request, command: Command) -> None:
        action: Action = command.do  # type: ignore[assignment]
        reason, comment = command.reason.strip(), command.comment.strip()
        card, lead = self._seen(request, command), self._leads(request)
        self.store.decide(card, words.name_of(request), action, reason=reason, comment=comment, lead=lead)

    def _save(self, request: gr.Request, command: Command) -> Answer:
        """Keep an edit, replayed and checked at once."""
        card = self._seen(request, command)
        made = replay(card.conversation, command.draft, self._hotels(request))
        for error in made.errors.values():
            raise error
        checks = check(made.conversation, self._hotels(request), card.original)
        lead = self._leads(request)
        self.store.decide(card, words.name_of(request), "edit", made.conversation, checks, lead=lead)
        wrong = [c.reason for c in checks if not c.passed]
        return self._next(request, command, translate(request, "review.still", reason=wrong[0]) if wrong else "")

    def _draft(self, request: gr.Request, command: Command) -> Answer:
        """Keep what was typed on a card while no server was there; an empty draft forgets it."""
        card = self._seen(request, command)
        self.store.keep_draft(card.id, words.name_of(request), command.draft.over(card.conversation))
        return self._pick(request, command)

    def _undo(self, request: gr.Request, command: Command) -> Answer:
        """Take the last step back and show its card."""
        undone = self.store.undo(words.name_of(request), command.step)
        if undone is None:
            return {"note": translate(request, "review.nothing")}
        note = translate(request, "review.undone" if undone.n == 1 else "review.undone_bulk", n=f"{undone.n:,}")
        return self._drawn(request, command, undone.card, note)

    def _ask_bulk(self, request: gr.Request, command: Command) -> Answer:
        """What a bulk approval of this filter would take."""
        asked = self.store.bulk(words.name_of(request), self._filter(request, command))
        take, leave = translate(request, "review.bulk_take", n=f"{asked.n:,}"), translate(request, "review.leave_it")
        told = {"told": words.bulk_question(asked, request), "take": take, "leave": leave}
        return {"bulk": told | {"n": asked.n, "until": asked.until}}

    def _bulk(self, request: gr.Request, command: Command) -> Answer:
        """Approve what was asked about, as one step."""
        only, name = self._filter(request, command), words.name_of(request)
        taken = self.store.bulk_approve(name, only, command.until, command.step)
        return self._next(request, command, translate(request, "review.bulked", n=f"{taken:,}"))

    def _settle(self, request: gr.Request, command: Command) -> Answer:
        """Let one person's judgement on a disputed card stand."""
        self.context.require(request, "engineer")
        told = self.store.team.judgements(command.card)
        if not 0 < command.choice <= len(told):
            return self._pick(request, command)
        one = told[command.choice - 1]
        card = replace(self._seen(request, command), conversation=one.conversation)
        edit = one.conversation if one.action == "edit" else None
        checks = check(one.conversation, self._hotels(request), card.original) if edit else None
        action: Action = one.action  # type: ignore[assignment]
        name = words.name_of(request)
        self.store.decide(card, name, action, edit, checks, reason=one.reason, lead=True)
        return self._next(request, command)

    def _gold(self, request: gr.Request, command: Command) -> Answer:
        """Say what a card's answer is, so that it comes to everybody; without one it is an ordinary card again."""
        self.context.require(request, "engineer")
        name, card = words.name_of(request), self._seen(request, command)
        kept = {"approve": KEPT, "reject": ("reject",)}.get(command.answer)
        if kept and card.verdict not in kept:
            self.store.decide(card, name, command.answer or "approve", lead=True)
            card = self.store.card(card.id, name)
        self.store.decide(card, name, "gold", reason=command.answer)
        self.store.team.spread(card.id)
        return self._next(request, command, translate(request, f"review.gold_{command.answer or 'none'}"))

    def _team(self, request: gr.Request, command: Command) -> Answer:
        """How cards are dealt, how well people agree, and everybody's day."""
        self.context.require(request, "engineer")
        team = self.store.team
        known = "、".join(self._accounts() or [])
        hint = translate(request, "team.hint", names=known) if known else translate(request, "team.no_accounts")
        plan, people = team.plan() or Plan(), team.people(words.midnight())
        return {"team": team_html(plan, team.standing(), team.agreement(), people, hint, request)}

    def _deal(self, request: gr.Request, command: Command) -> Answer:
        """Deal what waits, and what comes."""
        self.context.require(request, "engineer")
        plan = plan_of(command.people, command.common, command.judgements, self._accounts())
        dealt = self.store.team.deal(plan, words.name_of(request))
        note = translate(request, "team.dealt", n=f"{dealt:,}")
        return self._team(request, command) | self._next(request, command, note)

    def _accounts(self) -> list[str] | None:
        """Everybody who can log in; None on a page of one person."""
        return list(self.context.accounts.roles()) if self.context.accounts is not None else None

    def _audit(self, request: gr.Request, command: Command) -> Answer:
        return {"audit": words.audit_html(reversed(self.store.audit(newest=words.LAST)), request)}

    def _drawn(self, request: gr.Request, command: Command, card: Card | None, note: str = "") -> Answer:
        """A card with all that stands around it, and the one that will come next."""
        name, only = words.name_of(request), self._filter(request, command)
        counts = self.store.counts(name)
        following = self.store.peek(name, only, card.id) if card else None
        listing = self.store.listing(name, only, card.id if card else 0)
        if only.order == "unsure" and not note:
            note = reading_note(self.context.settings, self.store, request)
        nothing = "review.empty" if counts.operations else "review.start"
        return {
            "card": self._shown(request, command, card) if card else None,
            "next": self._shown(request, command, following) if following else None,
            "empty": empty(translate(request, nothing)),
            "list": list_html(listing, command.wishes.text, request),
            "progress": words.progress_html(self.store, counts, request),
            "reasons": words.reason_choices(self.store, request),
            "note": note,
        }

    def _shown(self, request: gr.Request, command: Command, card: Card) -> Answer:
        """A card as the page needs it: to look at and to edit, with what was typed on it and not saved.

        Who is to decide by themselves is not told what others said of it.
        """
        alone = (card.need > 1 or card.answer) and not command.wishes.filter.over
        draft = self.store.draft(card.id, words.name_of(request))
        draft = draft.over(card.conversation) if draft else Draft()
        history = "" if alone else words.history_html(self.store.audit(card.id), request)
        if self._settles(request, command):
            history = judgements_html(card, self.store.team.judgements(card.id), request)
        return {
            "id": card.id,
            "seen": card.seen,
            "html": card_html(card, request, history),
            "editor": editor_html(card, draft, request),
            "draft": bool(draft),
        }
