"""Everything that determines a training on preferences: the command line, the page and the run's record are built from it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from chatbot.core.settings import DATA
from chatbot.training.config import TRACKER, TrackerName


class PreferConfig(BaseModel):
    """A training on preferences; the defaults are written here and nowhere else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    out: Path = Field(description="folder of the adapter; a run that was cut off there goes on")
    model: str = Field(
        "hotel-mini", description="what goes on learning: adapter:FOLDER (LoRA), a model's folder, or hotel-mini"
    )
    workspace: Path | None = Field(None, description="folder whose feedback.jsonl is read [default: the workspace]")
    data: Path = Field(
        DATA / "conversations" / "test.jsonl", description="held-out conversations, measured before and after"
    )
    hotels: Path | None = Field(None, description="hotel database in CrossWOZ's form [default: the shipped one]")
    eval_limit: int = Field(43, ge=0, description="held-out conversations that are measured; 0 means none")
    beta: float = Field(0.1, gt=0, description="DPO's beta: how closely the model is held to what it was")
    anchor: float = Field(
        0.2, ge=0, description="weight of the chosen answer's own loss, which keeps it from becoming unlikely itself"
    )
    epochs: float = Field(3.0, gt=0, description="passes over the pairs")
    max_steps: int | None = Field(None, ge=1, description="stop after so many steps, whatever the epochs")
    learning_rate: float = Field(5e-5, gt=0, description="peak learning rate")
    batch_size: int = Field(4, ge=1, description="pairs of a step")
    held_share: float = Field(
        0.2, ge=0, lt=0.9, description="share of the dialogues whose feedback is not trained on; from five dialogues on"
    )
    rank: int = Field(8, ge=1, description="LoRA's rank, where the model is no adapter yet")
    tracker: TrackerName = TRACKER
    save_steps: int = Field(20, ge=1, description="steps between two checkpoints")
    seed: int = Field(0, description="of order and initial weights")
