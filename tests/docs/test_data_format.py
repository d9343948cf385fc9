"""docs/data-format.md tells the truth: the project's own readers read every example on it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatbot.core.jobs import Job
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.checks import Check
from chatbot.corpus.phrasebank.bank import read_bank
from chatbot.corpus.reading.reader import read_conversations
from chatbot.corpus.review.database import DECISIONS
from chatbot.corpus.review.feedback import FILE, read_feedback
from chatbot.evaluation.predictions import read_predictions
from chatbot.evaluation.study import StudyConfig
from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.query import HotelQuery
from chatbot.hotels.records import read_hotels
from chatbot.training.config import FinetuneConfig
from chatbot.training.run_record import RECORD_FILE, read_record

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "data-format.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```(jsonl?)[ ]?([\w.]*)\n(.*?)^```$", PAGE, re.M | re.S)
PHRASE_KINDS = ("utterances", "facilities", "wishes", "replies", "dialogues")


def _in(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _conversations(text: str, folder: Path) -> list[Any]:
    found = read_conversations(_in(folder, "c.jsonl", text))
    assert found[0].messages[2].records, "the example's search found a hotel"
    return found


def _job(text: str, folder: Path) -> list[Any]:
    _in(folder, "job.json", text)
    job = Job(folder)
    return [job.kind, job.resource, job.created]


def _status(text: str, folder: Path) -> list[Any]:
    _job('{"kind": "finetune", "argv": [], "created": 0}', folder)
    _in(folder, "status.json", text)
    assert Job(folder).state == Job(folder).status["state"]
    return [Job(folder).state]


def _events(text: str, folder: Path) -> list[Any]:
    _job('{"kind": "finetune", "argv": [], "created": 0}', folder)
    _in(folder, "events.jsonl", text)
    return list(Job(folder).events())


def _audit(text: str, folder: Path) -> list[Any]:
    rows = [json.loads(line) for line in text.splitlines()]
    assert rows and all(set(row) <= set(DECISIONS.c.keys()) for row in rows)
    return rows


def _feedback(text: str, folder: Path) -> list[Any]:
    _in(folder, FILE, text)
    return read_feedback(folder)


def _study(text: str, folder: Path) -> list[Any]:
    _in(folder, "config.json", text)
    return [StudyConfig.read(folder)]


def _record(text: str, folder: Path) -> list[Any]:
    _in(folder, RECORD_FILE, text)
    return [read_record(folder)["config"]]


def _phrases(kind: str) -> Callable[[str, Path], list[Any]]:
    def read(text: str, folder: Path) -> list[Any]:
        _in(folder, "x.utterances.jsonl", '{"act": "hello", "text": "你好", "set": [], "drop": []}\n')
        _in(folder, f"x.{kind}.jsonl", text)
        bank = read_bank(folder)
        return {"utterances": bank.frames, "facilities": bank.wordings}.get(kind) or getattr(bank, kind)

    return read


def _facilities(text: str, folder: Path) -> list[Any]:
    names = json.loads(text)
    assert {name for name in names if name} <= set(FACILITIES)
    return list(names)


READERS: dict[str, Callable[[str, Path], list[Any]]] = {
    "conversation": _conversations,
    "hotels": lambda text, folder: list(read_hotels(_in(folder, "hotels.json", text))),
    "query": lambda text, folder: [HotelQuery.parse(json.loads(text))],
    "audit": _audit,
    "checks": lambda text, folder: [Check(**check) for check in json.loads(text)],
    "feedback": _feedback,
    "job": _job,
    "status": _status,
    "finetune": lambda text, folder: [FinetuneConfig.model_validate_json(text)],
    "augment": lambda text, folder: [AugmentConfig.model_validate_json(text)],
    "record": _record,
    "events": _events,
    "study": _study,
    "prediction": lambda text, folder: read_predictions(_in(folder, "p.jsonl", text)),
    "facilities": _facilities,
    **{f"phrases.{kind}": _phrases(kind) for kind in PHRASE_KINDS},
}


@pytest.mark.parametrize(("form", "name", "text"), EXAMPLES, ids=[f"{n}-{at}" for at, (_, n, _) in enumerate(EXAMPLES)])
def test_an_example_is_read_by_the_projects_own_reader(form: str, name: str, text: str, tmp_path: Path):
    found = READERS[name](text, tmp_path)
    assert len(found) >= (len(text.strip().splitlines()) if form == "jsonl" else 1)


def test_every_reader_has_an_example():
    assert {name for _, name, _ in EXAMPLES} == set(READERS)


def test_no_json_stands_outside_the_named_examples():
    assert PAGE.count("\n```json") == len(EXAMPLES)
