"""Studies of the Evaluate tab: start, stop and resume them as jobs, find the shipped ones, and say in words how they stand."""

import sys
from html import escape
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.jobs import ACTIVE, FOLDER_MARK, Job, list_jobs, start
from chatbot.core.settings import DATA, Settings
from chatbot.evaluation.reporting.labels import model_name, model_names
from chatbot.evaluation.study import RESULT, Study, StudyConfig
from chatbot.ui.evaluate.form import StudyForm
from chatbot.ui.finetune.status import duration
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.errors import last_error
from chatbot.ui.shell.html import note, para, progress

KIND = "study"
SHIPPED = "shipped:"


def data_files(settings: Settings, who: Any) -> list[tuple[str, str]]:
    """Data sets to measure on, as (label, path): shipped test sets, test sides of splits, uploads."""
    found = [
        *sorted(DATA.glob("**/*test*.jsonl")),
        *sorted(settings.workspace.glob("**/test.jsonl")),
        *sorted(settings.workspace.glob("uploads/*.jsonl")),
    ]
    own = [path for path in dict.fromkeys(found) if "jobs" not in path.parts]
    shipped = {DATA / "conversations" / "test.jsonl": translate(who, "evaluate.shipped")}
    return [(shipped.get(path, f"{path.parent.name}/{path.stem}"), str(path)) for path in own]


def launch(settings: Settings, chosen: StudyForm) -> Job:
    """Start a study as a job of its own.

    Raises:
        InputError: no model or no data was chosen.
    """
    if not chosen.models or not chosen.data:
        raise InputError("ui.no_study_chosen")
    config = StudyConfig(
        models=chosen.models,
        data=Path(chosen.data).resolve(),
        hotels=settings.hotels.resolve(),
        goals=int(chosen.goals or 0),
        limit=int(chosen.limit) if chosen.limit else None,
    )
    argv = [sys.executable, "-m", "chatbot", KIND, FOLDER_MARK]
    return start(KIND, config.model_dump(mode="json"), argv, settings.folder("jobs"), resource="evaluation")


def choices(settings: Settings, *, demo: bool) -> list[tuple[str, str]]:
    """Studies as (label, id), the newest first, the shipped ones last; the demo knows only the shipped ones."""
    jobs = [] if demo else list_jobs(settings.workspace / "jobs", KIND)
    own = [(f"{job.id[:13]} · {', '.join(model_names(job.config.get('models', [])))}", job.id) for job in jobs]
    return own + [(path.parent.name, SHIPPED + path.parent.name) for path in sorted(DATA.glob(f"studies/*/{RESULT}"))]


def job(settings: Settings, name: str | None) -> Job | None:
    """The job behind a study's id, None for shipped ones and unknown ids."""
    return next((found for found in list_jobs(settings.workspace / "jobs", KIND) if found.id == name), None)


def study(settings: Settings, name: str | None) -> Study | None:
    """A finished study by its id, None where it is not finished."""
    found = job(settings, name)
    shipped = next(
        (path.parent for path in DATA.glob(f"studies/*/{RESULT}") if SHIPPED + path.parent.name == name), None
    )
    folder = shipped or (found.folder if found else None)
    return Study.load(folder) if folder and (folder / RESULT).is_file() else None


def status(found: Job | None, who: Any) -> str:
    """How a study stands, in a sentence, with a bar where it runs; "" for a shipped one."""
    if found is None:
        return ""
    state, events = found.state, list(found.events())
    last = events[-1] if events else None
    parts, share = [_state(state, last, who)], 0.0
    if last and state in ACTIVE:
        share = last["done"] / max(1, last["total"])
        parts += [translate(who, "evaluate.turns", done=last["done"], total=last["total"]), *_left(found, last, who)]
    bar = progress(share) if state in ACTIVE else ""
    return (
        para(f"state {state}", escape(" · ".join(parts)))
        + bar
        + note(last_error(found, who) if state == "failed" else "")
    )


def _state(state: str, last: dict[str, Any] | None, who: Any) -> str:
    if state == "running" and last is None:
        return translate(who, "evaluate.state.preparing")
    return translate(who, f"evaluate.state.{state}", what=model_name(last["what"]) if last else "")


def _left(found: Job, last: dict[str, Any], who: Any) -> list[str]:
    began = found.status.get("started")
    if not began or not last["done"] or last["done"] >= last["total"]:
        return []
    seconds = (last["time"] - began) / last["done"] * (last["total"] - last["done"])
    return [translate(who, "evaluate.left", time=duration(max(1, seconds), who))]
