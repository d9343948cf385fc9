"""Asks the guard at the two moments that no loss tells of: before the first step, and before a checkpoint."""

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from chatbot.core.errors import TrainingError
from chatbot.training.trainer import GuardedTrainer


class Guarding(TrainerCallback):
    """Takes the loss before the first step, and lets no weights that have unlearnt into a checkpoint; it stands behind what asks for one."""

    def __init__(self) -> None:
        self.trainer: GuardedTrainer | None = None

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """The loss before the first step.

        Raises:
            TrainingError: the base does worse on the data than a blind guess.
        """
        trainer = self.trainer
        if trainer is None or trainer.detector.start is not None or state.global_step:
            return
        if reason := trainer.detector.begin(trainer.probe()):
            raise TrainingError("training.blind", reason=reason)
        trainer.begun()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Before a checkpoint is written."""
        trainer = self.trainer
        if (
            trainer is not None
            and control.should_save
            and (reason := trainer.detector.observe_checkpoint(trainer.probe()))
        ):
            trainer.explode(reason, ahead=0)
