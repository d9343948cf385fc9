"""All runs of step 2 as a list: what each was, how far it is, what it cost, how its cards fared; one can be withdrawn and put back."""

import time
from contextlib import closing
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.context import Context

from chatbot.corpus.augmentation.prompts import OPERATIONS
from chatbot.corpus.review.runs import RunCards
from chatbot.ui.data.files import DataFiles
from chatbot.ui.data.runs.standing import Standing, run_cards
from chatbot.ui.data.shared import say_done, time_ago
from chatbot.ui.i18n.translate import in_language, label, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs
from chatbot.ui.shell.forms import QUIET, WAIT
from chatbot.ui.shell.html import cells, empty, table
from chatbot.ui.shell.pace import SELDOM

COLUMNS = ("name", "settings", "state", "cost", "cards", "approved", "when")
NOBODY = "me"
"""The name of the one person who uses a page without accounts, as in the review."""


@dataclass(frozen=True)
class RunParts:
    """What others wire: the run that is chosen, the button that goes on with it, and the events after which the counts have changed."""

    chosen: gr.Dropdown
    again: gr.Button
    changed: list[Any]


def build(context: PageContext, status: gr.HTML) -> RunParts:
    """Lay the list out; `status` tells how the last run stands, and the list is drawn anew whenever that changes."""
    handlers = RunHandlers(context)
    gr.Markdown(label("runs.head"), elem_classes="head")
    shown = gr.HTML(padding=False, elem_id="augment-runs", elem_classes="wide")
    with gr.Row(elem_classes="inline", visible=False) as choice:
        run = gr.Dropdown([], label=label("runs.which"), min_width=220, elem_id="runs-which")
        again = gr.Button(label("runs.again"), min_width=110, elem_id="runs-again")
        withdraw = gr.Button(label("runs.withdraw"), min_width=110, elem_id="runs-withdraw")
        restore = gr.Button(label("runs.restore"), min_width=110, elem_id="runs-restore")
    page = Context.root_block
    assert page is not None
    drawn = [shown, run, choice, withdraw, restore]
    run.change(handlers.can, run, [withdraw, restore], **QUIET)
    status.change(handlers.show, run, drawn, **QUIET)
    gr.on(
        [page.load, gr.Timer(SELDOM).tick], handlers.show, run, drawn, **QUIET
    )  # runs of the command line and of others
    gone = withdraw.click(handlers.withdraw, run, drawn, **WAIT)
    back = restore.click(handlers.restore, run, drawn, **WAIT)
    return RunParts(run, again, [gone, back])


class RunHandlers:
    """What the list's controls do."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.files = context, DataFiles(context.settings)

    def show(self, request: gr.Request, chosen: str | None) -> list[Any]:
        """The list as it stands, and the runs that can be chosen."""
        if not self.context.may(request, "annotator"):
            return [gr.skip()] * 5
        rows = Rows(self.files, request)
        choices = rows.choices()
        known = [value for _, value in choices]
        value = chosen if chosen in known else known[0] if known else None
        return [
            rows.html(),
            gr.update(choices=choices, value=value),
            gr.update(visible=bool(known)),
            *_can(rows.cards, value),
        ]

    def can(self, chosen: str | None) -> list[Any]:
        """Which of withdrawing a run and putting it back can be pressed."""
        return _can(run_cards(self.files), chosen)

    @needs("engineer")
    def withdraw(self, request: gr.Request, chosen: str | None) -> list[Any]:
        """Take a run's undecided cards out of the queue, and end the run if it is under way."""
        for job in self.files.jobs():
            now = Standing.of(job)
            if now.active and chosen and now.run == chosen:
                job.stop()
        with closing(self.files.ledger()) as ledger:
            n = ledger.withdraw(chosen or "", _name(request))
        say_done(request, "runs.withdrew", n=f"{n:,}")
        return self.show(request, chosen)

    @needs("engineer")
    def restore(self, request: gr.Request, chosen: str | None) -> list[Any]:
        """Put them back."""
        with closing(self.files.ledger()) as ledger:
            n = ledger.restore(chosen or "", _name(request))
        say_done(request, "runs.restored", n=f"{n:,}")
        return self.show(request, chosen)


def _can(cards: dict[str, RunCards], chosen: str | None) -> list[Any]:
    gone = chosen in cards and cards[chosen].withdrawn
    return [gr.update(interactive=not gone), gr.update(interactive=gone)]


