"""What an augmentation run is told: every default stands here once, and the page and the command line are built from it."""

from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from chatbot.corpus.augmentation.prompts import OPERATIONS

Mode = Literal["offline", "direct", "batch"]
BATCH = "batch"
"""What is under way while the answers of a batch are waited for, as its progress says."""


class AugmentConfig(BaseModel):
    """One run. The API key is no part of it: it comes from the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: Path = Field(description="conversations to augment, as JSONL")
    out: Path = Field(description="folder for augmented.jsonl and aside.jsonl")
    hotels: Path | None = Field(default=None, description="hotel database [default: the shipped one]")
    operations: tuple[str, ...] = Field(default=tuple(OPERATIONS), description="spoken, followup, by_name, by_cap")
    followup_share: float = Field(
        default=0.3, ge=0, le=1, description="probability that a conversation gets follow-up questions"
    )
    new: int = Field(default=60, ge=0, le=100_000, description="new dialogues by name, and as many by price cap")
    seed: int = Field(default=1, description="the same seed draws the same tasks")
    mode: Mode = Field(
        default="offline",
        description="offline: own tables, no key; direct: an OpenAI-compatible API; batch: OpenAI's Batch API at half the price",
    )
    model: str = Field(default="gpt-4o-mini", description="model of the API")
    base_url: str | None = Field(default=None, description="address of an OpenAI-compatible server [default: OpenAI]")
    temperature: float = Field(default=0.9, ge=0, le=2, description="sampling temperature")
    cap: float | None = Field(default=5.0, ge=0, description="US dollars that are never exceeded")
    price_in: float | None = Field(
        default=None, ge=0, description="US dollars a million tokens in [default: the published price]"
    )
    price_out: float | None = Field(
        default=None, ge=0, description="US dollars a million tokens out [default: the published price]"
    )
    concurrency: int = Field(
        default=64, ge=1, le=1000, description="most calls at once; found out by itself below that"
    )
    timeout: float = Field(default=60.0, gt=0, description="seconds to wait for one answer")
    store_answers: bool = Field(
        default=True,
        description="let the API keep answers, so that one that a crash lost is fetched and not paid for again",
    )
    second_parser: str = Field(
        default="hotel-mini",
        validation_alias=AliasChoices("second_parser", "ear"),  # the second name stands in older run folders
        description="model that is asked too where the word list does not find a wish; empty for none",
    )
    prompts: Path | None = Field(default=None, description="folder of edited prompts")
    texts: dict[str, str] = Field(
        default_factory=dict, description="prompts by operation as they stood at the start, before those of any folder"
    )
    name: str = Field(default="", max_length=80, description="what the run is called in the list of runs")
    run: str = Field(default="", max_length=40, description="the run's id [default: made of its settings]")
    review: bool = Field(default=True, description="also put the results up for review")
    cache: Path | None = Field(
        default=None, description="file of all answers so far [default: answers.sqlite in the workspace]"
    )

    @property
    def run_id(self) -> str:
        """What its calls and cards are found by: the same settings again are the same run that goes on, unless it was given an id."""
        aside = {"run", "name", "cap", "concurrency", "timeout", "store_answers", "cache", "review", "second_parser"}
        settings = self.model_dump_json(exclude=aside)
        return self.run or sha256(settings.encode()).hexdigest()[:16]
