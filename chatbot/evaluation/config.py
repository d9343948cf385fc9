"""What an evaluation, a simulation and a study are told: the command line, the page and the jobs are built from these models."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chatbot.core.errors import InputError
from chatbot.core.jobs import FOLDER_MARK
from chatbot.core.settings import settings

CONFIG = "config.json"
STUDY = "study"
"""The kind of job that a study is."""
MOST_MODELS = 3
MARGIN = 0.05
"""How much a figure of a model that shall become the default may have fallen, for all that the data says."""

_MODEL = "hotel-mini, hotel-mini-base, rules, a folder, adapter:FOLDER or openai:NAME"
_HOTELS = "hotel database in CrossWOZ's form [default: the shipped one]"
_VERIFIER = "what looks at the model's drafts: rules, or none for the model alone"


class EvaluateConfig(BaseModel):
    """One model on one file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Field(description="conversations in any form of docs/data-format.md")
    out: Path = Field(Path(FOLDER_MARK) / "report.json", description="where the figures go, as JSON")
    hotels: Path | None = Field(None, description=_HOTELS)
    model: str = Field("hotel-mini", description=_MODEL)
    predictions: Path | None = Field(None, description="also write one line a scored turn")
    limit: int | None = Field(None, ge=1, description="only the first conversations")
    verifier: str = Field("rules", description=_VERIFIER)


class SimulateConfig(BaseModel):
    """A simulated user who talks to one chatbot."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field("hotel-mini", description=_MODEL)
    n: int = Field(200, ge=1, description="how many goals")
    seeds: int = Field(4, ge=1, le=16, description="how many wordings of each goal")
    hotels: Path | None = Field(None, description=_HOTELS)
    transcripts: Path | None = Field(
        Path(FOLDER_MARK) / "simulated.jsonl", description="also write every dialogue, as JSONL; run again, it goes on"
    )
    verifier: str = Field("rules", description=_VERIFIER)


class StudyConfig(BaseModel):
    """What to measure.

    Attributes:
        models: ids as in the catalog, at most MOST_MODELS; the first is what the others are compared with.
        data: conversations in any form of docs/data-format.md.
        hotels: the database that calls run against.
        limit: only so many conversations, None for all.
        goals, seeds: of the simulated user; 0 goals leave it out.
        verifier: what looks at the model's drafts, "rules" or "none"; with "none" the model alone is measured on the data.
        out: the folder where everything is kept.
    """

    models: list[str] = Field(min_length=1, max_length=MOST_MODELS)
    data: Path
    hotels: Path
    limit: int | None = Field(None, ge=1)
    goals: int = Field(0, ge=0, le=1000)
    seeds: int = Field(4, ge=1, le=16)
    verifier: str = "rules"
    out: Path = Path(FOLDER_MARK)

    @property
    def bare(self) -> bool:
        """Whether the model alone is measured."""
        return self.verifier == "none"

    @model_validator(mode="before")
    @classmethod
    def _older(cls, data: Any) -> Any:
        """Studies written before verifiers had names say `bare`."""
        if isinstance(data, dict) and "bare" in data:
            data = dict(data)
            if data.pop("bare"):
                data["verifier"] = "none"
        return data

    @classmethod
    def read(cls, folder: Path) -> "StudyConfig":
        """The configuration of a study's folder.

        Raises:
            InputError: it is missing or does not validate.
        """
        try:
            found = cls.model_validate_json((folder / CONFIG).read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            raise InputError("evaluation.no_study", value=error, folder=folder) from error
        return found.model_copy(update={"out": folder})


def write_config(folder: Path, models: Sequence[str], data: Path, hotels: Path | None, **more: Any) -> StudyConfig:
    """Make a study's folder for the command line; `more` are further fields of StudyConfig."""
    config = StudyConfig(
        models=list(models), data=data.resolve(), hotels=(hotels or settings().hotels).resolve(), **more
    )
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"kind": STUDY, **config.model_dump(mode="json")}, ensure_ascii=False, indent=1)
    (folder / CONFIG).write_text(text, encoding="utf-8")
    return config