class Rows:
    """The rows of the list, made of the jobs and of what the review knows of runs."""

    def __init__(self, files: DataFiles, who: Any) -> None:
        self._who, self.cards = who, run_cards(files)
        self._jobs = [Standing.of(job) for job in files.jobs()]

    def choices(self) -> list[tuple[str, str]]:
        """The runs by name, the newest first: those of this page, and those of the command line that have cards."""
        own = {now.run: self._job_name(now) for now in self._jobs if now.run}
        others = {run.run: self._named(run) for run in self.cards.values() if run.cards and run.run not in own}
        return [(name, run) for run, name in (own | others).items()]

    def html(self) -> str:
        """The table."""
        heads = [translate(self._who, f"runs.{name}") for name in COLUMNS]
        seen = {now.run for now in self._jobs}
        started = [(now.job.created, self._of_job(now)) for now in self._jobs]
        others = [(run.at, self._of_command(run)) for run in self.cards.values() if run.run not in seen]
        rows = [row for _, row in sorted(started + others, reverse=True)]
        return table("facts runs", heads, rows) if rows else empty(translate(self._who, "runs.none"))

    def _of_job(self, now: Standing) -> str:
        cards, config = self.cards.get(now.run), now.job.config
        cost = now.now.cost if now.now and now.now.cost is not None else 0.0
        return self._row(escape(self._job_name(now)), config, self._state(now, cards), cost, cards, now.job.created)

    def _of_command(self, run: RunCards) -> str:
        state = translate(self._who, "runs.withdrawn" if run.withdrawn else "runs.done")
        return self._row(escape(self._named(run)), run.settings, state, run.cost, run, run.at)

    def _row(
        self, name: str, config: dict[str, Any], state: str, cost: float, cards: RunCards | None, at: float
    ) -> str:
        made = f"{cards.cards:,}" if cards else "—"
        money = translate(self._who, "augment.free") if not cost else f"${cost:.3f}"
        settings = escape(self._settings(config))
        return cells([name, settings, state, money, made, self._approved(cards), time_ago(at, self._who)])

    def _job_name(self, now: Standing) -> str:
        return str(now.job.config.get("name") or "") or self._default(now.job.created)

    def _named(self, run: RunCards) -> str:
        return run.name or self._default(run.at)

    def _default(self, at: float) -> str:
        """What a run without a name is called: its day and time."""
        return translate(self._who, "runs.unnamed", when=_clock(at))

    def _settings(self, config: dict[str, Any]) -> str:
        """What a run was told, as a phrase."""
        who = self._who
        chosen = config.get("operations") or tuple(OPERATIONS)
        comma = translate(who, "corpus.comma")
        offline = config.get("mode", "offline") == "offline"
        parts = [
            translate(who, "augment.offline") if offline else str(config.get("model") or "gpt-4o-mini"),
            comma.join(in_language(who, OPERATIONS[name]) for name in chosen if name in OPERATIONS),
            translate(who, "runs.seed", n=config.get("seed", 1)),
        ]
        edited = [in_language(who, OPERATIONS[name]) for name in config.get("texts") or {} if name in OPERATIONS]
        if config.get("mode") == "batch":
            parts.insert(1, translate(who, "runs.batch"))
        return " · ".join([*parts, *([translate(who, "runs.edited", names=comma.join(edited))] if edited else [])])

    def _state(self, now: Standing, cards: RunCards | None) -> str:
        if cards and cards.withdrawn:
            return translate(self._who, "runs.withdrawn")
        word = translate(self._who, f"runs.{'stopped' if now.state == 'died' else now.state}")
        counts = translate(self._who, "runs.counts", made=f"{now.done - now.aside:,}", aside=f"{now.aside:,}")
        left = now.total - now.done
        return word + ("" if not now.total else f"：{now.done:,}/{now.total:,}" if left else f"：{counts}")

    def _approved(self, cards: RunCards | None) -> str:
        """The share of decided cards that were let through, beside the counts it is made of."""
        if cards is None or not cards.decided:
            return "—"
        share = translate(self._who, "runs.share", kept=f"{cards.kept:,}", decided=f"{cards.decided:,}")
        return f"{cards.kept / cards.decided:.0%} {share}"


def _clock(at: float) -> str:
    return time.strftime("%m-%d %H:%M", time.localtime(at))


def _name(request: Any) -> str:
    """Who does it: the account, or the one person of a page without accounts."""
    return getattr(request, "username", None) or NOBODY
