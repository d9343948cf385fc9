"""Step 3 of the Data tab: one card at a time, decided by button or by key, and everything that can be known about the review."""

from html import escape
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.corpus.augment_prompts import OPERATIONS
from chatbot.corpus.review import ReviewStore
from chatbot.corpus.review_items import Card, Counts, Filter
from chatbot.errors import InputError
from chatbot.ui.context import PageContext
from chatbot.ui.data_files import DataFiles
from chatbot.ui.data_shared import QUIET, WAIT, ago
from chatbot.ui.errors import needs
from chatbot.ui.review_card import card_html, spoken_lines, with_lines
from chatbot.ui.words import language, say, t

WORDS = {
    "review.approve": ("通过 A", "Approve A"),
    "review.edit": ("修改 E", "Edit E"),
    "review.reject": ("退回 R", "Reject R"),
    "review.skip": ("跳过 S", "Skip S"),
    "review.undo": ("撤销 U", "Undo U"),
    "review.next": ("下一张 J", "Next J"),
    "review.back": ("上一张 K", "Back K"),
    "review.save": ("存下修改并通过", "Save and approve"),
    "review.cancel": ("不改了", "Cancel"),
    "review.lines": (
        "每行一句，行数和顺序不变；Ctrl+Enter 存下，Esc 不改了",
        "One utterance a line, lines and their order stay; Ctrl+Enter saves, Esc cancels",
    ),
    "review.operation": ("操作", "Operation"),
    "review.failed": ("检查", "Checks"),
    "review.all": ("全部", "all"),
    "review.any": ("有没通过的", "any failed"),
    "review.clean": ("全部通过", "all passed"),
    "review.bulk": ("批量通过（检查全过的）", "Approve all that passed"),
    "review.bulked": ("通过了 {n} 张。", "{n} approved."),
    "review.empty": ("这里没有待审的卡片了。换个筛选，或者去第 ④ 步划分与导出。", "No card is waiting here. Change the filters, or go on to step ④."),
    "review.start": ("先在第二步生成，这里就有卡片。", "Run step 2, and cards appear here."),
    "review.progress": (
        "我审了 {mine} 张 · 待审 {pending} · 通过 {approve} · 修改 {edit} · 退回 {reject}",
        "{mine} by me · {pending} waiting · {approve} approved · {edit} edited · {reject} rejected",
    ),
    "review.kappa": ("两人重叠 {n} 张，Cohen’s κ = {kappa}", "{n} cards decided by two, Cohen’s κ = {kappa}"),
    "review.line_count": ("行数变了，没有存。", "The number of lines has changed; not saved."),
    "review.undone": ("撤销了，请重新决定。", "Taken back; decide again."),
    "review.nothing": ("没有可撤销的。", "Nothing to undo."),
    "review.still": ("改后仍有没通过的检查：{reason}", "A check still fails after the edit: {reason}"),
    "review.taken": ("这张卡片刚刚有人审过了，以那边为准。", "Somebody has just decided on that card; their decision stands."),
    "review.audit": ("审核记录", "Who decided what"),
    "review.no_audit": ("还没有人审过。", "Nobody has decided yet."),
    "review.when": ("时间", "when"),
    "review.who": ("谁", "who"),
    "review.what": ("决定", "decision"),
    "review.card": ("卡片", "card"),
    "review.me": ("我", "me"),
    "review.in_bulk": ("（批量）", " (bulk)"),
    "review.did_approve": ("通过", "approved"),
    "review.did_edit": ("修改", "edited"),
    "review.did_reject": ("退回", "rejected"),
    "review.did_skip": ("跳过", "skipped"),
    "review.did_undo": ("撤销", "took back"),
}
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
        operation = gr.Dropdown([], label=t("review.operation"), min_width=170)
        failed = gr.Dropdown([], label=t("review.failed"), min_width=140)
        bulk = gr.Button(t("review.bulk"), min_width=170, elem_id="review-bulk")
    progress, card = gr.HTML(padding=False, elem_id="review-progress"), gr.HTML(padding=False, elem_id="review-card")
    with gr.Group(visible=False, elem_id="review-editor") as editor:
        lines = gr.Textbox(label=t("review.lines"), lines=8, max_lines=20)
        with gr.Row(elem_classes="keys"):
            cancel, save = (gr.Button(t(f"review.{name}"), elem_id=f"review-{name}", variant=_variant(name)) for name in ("cancel", "save"))
    with gr.Row(elem_classes="keys decide"):
        buttons = {name: gr.Button(t(f"review.{name}"), elem_id=f"review-{name}", min_width=70, variant=_variant(name)) for name in KEYS.values()}
    with gr.Accordion(t("review.audit"), open=False) as audit:
        rows = gr.HTML(padding=False, elem_id="review-audit")
    page = Context.root_block
    assert page is not None
    wanted, drawn = [operation, failed], [current, seen, card, progress, editor]
    state = [current, seen, *wanted]
    page.load(handlers.choices, None, wanted, js=LISTEN, **QUIET)
    opened = [where.input(handlers.open, [seen, *wanted], drawn, **QUIET) for where in wanted]
    gr.on([page.load, gr.Timer(4.0).tick], handlers.refresh, state, drawn, **QUIET)
    events = [buttons[name].click(handlers.decider(name), state, drawn, **QUIET) for name in ("approve", "reject", "skip")]
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
        operations = [(say(request, "review.all"), "")] + [(names[side], key) for key, names in OPERATIONS.items()]
        operations.append((say(request, "card.feedback"), "feedback"))
        failed = [(say(request, f"review.{word}"), key) for word, key in (("all", ""), ("any", "any"), ("clean", "none"))]
        failed += [("✗ " + say(request, f"card.{name}"), name) for name in ("slots", "grounded", "replay", "form", "unique")]
        return gr.update(choices=operations, value=""), gr.update(choices=failed, value="")

    def refresh(self, current: Card | None, seen: list[int], operation: str, failed: str, request: gr.Request) -> list[Any]:
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

        def handle(request: gr.Request, current: Card | None, seen: list[int], *wanted: str) -> list[Any]:
            return self._decide(request, action, current, seen, *wanted)

        return handle

    @needs("annotator")
    def _decide(self, request: gr.Request, action: Any, current: Card | None, seen: list[int], *wanted: str) -> list[Any]:
        if current is None:
            return [gr.skip()] * 5
        note = ""
        try:
            self.store.decide(current, _name(request), action)
        except InputError:
            note = say(request, "review.taken")
        return self._next(request, seen, _filter(*wanted), after=current.id, note=note)

    @needs("annotator")
    def undo(self, request: gr.Request, current: Card | None, seen: list[int], *wanted: str) -> list[Any]:
        """Take the last decision back and show its card."""
        card = self.store.undo(_name(request))
        return self._draw(request, card or current, seen, say(request, "review.undone" if card else "review.nothing"))

    @needs("annotator")
    def save(self, request: gr.Request, lines: str, current: Card | None, seen: list[int], *wanted: str) -> list[Any]:
        """Keep an edit, checked at once."""
        edited = with_lines(current.conversation, lines.strip("\n").split("\n")) if current else None
        if current is None or edited is None:
            raise InputError(say(request, "review.line_count"))
        from chatbot.corpus.checks import check

        checks = check(edited, self.context.default_store, current.original)
        self.store.decide(current, _name(request), "edit", edited, checks)
        wrong = [c.reason for c in checks if not c.passed]
        return self._next(request, seen, _filter(*wanted), after=current.id, note=say(request, "review.still", reason=wrong[0]) if wrong else "")

    @needs("annotator")
    def bulk(self, request: gr.Request, current: Card | None, seen: list[int], *wanted: str) -> list[Any]:
        """Approve all that passed its checks under these filters."""
        approved = self.store.bulk_approve(_name(request), _filter(*wanted))
        return self._next(request, seen, _filter(*wanted), after=0, note=say(request, "review.bulked", n=f"{approved:,}"))

    @needs("annotator")
    def edit(self, request: gr.Request, current: Card | None) -> tuple[Any, Any]:
        """Open the editor."""
        return gr.update(visible=current is not None), spoken_lines(current.conversation, request) if current else ""

    @needs("annotator")
    def audit(self, request: gr.Request) -> str:
        """The last decisions of everybody."""
        heads = "".join(f"<th>{say(request, f'review.{name}')}</th>" for name in ("when", "who", "what", "card"))
        rows = "".join(_audited(row, request) for row in reversed(self.store.audit()[-LAST:]))
        return f'<table class="facts"><tr>{heads}</tr>{rows}</table>' if rows else f'<p class="empty">{say(request, "review.no_audit")}</p>'

    def move(self, step: int) -> Any:
        """The handler that turns to the next open card, or back to the one before, deciding nothing."""

        def handle(request: gr.Request, current: Card | None, seen: list[int], *wanted: str) -> list[Any]:
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
        shown = card_html(card, request) if card else f'<p class="empty">{say(request, "review.empty" if counts.operations else "review.start")}</p>'
        trail = [*[item for item in seen if card is None or item != card.id], *([card.id] if card else [])][-200:]
        return [card, trail, shown, self._progress(request, counts, note), gr.update(visible=False)]

    def _progress(self, request: gr.Request, counts: Counts, note: str) -> str:
        told = say(request, "review.progress", **{k: f"{getattr(counts, k):,}" for k in ("pending", "approve", "edit", "reject", "mine")})
        n, kappa = self.store.agreement()
        both = "　" + say(request, "review.kappa", n=n, kappa=f"{kappa:.2f}") if kappa is not None else ""
        total = sum(counts.operations.values())
        bar = f'<div class="meter"><i style="width:{1 - counts.pending / total:.1%}"></i></div>' if total else ""
        return f'{bar}<p class="quiet">{escape(told + both)}</p>' + (f'<p class="note" role="status">{escape(note)}</p>' if note else "")


def _audited(row: dict[str, Any], who: Any) -> str:
    """One decision as a row of a table."""
    what = say(who, f"review.did_{row['action']}") + (say(who, "review.in_bulk") if row["bulk"] else "")
    name = say(who, "review.me") if row["annotator"] == NOBODY else row["annotator"]
    return f"<tr><td>{ago(row['at'], who)}</td><td>{escape(name)}</td><td>{what}</td><td>{row['item']}</td></tr>"


def _filter(operation: str | None = None, failed: str | None = None) -> Filter:
    return Filter(operation or None, failed or None)


def _name(request: Any) -> str:
    """Who decides: the account, or the one person of a page without accounts."""
    return getattr(request, "username", None) or NOBODY
