"""What is asked of a model about the review: the command line, the page and the jobs are built from these models."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from chatbot.core.settings import DATA

DOUBT, WORTH = "doubt", "worth"
"""Kinds of jobs."""


class DoubtConfig(BaseModel):
    """Which cards to read, and with which model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workspace: Path = Field(description="folder of the workspace, whose review is read")
    model: str = Field("hotel-mini", description="a model of this machine, by its name in the catalog")


class WorthConfig(BaseModel):
    """Which slice is asked about, and how it is tried."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Literal["operation", "run", "reviewer"] = Field("operation", description="what the slice is chosen by")
    value: str = Field(min_length=1, max_length=80, description="which operation, run or reviewer")
    workspace: Path = Field(description="folder of the workspace, whose review is read")
    corpus: Path | None = Field(None, description="conversations that are trained on with and without the slice")
    test: Path = Field(DATA / "conversations" / "test.jsonl", description="held-out conversations")
    limit: int = Field(52, ge=2, description="held-out conversations that are scored")
    base: Path = Field(DATA / "models" / "hotel-mini-base", description="folder of the base model")
    max_steps: int = Field(60, ge=1, description="steps of each of the five trainings")
    seed: int = Field(0, description="of the order in which the slice is added, and of the trainings")
    hotels: Path | None = Field(None, description="hotel database in CrossWOZ's form [default: the shipped one]")
    out: Path | None = Field(
        None, description="folder of the trainings, where nothing is done twice [default: worth in the workspace]"
    )

    @property
    def folder(self) -> Path:
        """Where the trainings lie."""
        return self.out or self.workspace / WORTH
