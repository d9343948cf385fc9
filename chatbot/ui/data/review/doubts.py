"""Cards by what the model is least sure of: who asks for that order sets the reading going, and is told how far it is."""

from typing import Any

from chatbot.core.events import Progress, last
from chatbot.core.jobs import ACTIVE, list_jobs, start_task
from chatbot.core.settings import Settings
from chatbot.corpus.review.queue import ReviewStore
from chatbot.evaluation.review.config import DOUBT, DoubtConfig
from chatbot.ui.i18n.translate import translate
from chatbot.ui.shell.errors import last_error


def reading_note(settings: Settings, store: ReviewStore, who: Any) -> str:
    """How far the model has read the cards that wait; "" where it has read them all.

    A reading is started where none is going on; one that failed says why, and is not tried again by itself.
    """
    left = len(store.team.without_doubt())
    jobs = list_jobs(settings.folder("jobs"), DOUBT)
    state = jobs[0].state if jobs else "done"
    if not left and state not in ACTIVE:
        return ""
    if state == "failed":
        return translate(who, "review.unsure_failed", n=f"{left:,}", error=last_error(jobs[0], who))
    if state not in ACTIVE:
        config = DoubtConfig(workspace=settings.workspace.resolve())
        start_task(DOUBT, config.model_dump(mode="json"), settings.folder("jobs"))
        return translate(who, "review.unsure_reading", done=0, total=f"{left:,}")
    now = last(list(jobs[0].events()), Progress)
    done, total = (now.done, now.total) if now else (0, left)
    return translate(who, "review.unsure_reading", done=f"{done:,}", total=f"{total:,}")
