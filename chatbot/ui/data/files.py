"""Where the Data tab's files lie in the workspace, and how far each step has come; no Gradio here."""

import json
import shutil
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.jobs import ACTIVE, Job, list_jobs
from chatbot.core.locks import read_json, write_json
from chatbot.core.messages import Conversation, write_conversations
from chatbot.core.settings import Settings
from chatbot.corpus.reading.reader import read_conversations
from chatbot.corpus.review.items import Counts
from chatbot.corpus.review.queue import ReviewStore
from chatbot.corpus.review.runs import RunLedger
from chatbot.hotels.store import HotelStore

SIDES = ("train", "val", "test")
CARD = "README.md"
"""The data card's name in an export."""


@dataclass(frozen=True)
class DataFiles:
    """The data set that this workspace is making."""

    settings: Settings

    @property
    def corpus(self) -> Path:
        """Step 1's result."""
        return self.settings.folder("data") / "corpus.jsonl"

    @property
    def report(self) -> Path:
        """What was dropped and repaired on the way there."""
        return self.settings.folder("data") / "corpus.report.json"

    @property
    def split(self) -> Path:
        """Step 4's folder."""
        return self.settings.folder("data") / "split"

    @property
    def prompts(self) -> Path:
        """Edited prompts."""
        return self.settings.folder("prompts")

    @property
    def answers(self) -> Path:
        """Every answer that was paid for, and what it cost."""
        return self.settings.folder("augment") / "answers.sqlite"

    @property
    def review_url(self) -> str:
        """The review's database."""
        return self.settings.review_address()

    def review(self) -> ReviewStore:
        """The review of this workspace."""
        return ReviewStore(self.review_url)

    def ledger(self) -> RunLedger:
        """The runs of this workspace's review."""
        return RunLedger(self.review_url)

    def read_corpus(self) -> list[Conversation]:
        """Step 1's conversations; [] before it."""
        return read_conversations(self.corpus) if self.corpus.exists() else []

    def corpus_size(self) -> int:
        """How many conversations step 1 has."""
        return _lines(self.corpus) if self.corpus.exists() else 0

    def keep_corpus(self, conversations: list[Conversation], report: dict[str, Any]) -> None:
        """Keep step 1's result.

        Raises:
            InputError: there is nothing to keep.
        """
        if not conversations:
            raise InputError("ui.no_conversation")
        write_conversations(self.corpus, conversations)
        write_json(self.report, report)

    def read_report(self) -> dict[str, Any]:
        """Step 1's report; {} before it."""
        return read_json(self.report)

    def jobs(self) -> list[Job]:
        """All augmentations, the newest first."""
        return list_jobs(self.settings.folder("jobs"), "augment")

    def job(self) -> Job | None:
        """The augmentation that is going on, or else the last one that was started."""
        found = self.jobs()
        return next((job for job in found if job.state in ACTIVE), found[0] if found else None)

    def counts(self, annotator: str = "") -> Counts:
        """How far the review is."""
        with closing(self.review()) as review:
            return review.counts(annotator)

    def approved(self) -> list[Conversation]:
        """What the review let through."""
        with closing(self.review()) as review:
            return list(review.approved())

    def audit(self) -> list[dict[str, Any]]:
        """Every decision of the review."""
        with closing(self.review()) as review:
            return review.audit()

    def run_steps(self) -> list[dict[str, Any]]:
        """Every run that was withdrawn from the review, or restored."""
        with closing(self.ledger()) as ledger:
            return ledger.steps()

    def split_report(self) -> dict[str, Any]:
        """What was found when step 4 split; {} before it."""
        return read_json(self.split / "report.json")

    def sides(self) -> dict[str, int]:
        """Conversations on each side of the split; {} before it."""
        paths = {side: self.split / f"{side}.jsonl" for side in SIDES}
        return (
            {side: _lines(path) for side, path in paths.items()}
            if all(path.exists() for path in paths.values())
            else {}
        )


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def make_split(files: DataFiles, seed: int, *, with_corpus: bool) -> dict[str, Any]:
    """Split what was approved (and the corpus itself) 8:1:1; keeps and returns what was found: leaks, which must be 0, and diversity.

    Raises:
        InputError: there is nothing to split.
    """
    from chatbot.corpus.duplicates import diversity
    from chatbot.corpus.export.split import split

    conversations = [*(files.read_corpus() if with_corpus else []), *files.approved()]
    if len(conversations) < len(SIDES):
        raise InputError("ui.nothing_to_split")
    made = split(conversations, seed)
    for side in SIDES:
        write_conversations(files.split / f"{side}.jsonl", getattr(made, side))
    found = {"seed": seed, "with_corpus": with_corpus, "leaks": made.leaks} | diversity(conversations)
    write_json(files.split / "report.json", found)
    return found


def make_export(files: DataFiles, form: str, store: HotelStore) -> Path:
    """The split in another form, without personal numbers, with data card and audit trail, as a zip to be served."""
    from chatbot.corpus.augmentation.prompts import prompt_hashes
    from chatbot.corpus.export.data_card import data_card
    from chatbot.corpus.export.formats import export
    from chatbot.corpus.export.scrub import scrub_decision, scrub_sides
    from chatbot.corpus.export.split import leaks, read_sides

    sides, counts = scrub_sides(read_sides(files.split)), files.counts()
    folder = Path(tempfile.mkdtemp(prefix="export-")) / f"hotel-dialogues-{form}"
    export(sides, form, folder)
    decided = {"approved": counts.approve, "edited": counts.edit, "rejected": counts.reject, "pending": counts.pending}
    more = {"审核 Review": decided, "提示词 Prompts (SHA-256)": prompt_hashes(files.prompts)}
    (folder / CARD).write_text(data_card(sides, store, leaks(list(sides.values())), more), encoding="utf-8")
    trail = map(scrub_decision, files.audit())
    (folder / "review.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in [*trail, *files.run_steps()]), encoding="utf-8"
    )
    return Path(shutil.make_archive(str(folder), "zip", folder))
