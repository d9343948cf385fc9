"""What the controls of the Evaluate tab do; starting and stopping needs an engineer, looking needs nobody."""

import tempfile
from pathlib import Path
from typing import Any

import gradio as gr

from chatbot.core.jobs import ACTIVE
from chatbot.core.messages import write_conversations
from chatbot.core.storage.names import safe_stem
from chatbot.corpus.reading.reader import read_conversations
from chatbot.corpus.review.feedback import feedback_counts
from chatbot.corpus.review.kept import VOTES
from chatbot.evaluation.reporting import labels
from chatbot.evaluation.reporting.compare import cases
from chatbot.evaluation.reporting.report import write_reports
from chatbot.evaluation.reporting.votes import read_votes, standings
from chatbot.evaluation.study import Study
from chatbot.ui.evaluate import runs
from chatbot.ui.evaluate.form import CaseFilter, StudyForm
from chatbot.ui.evaluate.tables import awaited, case_list, results
from chatbot.ui.i18n.translate import in_language, language, translate
from chatbot.ui.shell.context import PageContext
from chatbot.ui.shell.errors import needs
from chatbot.ui.shell.header import model_choices
from chatbot.ui.shell.html import quiet

FIRST = ("hotel-mini-base", "hotel-mini")
"""Chosen at first: what the fine-tuning of the shipped model has brought."""


class EvaluateHandlers:
    """The handlers; they hold nothing but the page's context."""

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def load(self, request: gr.Request) -> list[Any]:
        """Fill the pickers for this person."""
        models = model_choices(self.context, request)
        chosen = [name for name in FIRST if name in dict(models).values()]
        data = runs.data_files(self.context.settings, request)
        every = translate(request, "evaluate.all_of")
        named = [
            gr.update(choices=[(every, ""), *[(in_language(request, pair), key) for key, pair in table.items()]])
            for table in (labels.KINDS, labels.SLOTS)
        ]
        pickers = [gr.update(choices=models, value=chosen), gr.update(choices=data, value=data[0][1] if data else None)]
        return [
            gr.update(visible=self.context.may(request, "engineer")),
            *pickers,
            *named,
            gr.update(choices=models, value=chosen),
        ]

    def models(self, request: gr.Request) -> Any:
        """The models that there are now, so that a new adapter can be picked at once; the chosen ones stay."""
        return gr.update(choices=model_choices(self.context, request))

    @needs("engineer")
    def upload(self, request: gr.Request, path: str) -> Any:
        """Keep an uploaded data set in our own form, whatever form it came in."""
        kept = self.context.settings.folder("uploads") / f"{safe_stem(path)}.jsonl"
        write_conversations(kept, read_conversations(Path(path)))
        return gr.update(choices=runs.data_files(self.context.settings, request), value=str(kept))

    @needs("engineer")
    def start(self, request: gr.Request, chosen: StudyForm) -> Any:
        """Start a study and select it."""
        settings = self.context.settings
        for model in chosen.models:
            self.context.check_offered(request, model)
        job = runs.launch(settings, chosen)
        gr.Info(translate(request, "evaluate.started"))
        return gr.update(choices=runs.choices(settings, demo=self.context.demo), value=job.id)

    @needs("engineer")
    def stop(self, request: gr.Request, name: str) -> None:
        """Ask a study to end; what is done is kept."""
        if job := runs.job(self.context.settings, name):
            job.stop()

    @needs("engineer")
    def resume(self, request: gr.Request, name: str) -> None:
        """Go on with what is missing."""
        if job := runs.job(self.context.settings, name):
            job.resume()

    def follow(self, name: str | None, drawn: str | None, request: gr.Request) -> list[Any]:
        """How the chosen study stands (the newest where none is chosen); its results are drawn once."""
        settings = self.context.settings
        offered = runs.choices(settings, demo=self.context.demo)
        asked, name = name, name if name in dict(offered).values() else offered[0][1] if offered else None
        job, study, may = runs.job(settings, name), runs.study(settings, name), self.context.may(request, "engineer")
        active = job is not None and job.state in ACTIVE
        buttons = [
            gr.update(visible=may and active),
            gr.update(visible=may and job is not None and job.state in ("stopped", "failed", "died")),
        ]
        mark = f"{name}:{study is not None}:{active}"
        shown = [gr.skip()] * 6 if mark == drawn else self._drawn(study, offered, request, active=active)
        # what was picked meanwhile must not be put back by a look that began before
        picked = gr.update(choices=offered) if name == asked else gr.update(choices=offered, value=name)
        return [picked, runs.status(job, request), *buttons, mark, *shown]

    def _drawn(self, study: Study | None, offered: list[Any], request: gr.Request, *, active: bool) -> list[Any]:
        if study is None:
            none = awaited(request) if active else "" if offered else quiet(translate(request, "evaluate.none"))
            return [
                none,
                *[gr.update(value=None, interactive=False)] * 2,
                gr.update(visible=False),
                gr.update(choices=[], value=None),
                gr.skip(),
            ]
        workspace = self.context.settings.workspace
        votes = standings(read_votes(workspace / VOTES))
        files = write_reports(
            study,
            Path(tempfile.mkdtemp(prefix="report-")) / "report.html",
            votes,
            feedback_counts(workspace),
            language(request),
        )
        operations = sorted(
            {case.operation for case in cases(study.rows(len(study.models) - 1), study.conversations)} - {""}
        )
        pickers = [
            gr.update(visible=True),
            gr.update(choices=[(m, i) for i, m in enumerate(study.models)], value=len(study.models) - 1),
        ]
        every = translate(request, "evaluate.all_of")
        pickers.append(gr.update(choices=[(every, ""), *[(name, name) for name in operations]], value=""))
        return [results(study, request), *[gr.update(value=str(path), interactive=True) for path in files], *pickers]

    def cases(self, request: gr.Request, wanted: CaseFilter) -> str:
        """The wrong turns of one model that fit the filters."""
        study = runs.study(self.context.settings, wanted.study)
        found = wanted.find(study)
        return case_list(found, study.conversations, request) if study and found is not None else ""
