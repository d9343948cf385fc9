"""Everything that determines a training run: the command line, the page and the run's record are built from these models."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RESOURCE = "trainer"
"""What a run claims among a machine's jobs: two at once would take each other's memory."""
MethodName = Literal["qlora", "lora", "adalora", "prompt-tuning", "p-tuning", "prefix-tuning"]
SchedulerName = Literal["cosine", "linear", "constant", "restarts", "polynomial", "inverse-sqrt", "wsd"]
TrackerName = Literal["trackio", "tensorboard", "wandb", "none"]
TRACKER: Any = Field("trackio", description="what else keeps the run's figures; wandb stays offline without a key")
"""The field that every kind of training has."""


class FinetuneConfig(BaseModel):
    """A run's configuration; the defaults are written here and nowhere else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: Path = Field(description="folder of the base model")
    data: Path = Field(description="training conversations, JSONL")
    out: Path = Field(description="folder of the adapter")
    method: MethodName = Field("qlora", description="how to adapt the base")
    eval_data: Path | None = Field(
        None, description="held-out conversations; without it a share of the data is held out"
    )
    eval_share: float = Field(
        0.1, ge=0, lt=0.9, description="share of the sources that is held out where no held-out file is given"
    )
    eval_limit: int = Field(
        24, ge=0, description="conversations on which calls and replies are generated at every checkpoint; 0 means none"
    )
    first_eval: float = Field(
        60.0,
        ge=0,
        description="seconds that generating with the untrained base may take before the first step; 0 skips it",
    )
    epochs: float = Field(3.0, gt=0, description="passes over the data")
    max_steps: int | None = Field(None, ge=1, description="stop after so many steps, whatever the epochs")
    learning_rate: float | None = Field(None, gt=0, description="peak learning rate; the method's own where not given")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the steps in which the learning rate rises")
    scheduler: SchedulerName = Field(
        "cosine",
        description="how the learning rate falls after the warm-up; wsd stays at the peak until the last fifth",
    )
    batch_size: int = Field(4, ge=1, description="rows (packed ones, where packed) on a device at a time")
    accumulation: int = Field(1, ge=1, description="batches whose gradients make one step")
    max_length: int = Field(
        0, ge=0, description="tokens of a row; 0 means the shortest row that holds every conversation whole"
    )
    allow_cut: bool = Field(False, description="let conversations that are longer than a row lose their end")
    packing: bool = Field(
        True, description="put several conversations into one row, without letting them see each other"
    )
    weight_decay: float = Field(0.0, ge=0, description="of AdamW")
    rank: int = Field(16, ge=1, description="LoRA's rank; AdaLoRA's at the start")
    target_rank: int = Field(8, ge=1, description="AdaLoRA's average rank at the end")
    alpha: int = Field(32, ge=1, description="LoRA's scale")
    dropout: float = Field(0.0, ge=0, lt=1, description="LoRA's dropout; costs a fifth of the time on a CPU")
    rslora: bool = Field(False, description="scale LoRA by alpha/√rank, so that a larger rank does not weigh less")
    dora: bool = Field(False, description="DoRA: learn the length of every weight column beside its direction; slower")
    loraplus: float = Field(
        1.0, ge=1, description="LoRA+: the rate of LoRA's second matrix (B) as a multiple of the first's; 1: the same"
    )
    modules: str = Field(
        "",
        description="linear layers that LoRA adapts: names with commas, or all-linear; those of the family where empty",
    )
    neftune: float = Field(
        0.0, ge=0, description="NEFTune: noise on the embeddings while training; 5 is usual, 0 means none"
    )
    call_weight: float = Field(
        1.0, gt=0, le=100, description="how much a call's token weighs in the loss, where a reply's weighs 1"
    )
    virtual_tokens: int = Field(20, ge=1, description="length of the learned prompt or prefix")
    encoder_size: int = Field(128, ge=1, description="width of P-Tuning's network")
    checkpointing: bool | None = Field(
        None, description="recompute activations instead of keeping them; by itself on a GPU"
    )
    eval_every: int = Field(20, ge=1, description="steps between two checkpoints, each with its evaluation")
    keep: int = Field(
        4, ge=2, description="checkpoints that stay on disk, the best among them; a run can go on from each"
    )
    start: Path | None = Field(
        None, description="checkpoint of another run to go on from: its weights, its optimiser, its step"
    )
    patience: int = Field(5, ge=1, description="checkpoints without improvement before it stops")
    log_every: int = Field(1, ge=1, description="steps between two points of the curves")
    tracker: TrackerName = TRACKER
    spike: float = Field(3.0, gt=1, description="a loss of so many times the recent median counts as an explosion")
    max_rollbacks: int = Field(3, ge=0, description="explosions after which the run gives up")
    seed: int = Field(0, description="of order, initial weights and dropout")
    hotels: Path | None = Field(
        None, description="hotel database in CrossWOZ's form, for the evaluations [default: the shipped one]"
    )

    @property
    def checkpoints(self) -> Path:
        """Where the checkpoints go."""
        return self.out / "checkpoints"


PRESETS: dict[str, tuple[tuple[str, str], dict[str, Any]]] = {
    "try": (
        ("试一下（CPU 约 2 分钟）", "Try it (about 2 minutes on a CPU)"),
        {"epochs": 3.0, "max_steps": 240, "batch_size": 2, "eval_every": 80, "eval_limit": 40},
    ),
    "standard": (("标准", "Standard"), {"epochs": 3.0, "eval_every": 50, "eval_limit": 48}),
    "thorough": (
        ("精细", "Thorough"),
        {"epochs": 8.0, "rank": 32, "alpha": 64, "eval_every": 100, "eval_limit": 96, "patience": 8},
    ),
}
"""Name → ((Chinese, English), fields that differ from the defaults)."""


class PretrainConfig(BaseModel):
    """A model from scratch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: tuple[Path, ...] = Field(description="conversations, JSONL; may be given several times")
    out: Path = Field(description="folder of the model; a run that was cut off there goes on")
    preset: str = Field("hotel-mini", description="hotel-mini, hotel-mini-glm or gpt2-small")
    vocab_size: int = Field(5120, ge=1, description="tokens of the tokenizer")
    max_steps: int = Field(2000, ge=1, description="steps of the optimiser")
    batch_tokens: int = Field(3072, ge=64, description="tokens of a batch, padding included")
    max_length: int = Field(1024, ge=16, description="tokens of a conversation; longer ones are cut")
    learning_rate: float = Field(2e-3, ge=0, description="peak learning rate")
    warmup_steps: int = Field(60, ge=0, description="steps in which the learning rate rises")
    save_steps: int = Field(200, ge=1, description="steps between two checkpoints")
    seed: int = Field(0, description="of order and initial weights")
    start: Path | None = Field(
        None, description="go on from this model, whose tokenizer is kept, instead of random weights"
    )
    replies_only: bool = Field(False, description="loss on calls and replies only")
    tracker: TrackerName = TRACKER
    linear_only: bool = Field(
        False, description="train the linear layers alone; `extract-adapter` then writes the difference as LoRA"
    )
