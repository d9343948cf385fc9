"""TRL's SFTTrainer with what it lacks: a guard on every loss, generation metrics at every checkpoint, options of its own."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch
from accelerate.utils import gather_object
from transformers.integrations.neftune import deactivate_neftune
from transformers.trainer_pt_utils import LengthGroupedSampler
from trl import SFTTrainer

from chatbot.training.guarded.cpu_step import CpuStep
from chatbot.training.guarded.prompt_network import load_network, save_network
from chatbot.training.guarded.ranks import load_ranks, save_ranks
from chatbot.training.guarded.row_order import RowOrder
from chatbot.training.loss_guard import LossExploded, LossGuard
from chatbot.training.options.call_weight import Weighing, Weights
from chatbot.training.options.optimiser import loraplus_optimizer
from chatbot.training.prepared import Prepared

Evaluator = Callable[[Any], dict[str, float]]
"""Given the model as it stands, figures such as slot_f1 (higher is better)."""
EvaluatorOf = Callable[[Prepared], Evaluator | None]
"""Given a run's data, its evaluator; None where it wants none."""
BEST = "slot_f1"
"""The figure by which the best checkpoint is chosen where an evaluator gives it; the held-out loss otherwise."""
PROBES = 3
"""Rows of the training data, spread over it, whose loss is taken before the first step and before each checkpoint: their median bears a poisoned one."""


@dataclass(frozen=True)
class _Part:
    """One batch of a step: its share of the step's mean loss, its own loss a trained token (scaled), and what was in it."""

    share: float
    loss: float
    inputs: dict[str, Any]

    @property
    def badness(self) -> float:
        """The loss a token; no number is worse than any."""
        return self.loss if math.isfinite(self.loss) else math.inf


