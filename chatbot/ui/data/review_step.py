"""Step 3 of the Data tab: one card at a time, decided by button or by key, and everything that can be known about the review."""

from html import escape
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.core.errors import InputError
from chatbot.corpus.augmentation.prompts import OPERATIONS
from chatbot.corpus.review.items import Card, Counts, Filter
from chatbot.corpus.review.queue import ReviewStore
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.review_card import card_html, spoken_lines, with_lines
from chatbot.ui.data.shared import QUIET, WAIT, ago
from chatbot.ui.i18n.translate import label, language, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs

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
    state = [current, seen, *wanted]
    page.load(handlers.choices, None, wanted, js=LISTEN, **QUIET)
    opened = [where.input(handlers.open, [seen, *wanted], drawn, **QUIET) for where in wanted]
    gr.on([page.load, gr.Timer(4.0).tick], handlers.refresh, state, drawn, **QUIET)
    events = [
        buttons[name].click(handlers.decider(name), state, drawn, **QUIET) for name in ("approve", "reject", "skip")
    ]
    events.append(buttons["undo"].click(handlers.undo, state, drawn, **QUIET))
    events.append(save.click(handlers.save, [lines, *state], drawn, **QUIET))
    events.append(bulk.click(handlers.bulk, state, drawn, **WAIT))
    buttons["next"].click(handlers.move(1), state, drawn, **QUIET)
    buttons["back"].click(handlers.move(-1), state, drawn, **QUIET)
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
        side = 0 if language(request) == "zh" else 1
        operations = [(translate(request, "review.all"), "")] + [
            (names[side], key) for key, names in OPERATIONS.items()
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

    def refresh(
        self, current: Card | None, seen: list[int], operation: str, failed: str, request: gr.Request
    ) -> list[Any]:
        """Keep the card on screen; look for one where there is none."""
        if not self.context.may(request, "annotator") or current is not None:
            return [gr.skip()] * 5
        return self._next(request, seen, _filter(operation, failed), after=0)

    @needs("annotator")
    def open(self, request: gr.Request, seen: list[int], *wanted: str) -> list[Any]:
        """The first card under new filters."""
        return self._next(request, seen, _filter(*wanted), after=0)

    def decider(self, action: Any) -> Any:
        """The handler of one decision; the next card is there at once."""

        def handle(request: gr.Request, current: Card | None, seen: list[int], *wanted: str) -> Any:
            return self._decide(request, action, current, seen, *wanted)

        return handle

    @needs("annotator")
    def _decide(
        self, request: gr.Request, action: Any, current: Card | None, seen: list[int], *wanted: str
    ) -> list[Any]:
        if current is None:
            return [gr.skip()] * 5
        note = ""
        try:
            self.store.decide(current, _name(request), action)
        except InputError:
            note = translate(request, "review.taken")
        return self._next(request, seen, _filter(*wanted), after=current.id, note=note)

    @needs("annotator")
    def undo(self, request: gr.Request, current: Card | None, seen: list[int], *wanted: str) -> list[Any]:
        """Take the last decision back and show its card."""
        card = self.store.undo(_name(request))
        return self._draw(
            request, card or current, seen, translate(request, "review.undone" if card else "review.nothing")
        )

    @needs("annotator")
    def save(self, request: gr.Request, lines: str, current: Card | None, seen: list[int], *wanted: str) -> list[Any]:
        """Keep an edit, checked at once."""
        edited = with_lines(current.conversation, lines.strip("\n").split("\n")) if current else None
        if current is None or edited is None:
            raise InputError("ui.line_count")
        from chatbot.corpus.checks import check

        checks = check(edited, self.context.default_store, current.original)
        self.store.decide(current, _name(request), "edit", edited, checks)
        wrong = [c.reason for c in checks if not c.passed]
        return self._next(
            request,
            seen,
            _filter(*wanted),
            after=current.id,
            note=translate(request, "review.still", reason=wrong[0]) if wrong else "",
        )

    @needs("annotator")
    def bulk(self, request: gr.Request, current: Card | None, seen: list[int], *wanted: str) -> list[Any]:
        """Approve all that passed its checks under these filters."""
        approved = self.store.bulk_approve(_name(request), _filter(*wanted))
        return self._next(
            request, seen, _filter(*wanted), after=0, note=translate(request, "review.bulked", n=f"{approved:,}")
        )

    @needs("annotator")
    def edit(self, request: gr.Request, current: Card | None) -> tuple[Any, Any]:
        """Open the editor."""
        return gr.update(visible=current is not None), spoken_lines(current.conversation, request) if current else ""

    @needs("annotator")
    def audit(self, request: gr.Request) -> str:
        """The last decisions of everybody."""
        heads = "".join(f"<th>{translate(request, f'review.{name}')}</th>" for name in ("when", "who", "what", "card"))
        rows = "".join(_audited(row, request) for row in reversed(self.store.audit()[-LAST:]))
        return (
            f'<table class="facts"><tr>{heads}</tr>{rows}</table>'
            if rows
            else f'<p class="empty">{translate(request, "review.no_audit")}</p>'
        )

    def move(self, step: int) -> Any:
        """The handler that turns to the next open card, or back to the one before, deciding nothing."""

        def handle(request: gr.Request, current: Card | None, seen: list[int], *wanted: str) -> Any:
            return self._move(request, step, current, seen, *wanted)

        return handle

    @needs("annotator")
    def _move(self, request: gr.Request, step: int, current: Card | None, seen: list[int], *wanted: str) -> list[Any]:
        if step > 0:
            return self._next(request, seen, _filter(*wanted), after=current.id if current else 0)
        before = [item for item in seen if not current or item != current.id]
        return self._draw(request, self.store.card(before[-1]), before) if before else [gr.skip()] * 5

    def _next(self, request: gr.Request, seen: list[int], only: Filter, *, after: int, note: str = "") -> list[Any]:
        return self._draw(request, self.store.next(_name(request), only, after), seen, note)

    def _draw(self, request: gr.Request, card: Card | None, seen: list[int], note: str = "") -> list[Any]:
        counts = self.store.counts(_name(request))
        shown = (
            card_html(card, request)
            if card
            else f'<p class="empty">{translate(request, "review.empty" if counts.operations else "review.start")}</p>'
        )
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
        bar = f'<div class="meter"><i style="width:{1 - counts.pending / total:.1%}"></i></div>' if total else ""
        return f'{bar}<p class="quiet">{escape(told + both)}</p>' + (
            f'<p class="note" role="status">{escape(note)}</p>' if note else ""
        )


def _audited(row: dict[str, Any], who: Any) -> str:
    """One decision as a row of a table."""
    what = translate(who, f"review.did_{row['action']}") + (translate(who, "review.in_bulk") if row["bulk"] else "")
    name = translate(who, "review.me") if row["annotator"] == NOBODY else row["annotator"]
    return f"<tr><td>{ago(row['at'], who)}</td><td>{escape(name)}</td><td>{what}</td><td>{row['item']}</td></tr>"


def _filter(operation: str | None = None, failed: str | None = None) -> Filter:
    return Filter(operation or None, failed or None)


def _name(request: Any) -> str:
    """Who decides: the account, or the one person of a page without accounts."""
    return getattr(request, "username", None) or NOBODY
