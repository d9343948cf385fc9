"""Studies of the Evaluate tab: start, stop and resume them as jobs, find the shipped ones, and say in words how they stand."""

from html import escape
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.events import Progress, last
from chatbot.core.jobs import ACTIVE, Job, list_jobs, start_task
from chatbot.core.settings import DATA, Settings
from chatbot.core.storage.names import inside, open_folders
from chatbot.evaluation.config import STUDY, StudyConfig
from chatbot.evaluation.reporting.labels import model_name, model_names
from chatbot.evaluation.study import RESULT, Study
from chatbot.ui.evaluate.form import StudyForm
from chatbot.ui.finetune.status import duration
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.errors import last_error
from chatbot.ui.shell.html import note, para, progress

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
        InputError: no model or no data was chosen, or the data lies where the page may not read.
    """
    if not chosen.models or not chosen.data:
        raise InputError("ui.no_study_chosen")
    config = StudyConfig(
        models=chosen.models,
        data=inside(chosen.data, open_folders(settings)),
        hotels=settings.hotels.resolve(),
        goals=int(chosen.goals or 0),
        limit=int(chosen.limit) if chosen.limit else None,
    )
    return start_task(STUDY, config.model_dump(mode="json"), settings.folder("jobs"), resource="evaluation")


def choices(settings: Settings, *, demo: bool) -> list[tuple[str, str]]:
    """Studies as (label, id), the newest first, the shipped ones last; the demo knows only the shipped ones."""
    jobs = [] if demo else list_jobs(settings.workspace / "jobs", STUDY)
    own = [(f"{job.id[:13]} · {', '.join(model_names(job.config.get('models', [])))}", job.id) for job in jobs]
    return own + [(path.parent.name, SHIPPED + path.parent.name) for path in sorted(DATA.glob(f"studies/*/{RESULT}"))]


def job(settings: Settings, name: str | None) -> Job | None:
    """The job behind a study's id, None for shipped ones and unknown ids."""
    return next((found for found in list_jobs(settings.workspace / "jobs", STUDY) if found.id == name), None)


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
    state, now = found.state, last(list(found.events()), Progress)
    parts, share = [_state(state, now, who)], 0.0
    if now and state in ACTIVE:
        share = now.done / max(1, now.total)
        parts += [translate(who, "evaluate.turns", done=now.done, total=now.total), *_left(found, now, who)]
    bar = progress(share) if state in ACTIVE else ""
    return (
        para(f"state {state}", escape(" · ".join(parts)))
        + bar
        + note(last_error(found, who) if state == "failed" else "")
    )


def _state(state: str, now: Progress | None, who: Any) -> str:
    if state == "running" and now is None:
        return translate(who, "evaluate.state.preparing")
    return translate(who, f"evaluate.state.{state}", what=model_name(now.what) if now else "")


def _left(found: Job, now: Progress, who: Any) -> list[str]:
    began = found.status.get("started")
    if not began or not now.done or now.done >= now.total:
        return []
    seconds = (now.time - began) / now.done * (now.total - now.done)
    return [translate(who, "evaluate.left", time=duration(max(1, seconds), who))]