class GuardedTrainer(SFTTrainer):
    """Raises LossExploded before a bad batch reaches the weights; adds the evaluator's figures to each evaluation."""

    model: Any
    optimizer: Any

    def __init__(
        self,
        *,
        detector: LossGuard,
        names: dict[tuple[int, ...], str],
        evaluator: Evaluator | None,
        loraplus: float = 1.0,
        weights: Weights | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.detector, self.names, self.evaluator = detector, names, evaluator
        self.loraplus, self.weights, self._probing = loraplus, weights, False
        self._parts: list[_Part] = []
        self._step: list[_Part] = []
        self.begun: Callable[[], None] = lambda: None
        """What is told that the loss before the first step is known."""

    def training_step(
        self, model: torch.nn.Module, inputs: dict[str, Any], num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """One forward and backward pass; before the last one of a step reaches the weights, all processes agree on whether the step exploded.

        What the library returns are the shares of the step's mean loss, so a step is judged as a whole: one hard row among several is no explosion.
        """
        loss = super().training_step(model, inputs, num_items_in_batch)
        share = float(self.accelerator.gather(loss.detach().float().reshape(1)).mean())
        self._parts.append(_Part(share, float(loss) / max(1, int((inputs["labels"] != -100).sum())), inputs))
        if math.isfinite(share) and not self.accelerator.sync_gradients:
            return loss
        self._step, self._parts = self._parts, []
        if reason := self.detector.observe(self._seen()):
            self.explode(reason)
        return loss

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """The library's, or with LoRA+ one in which A and B have rates of their own."""
        if self.loraplus == 1.0 or self.optimizer is not None:
            return super().create_optimizer(model)
        self.optimizer = loraplus_optimizer(self, self.model if model is None else model, self.loraplus)
        return self.optimizer

    def compute_loss(self, model: Any, inputs: dict[str, Any], *arguments: Any, **named: Any) -> Any:
        """The library's, with weighed tokens while training and before; held-out losses stay comparable between runs."""
        adapted = self.accelerator.unwrap_model(self.model)
        alone = adapted.device.type == "cpu" and self.accelerator.num_processes == 1
        if alone and not adapted.active_peft_config.is_prompt_learning:
            model = CpuStep.of(model, adapted.get_base_model(), inputs)
        if self.weights is not None and (self.model.training or self._probing):
            parts = [(row, ids) for row, _, ids, _ in self._cut_up(inputs)]
            model = Weighing(model, parts, self.weights)
        return super().compute_loss(model, inputs, *arguments, **named)

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        """The library's, in an order that a run which goes on has too."""
        sampler = super()._get_train_sampler(train_dataset)
        if isinstance(sampler, LengthGroupedSampler):
            return RowOrder(sampler, self.args.seed, lambda: int(self.state.epoch or 0))
        return sampler

    def _get_grad_norm(self, model: torch.nn.Module, grad_norm: Any = None) -> Any:
        """The norm that the library takes of a step's whole gradient, judged before the optimiser uses it."""
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        if norm is not None and (reason := self.detector.observe_norm(float(norm))):
            self.explode(reason)
        return norm

    def _seen(self) -> float:
        return sum(part.share for part in self._step)

    def explode(self, reason: str, *, ahead: int = 1) -> NoReturn:
        """Give the step up, with the conversations of its worst batch; `ahead` is 0 where its weights are there already."""
        explosion = LossExploded(self.state.global_step + ahead, self._seen(), reason, self._blamed(self._step))
        if self._step and self.accelerator.num_processes == 1:
            explosion.parts = list(self.parts_of(max(self._step, key=lambda part: part.badness).inputs))
        if self.neftune_noise_alpha is not None:  # else the next call of `train` would add its noise to this one's
            deactivate_neftune(self.model, self.neftune_hook_handle, self.accelerator)
        raise explosion

    def probe(self) -> list[float]:
        """The losses of the same few training rows, with the adapter as it stands."""
        size = len(self.train_dataset)
        chosen = sorted({number * size // PROBES for number in range(PROBES)})
        return [self.loss_of(self.train_dataset[at]) for at in chosen]

    def loss_of(self, row: dict[str, Any]) -> float:
        """The mean loss of one row, with the weights as they stand; nothing is learnt."""
        self.model.eval()
        self._probing = True
        try:
            return float(self.prediction_step(self.model_wrapped, self.data_collator([row]), True)[0])
        finally:
            self.model.train()
            self._probing = False
            self._metrics["eval"].clear()  # else the next evaluation would report it as a held-out row

    def load_weights(self, checkpoint: Path) -> None:
        """The adapter of a checkpoint, without its optimiser."""
        self._load_from_checkpoint(str(checkpoint))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """AdaLoRA's and P-tuning's weights are not all in peft's form, so they have one of their own."""
        folder = Path(resume_from_checkpoint)
        if not load_ranks(self.model, folder) and not load_network(self.model, folder):
            super()._load_from_checkpoint(resume_from_checkpoint, model)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        super()._save(output_dir, state_dict)
        model, folder = self.accelerator.unwrap_model(self.model), Path(output_dir or self.args.output_dir)
        save_ranks(model, folder)
        save_network(model, folder)

    def _blamed(self, parts: list["_Part"]) -> list[str]:
        """Ids of the conversations in the worst batch of a step, over all processes."""
        if not parts:
            return []
        worst = max(parts, key=lambda part: part.badness)
        found = gather_object([(worst.badness, self._conversations(worst.inputs))])
        return list(max(found, key=lambda pair: pair[0])[1])

    def _conversations(self, inputs: dict[str, Any]) -> list[str]:
        """Ids of the conversations in a batch, packed or padded."""
        return sorted({name for name, _, _ in self.parts_of(inputs)} - {"?"})

    def parts_of(self, inputs: dict[str, Any]) -> Iterator[tuple[str, list[int], list[int]]]:
        """(id, token ids, labels) of each conversation in a batch, packed or padded; the id is "?" where it is not known."""
        return ((name, ids, labels) for _, name, ids, labels in self._cut_up(inputs))

    def _cut_up(self, inputs: dict[str, Any]) -> Iterator[tuple[int, str, list[int], list[int]]]:
        """The same behind the row that each conversation stands in."""
        mask, pairs = inputs.get("attention_mask"), zip(inputs["input_ids"], inputs["labels"], strict=True)
        rows = [(ids.tolist(), labels.tolist()) for ids, labels in pairs]
        if mask is not None:
            ends = [int(kept.sum()) for kept in mask]
            rows = [(ids[:end], labels[:end]) for (ids, labels), end in zip(rows, ends, strict=True)]
        for number, ((ids, labels), row) in enumerate(zip(rows, self._starts(inputs), strict=True)):
            for begin, end in zip(row, [*row[1:], len(ids)], strict=True):
                yield number, self.names.get(tuple(ids[begin:end]), "?"), ids[begin:end], labels[begin:end]

    @staticmethod
    def _starts(inputs: dict[str, Any]) -> list[list[int]]:
        positions = inputs.get("position_ids")
        if positions is None:
            return [[0] for _ in inputs["input_ids"]]
        return [(row == 0).nonzero().flatten().tolist() for row in positions]

    def evaluation_loop(self, *arguments: Any, **named: Any) -> Any:
        """The held-out loss, and beside it what the evaluator finds in generated text; before the first step that is the bare base's."""
        output: Any = super().evaluation_loop(*arguments, **named)
        if self.evaluator:
            found: dict[str, float] = {}
            if self.is_world_process_zero():
                model = self.accelerator.unwrap_model(self.model).eval()
                judged = model if self.state.global_step else model.get_base_model()
                with in_its_own_dtype(model):
                    found = {f"eval_{name}": value for name, value in self.evaluator(judged).items()}
            output.metrics.update(self._shared(found))
        return output

    def _shared(self, figures: dict[str, float]) -> dict[str, float]:
        """The main process's figures, everywhere: early stopping must not end one process alone."""
        if self.accelerator.num_processes == 1:
            return figures
        from accelerate.utils import broadcast_object_list

        return dict(broadcast_object_list([figures])[0])

    def slow_down(self, factor: float) -> None:
        """Lower the peak learning rate for the next call of `train`."""
        self.args.learning_rate *= factor
        self.optimizer = self.lr_scheduler = None

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        """A checkpoint remembers the old learning rate: after a roll-back the lower one must win."""
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is None or self.optimizer is None:
            return
        peak = self.optimizer.param_groups[0]["initial_lr"]  # with LoRA+ other groups have a multiple of it
        for group in self.optimizer.param_groups:
            group["lr"] *= self.args.learning_rate / peak
            group["initial_lr"] = self.args.learning_rate * (group["initial_lr"] / peak)
        schedule: Any = getattr(self.lr_scheduler, "scheduler", self.lr_scheduler)
        schedule.base_lrs = [group["initial_lr"] for group in self.optimizer.param_groups]
        schedule._last_lr = [group["lr"] for group in self.optimizer.param_groups]


@contextmanager
def in_its_own_dtype(model: Any) -> Iterator[None]:
    """On a CPU, generate as chat will: take the forward pass out of the autocast into which accelerate put it."""
    trained, plain = model.__dict__.get("forward"), model.__dict__.get("_original_forward")
    if plain is None or model.device.type != "cpu":
        yield
        return
    model.forward = plain
    try:
        yield
    finally:
        model.forward = trained


def names_of(data: list[Any]) -> dict[tuple[int, ...], str]:
    """A conversation's tokens → its id. All of them: families that show their tools begin every conversation alike."""
    return {tuple(e.ids): e.id for e in data}
