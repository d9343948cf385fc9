"""Step 3 of the Data tab: one card at a time, decided by button or by key, and everything that can be known about the review."""

from html import escape
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import InputError
from chatbot.corpus.augmentation.prompts import OPERATIONS
from chatbot.corpus.review.items import Card, Counts
from chatbot.corpus.review.queue import Action, ReviewStore
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.review_card import card_html, utterance_lines
from chatbot.ui.data.review_form import EditedCard, ReviewPosition
from chatbot.ui.data.shared import time_ago
from chatbot.ui.i18n.translate import in_language, label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs
from chatbot.ui.shell.forms import QUIET, WAIT, Fields
from chatbot.ui.shell.html import cells, empty, progress, quiet, table

KEYS = {"a": "approve", "e": "edit", "r": "reject", "s": "skip", "u": "undo", "j": "next", "k": "back"}
NOBODY = "me"
"""The name of the one person who uses a page without accounts."""
LAST = 40
"""Decisions that the page shows; the audit file of an export holds all."""
LISTEN = """() => {
  if (window.__reviewKeys) return; window.__reviewKeys = true;
  const names = {a: "approve", e: "edit", r: "reject", s: "skip", u: "undo", j: "next", k: "back"};
  const shown = (id) => {
    const button = document.getElementById("review-" + id);
    return button && button.offsetParent !== null && !button.disabled ? button : null;
  };
  const press = (event, id) => { const button = shown(id); if (button) { event.preventDefault(); button.click(); } };
  document.addEventListener("keydown", (event) => {
    if (shown("cancel")) {
      if (event.key === "Escape") press(event, "cancel");
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.target.blur(); press(event, "save"); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable) return;
    press(event, names[event.key.toLowerCase()]);
  });
}"""
"""Keys of the review; while a card is edited only the editor's own."""
FOCUS = """() => {
  const look = (left) => {
    const text = document.querySelector("#review-editor textarea");
    if (text) { text.focus(); text.setSelectionRange(0, 0); } else if (left) setTimeout(look, 50, left - 1);
  };
  look(60);
}"""


def build(context: PageContext) -> list[Any]:
    """Lay the step out; returns the events after which the counts have changed."""
    handlers = ReviewHandlers(context)
    current, seen = gr.State(None), gr.State([])
    with gr.Row(elem_classes="inline filters"):
        operation = gr.Dropdown([], label=label("review.operation"), min_width=170)
        failed = gr.Dropdown([], label=label("review.failed"), min_width=140)
        bulk = gr.Button(label("review.bulk"), min_width=170, elem_id="review-bulk")
    progress, card = gr.HTML(padding=False, elem_id="review-progress"), gr.HTML(padding=False, elem_id="review-card")
    with gr.Group(visible=False, elem_id="review-editor") as editor:
        lines = gr.Textbox(label=label("review.lines"), lines=8, max_lines=20)
        with gr.Row(elem_classes="keys"):
            cancel, save = (
                gr.Button(label(f"review.{name}"), elem_id=f"review-{name}", variant=_variant(name))
                for name in ("cancel", "save")
            )
    with gr.Row(elem_classes="keys decide"):
        buttons = {
            name: gr.Button(label(f"review.{name}"), elem_id=f"review-{name}", min_width=70, variant=_variant(name))
            for name in KEYS.values()
        }
    with gr.Accordion(label("review.audit"), open=False) as audit:
        rows = gr.HTML(padding=False, elem_id="review-audit")
    page = Context.root_block
    assert page is not None
    wanted, drawn = [operation, failed], [current, seen, card, progress, editor]
    desk = Fields(ReviewPosition, {"current": current, "seen": seen, "operation": operation, "failed": failed})
    edited = Fields(EditedCard, {"desk": desk, "lines": lines})
    page.load(handlers.choices, None, wanted, js=LISTEN, **QUIET)
    opened = [where.input(desk.to(handlers.open), desk.inputs, drawn, **QUIET) for where in wanted]
    gr.on([page.load, gr.Timer(4.0).tick], desk.to(handlers.refresh), desk.inputs, drawn, **QUIET)
    events = [
        buttons[name].click(desk.to(getattr(handlers, name)), desk.inputs, drawn, **QUIET)
        for name in ("approve", "reject", "skip", "undo")
    ]
    events.append(save.click(edited.to(handlers.save), edited.inputs, drawn, **QUIET))
    events.append(bulk.click(desk.to(handlers.bulk), desk.inputs, drawn, **WAIT))
    for name in ("next", "back"):
        buttons[name].click(desk.to(getattr(handlers, name)), desk.inputs, drawn, **QUIET)
    buttons["edit"].click(handlers.edit, current, [editor, lines], **QUIET).then(None, js=FOCUS)
    cancel.click(lambda: gr.update(visible=False), None, editor, **QUIET)
    audit.expand(handlers.audit, None, rows, **QUIET)
    return [*events, *opened]


