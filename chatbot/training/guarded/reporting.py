"""What a run tells while it trains: points of its curves, its checkpoints, and how long it will still take."""

import time
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from chatbot.core.events import Checkpoint, Metrics, Progress, Reporter, finite_or_none


class ReportingCallback(TrainerCallback):
    """Reports the curves and the checkpoints, and ends where the reporter says so."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self._last: tuple[float, float] | None = None
        self._began: tuple[float, int] | None = None

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Note where the clock starts."""
        self._began, self._last = (time.monotonic(), state.global_step), None
        if state.is_world_process_zero:
            self.reporter.event(Progress(done=state.global_step, total=state.max_steps))

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """A point of the curves: a training loss with its speed, or an evaluation."""
        if not state.is_world_process_zero or not logs or "train_runtime" in logs:
            return
        if state.global_step == 0:
            self._began = (time.monotonic(), 0)  # the look at the bare base is not a step's time
        evaluated = any(name.startswith("eval_") for name in logs)
        speed = {} if evaluated else self._speed(state, logs)
        self.reporter.event(
            Metrics(
                step=state.global_step,
                max_steps=state.max_steps,
                seconds_left=speed.pop("seconds_left", None),
                figures=finite_or_none(logs | speed),
            )
        )

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """A checkpoint that the run can go on from."""
        if state.is_world_process_zero:
            self.reporter.event(Checkpoint(step=state.global_step, name=f"checkpoint-{state.global_step}"))

    def _speed(self, state: TrainerState, logs: dict[str, Any]) -> dict[str, float]:
        now, tokens = time.monotonic(), float(logs.get("num_tokens", 0))
        out = {}
        if self._last and now > self._last[0] and tokens > self._last[1]:
            out["tokens_per_second"] = round((tokens - self._last[1]) / (now - self._last[0]), 1)
        self._last = (now, tokens)
        if self._began and (done := state.global_step - self._began[1]) > 0:
            out["seconds_left"] = round((now - self._began[0]) / done * (state.max_steps - state.global_step), 1)
        return out

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Save and end where a stop was asked for; judge the last step too."""
        if self._stop_wanted():
            control.should_save = control.should_training_stop = True
        if state.global_step >= state.max_steps:
            control.should_evaluate = args.eval_strategy != "no"
        return control

    def _stop_wanted(self) -> bool:
        """The main process's answer, so that all processes stop at the same step."""
        wanted = [self.reporter.should_stop()]
        if torch.distributed.is_initialized():
            torch.distributed.broadcast_object_list(wanted)
        return wanted[0]
