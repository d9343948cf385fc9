"""The loop around the trainer: after an explosion back to the last good checkpoint, at half the rate, at most so often."""

from pathlib import Path

import torch

from chatbot.core.events import Reporter, Rollback
from chatbot.training.config import FinetuneConfig
from chatbot.training.guarded.ranks import forget_ranks
from chatbot.training.loss_guard import LossExploded, Verdict, verdict
from chatbot.training.run_record import complete_checkpoints, read_record, step_of, write_record
from chatbot.training.trainer import GuardedTrainer

SLOWER = 0.5
"""What the learning rate is multiplied by at each roll-back."""


def run(trainer: GuardedTrainer, config: FinetuneConfig, reporter: Reporter) -> Verdict | None:
    """Train from the last complete checkpoint; after an explosion go back to it with a lower learning rate.

    A run that goes on after a kill goes on with what its guard knew: the loss before the first step, and how often it was slowed down.

    Returns:
        None, or why the guard gave up.

    Raises:
        TrainingError: the base does worse on the data than a blind guess.
    """
    fresh = {name: weight.detach().clone() for name, weight in trainer.model.named_parameters() if weight.requires_grad}
    before = _slowed_before(trainer, config)
    trainer.begun = lambda: _note(trainer, config, before)
    explosions: list[LossExploded] = []
    while before + len(explosions) <= config.max_rollbacks:
        found = complete_checkpoints(config.checkpoints)
        if found and step_of(found[-1]) >= trainer.args.max_steps:
            # Cut off between its last step and the published adapter: the Trainer would go one step too far.
            trainer.load_weights(found[-1])
            trainer.state.global_step = step_of(found[-1])
            return None
        trainer.args.eval_on_start = (
            bool(trainer.evaluator) and config.first_eval > 0 and not found and not explosions
        )  # what the base can do alone
        try:
            trainer.train(resume_from_checkpoint=str(found[-1]) if found else None)
        except LossExploded as explosion:
            explosions.append(explosion)
            trainer.slow_down(SLOWER)
            back = complete_checkpoints(config.checkpoints)
            _go_back(trainer, back, fresh)
            explosion.guilty = guilty(trainer, explosion)
            if not back:
                trainer.detector.forget()  # the first losses of all are higher than any that it has seen; those after a checkpoint are not
            _tell(trainer, reporter, explosion, back)
            _note(trainer, config, before + len(explosions))
        else:
            return None
    return verdict(explosions)


def guilty(trainer: GuardedTrainer, explosion: LossExploded) -> tuple[str, ...] | None:
    """Which conversations of the exploded batch are as bad alone, with the weights that the run goes back to; None where they are not at hand."""
    if not explosion.parts:
        return None
    found = []
    for name, ids, labels in explosion.parts:
        row = {"input_ids": ids, "labels": labels}
        packed = {"seq_lengths": [len(ids)]} if "seq_lengths" in trainer.train_dataset.column_names else {}
        if trainer.detector.guilty(trainer.loss_of(row | packed)):
            found.append(name)
    return tuple(sorted(set(found) - {"?"}))


@torch.no_grad()
def _go_back(trainer: GuardedTrainer, checkpoints: list[Path], weights: dict[str, torch.Tensor]) -> None:
    """To the last checkpoint, or where there is none to the weights before the first step."""
    if checkpoints:
        trainer.load_weights(checkpoints[-1])
        return
    forget_ranks(trainer.model)
    for name, weight in trainer.model.named_parameters():
        if name in weights:
            weight.copy_(weights[name])


def _slowed_before(trainer: GuardedTrainer, config: FinetuneConfig) -> int:
    """How often the run was slowed down before it was cut off, which holds on; 0 for a new one, and for one whose guard gave up."""
    known = read_record(config.out).get("guard") or {}
    start, slowed = known.get("start"), int(known.get("slowed") or 0)
    if isinstance(start, float):
        trainer.detector.start = start
    if slowed > config.max_rollbacks:
        return 0
    if slowed:
        trainer.slow_down(SLOWER**slowed)
    return slowed


def _note(trainer: GuardedTrainer, config: FinetuneConfig, slowed: int) -> None:
    if trainer.is_world_process_zero():
        guard = {"start": trainer.detector.start, "slowed": slowed}
        write_record(config.out, read_record(config.out) | {"guard": guard})


def _tell(trainer: GuardedTrainer, reporter: Reporter, explosion: LossExploded, found: list[Path]) -> None:
    if trainer.is_world_process_zero():
        back = step_of(found[-1]) if found else 0
        reporter.event(
            Rollback(
                step=explosion.step,
                back_to=back,
                learning_rate=trainer.args.learning_rate,
                reason=explosion.reason,
                conversations=list(explosion.conversations)[:20],
                guilty=None if explosion.guilty is None else list(explosion.guilty),
            )
        )
