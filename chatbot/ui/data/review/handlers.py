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
from chatbot.corpus.review.drafts import Draft
from chatbot.corpus.review.items import Card
from chatbot.corpus.review.queue import Action, ReviewStore
from chatbot.corpus.review.replay import replay
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.review import words
from chatbot.ui.data.review.card import card_html
from chatbot.ui.data.review.commands import Command, Typed, command_of
from chatbot.ui.data.review.editor import editor_html, replay_notes
from chatbot.ui.data.review.frame import frame_html, list_html
from chatbot.ui.i18n.translate import translate
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
        card = self.store.card(typed.card)
        draft = typed.draft.over(card.conversation)
        self.store.keep_draft(card.id, words.name_of(request), draft)
        notes = replay_notes(replay(card.conversation, draft, self._hotels(request)), request)
        return json.dumps(notes | {"card": card.id, "serial": time.time_ns()}, ensure_ascii=False)

    def _verbs(self) -> dict[str, Callable[[gr.Request, Command], Answer]]:
        decisions = dict.fromkeys(("approve", "reject", "skip", "flag"), self._decide)
        own = ("open", "pick", "next", "comment", "save", "discard", "undo", "ask_bulk", "bulk", "audit")
        return decisions | {name: getattr(self, f"_{name}") for name in own}

    def _hotels(self, request: gr.Request) -> Any:
        return self.context.store(request)

    def _open(self, request: gr.Request, command: Command) -> Answer:
        """The whole step: where the address names a card, that one."""
        frame = frame_html(self.store.found(), command.wishes, request)
        return {"frame": frame} | (self._pick(request, command) if command.card else self._next(request, command))

    def _pick(self, request: gr.Request, command: Command) -> Answer:
        """A card that was chosen; the next one where it is not there any more."""
        try:
            card = self.store.hold(words.name_of(request), command.card)
        except InputError:
            return self._next(request, command.model_copy(update={"card": 0}))
        return self._drawn(request, command, card)

    def _next(self, request: gr.Request, command: Command, note: str = "") -> Answer:
        card = self.store.next(words.name_of(request), command.wishes.filter, command.card)
        return self._drawn(request, command, card, note)

    def _seen(self, command: Command) -> Card:
        """The card that a command is about, as it was on screen."""
        return replace(self.store.card(command.card), seen=command.seen)

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
        self.store.decide(self._seen(command), words.name_of(request), action, reason=reason, comment=comment)

    def _save(self, request: gr.Request, command: Command) -> Answer:
        """Keep an edit, replayed and checked at once."""
        card = self._seen(command)
        made = replay(card.conversation, command.draft, self._hotels(request))
        for error in made.errors.values():
            raise error
        checks = check(made.conversation, self._hotels(request), card.original)
        self.store.decide(card, words.name_of(request), "edit", made.conversation, checks)
        wrong = [c.reason for c in checks if not c.passed]
        return self._next(request, command, translate(request, "review.still", reason=wrong[0]) if wrong else "")

    def _discard(self, request: gr.Request, command: Command) -> Answer:
        """Forget what was typed on a card."""
        self.store.keep_draft(command.card, words.name_of(request), Draft())
        return self._pick(request, command)

    def _undo(self, request: gr.Request, command: Command) -> Answer:
        """Take the last step back and show its card."""
        undone = self.store.undo(words.name_of(request))
        if undone is None:
            return {"note": translate(request, "review.nothing")}
        note = translate(request, "review.undone" if undone.n == 1 else "review.undone_bulk", n=f"{undone.n:,}")
        return self._drawn(request, command, undone.card, note)

    def _ask_bulk(self, request: gr.Request, command: Command) -> Answer:
        """What a bulk approval of this filter would take."""
        asked = self.store.bulk(words.name_of(request), command.wishes.filter)
        take, leave = translate(request, "review.bulk_take", n=f"{asked.n:,}"), translate(request, "review.leave_it")
        told = {"told": words.bulk_question(asked, request), "take": take, "leave": leave}
        return {"bulk": told | {"n": asked.n, "until": asked.until}}

    def _bulk(self, request: gr.Request, command: Command) -> Answer:
        """Approve what was asked about, as one step."""
        taken = self.store.bulk_approve(words.name_of(request), command.wishes.filter, command.until)
        return self._next(request, command, translate(request, "review.bulked", n=f"{taken:,}"))

    def _audit(self, request: gr.Request, command: Command) -> Answer:
        return {"audit": words.audit_html(reversed(self.store.audit(newest=words.LAST)), request)}

    def _drawn(self, request: gr.Request, command: Command, card: Card | None, note: str = "") -> Answer:
        """A card with all that stands around it, and the one that will come next."""
        name, only = words.name_of(request), command.wishes.filter
        counts = self.store.counts(name)
        following = self.store.peek(name, only, card.id) if card else None
        listing = self.store.listing(name, only, card.id if card else 0)
        nothing = "review.empty" if counts.operations else "review.start"
        return {
            "card": self._shown(request, card) if card else None,
            "next": self._shown(request, following) if following else None,
            "empty": empty(translate(request, nothing)),
            "list": list_html(listing, command.wishes.text, request),
            "progress": words.progress_html(self.store, counts, request),
            "reasons": words.reason_choices(self.store, request),
            "note": note,
        }

    def _shown(self, request: gr.Request, card: Card) -> Answer:
        """A card as the page needs it: to look at and to edit, with what was typed on it and not saved."""
        draft = self.store.draft(card.id, words.name_of(request))
        draft = draft.over(card.conversation) if draft else Draft()
        history = words.history_html(self.store.audit(card.id), request)
        return {
            "id": card.id,
            "seen": card.seen,
            "html": card_html(card, request, history),
            "editor": editor_html(card, draft, request),
            "draft": bool(draft),
        }