def _variant(name: str) -> Any:
    return {"approve": "primary", "save": "primary", "reject": "stop"}.get(name, "secondary")


class ReviewHandlers:
    """What the review's buttons and keys do. The card on screen is in the page's own state; the store decides what counts."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)
        self._store: ReviewStore | None = None

    @property
    def store(self) -> ReviewStore:
        """The review of this workspace, opened at its first use."""
        if self._store is None:
            self._store = self.files.review()
        return self._store

    def choices(self, request: gr.Request) -> tuple[Any, Any]:
        """The filters in the person's language."""
        operations = [(translate(request, "review.all"), "")] + [
            (in_language(request, names), key) for key, names in OPERATIONS.items()
        ]
        operations.append((translate(request, "card.feedback"), "feedback"))
        failed = [
            (translate(request, f"review.{word}"), key)
            for word, key in (("all", ""), ("any", "any"), ("clean", "none"))
        ]
        failed += [
            ("✗ " + translate(request, f"card.{name}"), name)
            for name in ("slots", "grounded", "replay", "form", "unique")
        ]
        return gr.update(choices=operations, value=""), gr.update(choices=failed, value="")

    def refresh(self, request: gr.Request, desk: ReviewPosition) -> list[Any]:
        """Keep the card on screen; look for one where there is none."""
        if not self.context.may(request, "annotator") or desk.current is not None:
            return [gr.skip()] * 5
        return self._next(request, desk)

    @needs("annotator")
    def open(self, request: gr.Request, desk: ReviewPosition) -> list[Any]:
        """The first card under new filters."""
        return self._next(request, desk)

    @needs("annotator")
    def approve(self, request: gr.Request, desk: ReviewPosition) -> list[Any]:
        """Into the data set with it."""
        return self._decide(request, "approve", desk)

    @needs("annotator")
    def reject(self, request: gr.Request, desk: ReviewPosition) -> list[Any]:
        """Not into the data set."""
        return self._decide(request, "reject", desk)

    @needs("annotator")
    def skip(self, request: gr.Request, desk: ReviewPosition) -> list[Any]:
        """Somebody else may decide."""
        return self._decide(request, "skip", desk)

    @needs("annotator")
    def undo(self, request: gr.Request, desk: ReviewPosition) -> list[Any]:
        """Take the last decision back and show its card."""
        card = self.store.undo(_name(request))
        note = translate(request, "review.undone" if card else "review.nothing")
        return self._draw(request, card or desk.current, desk.seen, note)

    @needs("annotator")
    def save(self, request: gr.Request, edited: EditedCard) -> list[Any]:
        """Keep an edit, checked at once."""
        from chatbot.corpus.checks import check

        card, conversation = edited.read()
        checks = check(conversation, self.context.default_store, card.original)
        self.store.decide(card, _name(request), "edit", conversation, checks)
        wrong = [c.reason for c in checks if not c.passed]
        note = translate(request, "review.still", reason=wrong[0]) if wrong else ""
        return self._next(request, edited.desk, after=card.id, note=note)

    @needs("annotator")
    def bulk(self, request: gr.Request, desk: ReviewPosition) -> list[Any]:
        """Approve all that passed its checks under these filters."""
        approved = self.store.bulk_approve(_name(request), desk.filter)
        return self._next(request, desk, note=translate(request, "review.bulked", n=f"{approved:,}"))

    @needs("annotator")
    def next(self, request: gr.Request, desk: ReviewPosition) -> list[Any]:
        """Turn to the next open card, deciding nothing."""
        return self._next(request, desk, after=desk.current.id if desk.current else 0)

    @needs("annotator")
    def back(self, request: gr.Request, desk: ReviewPosition) -> list[Any]:
        """Turn to the card before, deciding nothing."""
        before = desk.before
        return self._draw(request, self.store.card(before[-1]), before) if before else [gr.skip()] * 5

    @needs("annotator")
    def edit(self, request: gr.Request, current: Card | None) -> tuple[Any, Any]:
        """Open the editor."""
        return gr.update(visible=current is not None), utterance_lines(current.conversation, request) if current else ""

    @needs("annotator")
    def audit(self, request: gr.Request) -> str:
        """The last decisions of everybody."""
        heads = (translate(request, f"review.{name}") for name in ("when", "who", "what", "card"))
        rows = [_audited(row, request) for row in reversed(self.store.audit()[-LAST:])]
        return table("facts", heads, rows) if rows else empty(translate(request, "review.no_audit"))

    def _decide(self, request: gr.Request, action: Action, desk: ReviewPosition) -> list[Any]:
        """Keep a decision; the next card is there at once."""
        if desk.current is None:
            return [gr.skip()] * 5
        note = ""
        try:
            self.store.decide(desk.current, _name(request), action)
        except InputError:
            note = translate(request, "review.taken")
        return self._next(request, desk, after=desk.current.id, note=note)

    def _next(self, request: gr.Request, desk: ReviewPosition, *, after: int = 0, note: str = "") -> list[Any]:
        return self._draw(request, self.store.next(_name(request), desk.filter, after), desk.seen, note)

    def _draw(self, request: gr.Request, card: Card | None, seen: list[int], note: str = "") -> list[Any]:
        counts = self.store.counts(_name(request))
        nothing = "review.empty" if counts.operations else "review.start"
        shown = card_html(card, request) if card else empty(translate(request, nothing))
        trail = [*[item for item in seen if card is None or item != card.id], *([card.id] if card else [])][-200:]
        return [card, trail, shown, self._progress(request, counts, note), gr.update(visible=False)]

    def _progress(self, request: gr.Request, counts: Counts, note: str) -> str:
        told = translate(
            request,
            "review.progress",
            **{k: f"{getattr(counts, k):,}" for k in ("pending", "approve", "edit", "reject", "mine")},
        )
        n, kappa = self.store.agreement()
        both = "　" + translate(request, "review.kappa", n=n, kappa=f"{kappa:.2f}") if kappa is not None else ""
        total = sum(counts.operations.values())
        bar = progress(1 - counts.pending / total) if total else ""
        said = f'<p class="note" role="status">{escape(note)}</p>' if note else ""
        return bar + quiet(escape(told + both)) + said


def _audited(row: dict[str, Any], who: Any) -> str:
    """One decision as the cells of a row."""
    what = translate(who, f"review.did_{row['action']}") + (translate(who, "review.in_bulk") if row["bulk"] else "")
    name = translate(who, "review.me") if row["annotator"] == NOBODY else row["annotator"]
    return cells([time_ago(row["at"], who), escape(name), what, str(row["item"])])


def _name(request: Any) -> str:
    """Who decides: the account, or the one person of a page without accounts."""
    return getattr(request, "username", None) or NOBODY
