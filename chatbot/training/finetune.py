"""Fine-tunes an adapter: data → examples → packed rows → TRL's trainer, resumed, guarded, and published with its record."""

import json
import time
from dataclasses import asdict
from math import prod
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import PartialState
from peft import PeftModel, get_peft_model, prepare_model_for_kbit_training
from transformers import EarlyStoppingCallback, PrinterCallback
from trl import SFTConfig

from chatbot.core.errors import InputError, TrainingError
from chatbot.core.events import JobWriter, Progress, Reporter
from chatbot.models.alone import alone
from chatbot.models.families.family import Family
from chatbot.models.loading import Precision, load_base
from chatbot.models.numerics import training_dtype
from chatbot.training.config import FinetuneConfig
from chatbot.training.data import fingerprint, rows, statistics
from chatbot.training.fitted.row_length import refuse_cut
from chatbot.training.guarded.guarding import Guarding
from chatbot.training.guarded.identity import identity, refuse_changed
from chatbot.training.guarded.loop import run
from chatbot.training.guarded.onward import begin_from, refuse_done
from chatbot.training.guarded.ranks import RankAllocation
from chatbot.training.guarded.reporting import ReportingCallback
from chatbot.training.loss_guard import LossGuard
from chatbot.training.methods import allocated_ranks, method, peft_config
from chatbot.training.options.call_weight import call_weights
from chatbot.training.options.layers import adapted_layers
from chatbot.training.options.schedules import schedule
from chatbot.training.options.tracker import tracked
from chatbot.training.prepared import Prepared, prepare
from chatbot.training.run_record import (
    best_checkpoint,
    complete_checkpoints,
    publish,
    read_record,
    step_of,
    versions,
    write_record,
)
from chatbot.training.trainer import BEST, Evaluator, EvaluatorOf, GuardedTrainer, names_of

HELD_SHARE = 0.3
"""Held-out rows that are scored at a checkpoint, as a share of those trained on since the last one: a row costs a third of a trained one, so a tenth of the time."""
LEAST_HELD = 8


@alone
def load_model(prepared: Prepared, total_steps: int) -> PeftModel:
    """The base with a fresh adapter on it; the base's weights don't train."""
    config, chosen = prepared.config, method(prepared.config.method)
    state = PartialState()
    device = f"cuda:{state.local_process_index}" if torch.cuda.is_available() else "cpu"
    precision: Precision = "nf4" if chosen.quantised else "auto"
    base: Any = load_base(config.base, precision, device=device, default=training_dtype(device))
    base.config.use_cache = False
    if chosen.quantised:
        _keep_trainable(base)
        base = prepare_model_for_kbit_training(base, use_gradient_checkpointing=prepared.checkpointing)
    torch.manual_seed(config.seed)
    layers = adapted_layers(config, prepared.family.lora_targets, base)
    return cast(PeftModel, get_peft_model(base, peft_config(config, layers, total_steps)))


def _keep_trainable(base: Any) -> None:
    """On a CPU with AVX-512's bf16, bitsandbytes repacks 4-bit weights at the first evaluation into a form that lets no gradient through: forbid it."""
    for module in base.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def arguments(prepared: Prepared, total_steps: int, learning_rate: float, *, best: str) -> SFTConfig:
    """The trainer's settings; whatever is not named here is the library's default."""
    config, cuda = prepared.config, torch.cuda.is_available()
    every = min(config.eval_every, total_steps)
    return SFTConfig(
        output_dir=str(config.checkpoints),
        dataset_kwargs={"skip_prepare_dataset": True},
        packing=prepared.packed,
        max_length=config.max_length,
        train_sampling_strategy="random" if prepared.packed else "group_by_length",
        per_device_train_batch_size=prepared.batch[0],
        per_device_eval_batch_size=prepared.batch[0],
        gradient_accumulation_steps=prepared.batch[1],
        activation_checkpointing=prepared.checkpointing,
        max_steps=total_steps,
        learning_rate=learning_rate,
        **schedule(config.scheduler, total_steps),
        warmup_steps=round(config.warmup * total_steps),
        weight_decay=config.weight_decay,
        neftune_noise_alpha=config.neftune or None,
        optim="paged_adamw_8bit" if cuda and config.method == "qlora" else "adamw_torch",
        bf16=prepared.numerics.bf16,
        use_cpu=not cuda,
        eval_strategy="steps" if best else "no",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=config.keep,
        metric_for_best_model=best or None,
        greater_is_better=best != "eval_loss" if best else None,
        prediction_loss_only=True,
        logging_steps=config.log_every,
        logging_nan_inf_filter=False,
        seed=config.seed,
        **tracked(config.tracker, config.out),
        disable_tqdm=True,
        dataloader_pin_memory=cuda,
    )


def build(
    prepared: Prepared, reporter: Reporter, evaluator: Evaluator | None = None, detector: LossGuard | None = None
) -> GuardedTrainer:
    """The trainer, ready to run."""
    config = prepared.config
    train = rows(prepared.train, config.max_length, prepared.packed)
    held = rows(prepared.held_out, config.max_length, prepared.packed) if prepared.held_out else None
    steps = prepared.steps(len(train), PartialState().num_processes)
    if held is not None:
        between = min(config.eval_every, steps) * prod(prepared.batch)
        held = held.select(range(min(len(held), max(LEAST_HELD, round(HELD_SHARE * between)))))
    model = load_model(prepared, steps)
    rate = config.learning_rate or method(config.method).learning_rate(sum(p.numel() for p in model.parameters()))
    best = f"eval_{BEST}" if evaluator else "eval_loss" if held is not None else ""
    weights = None
    if config.call_weight != 1:
        weights = call_weights(prepared.train, prepared.family, prepared.tokenizer, config.call_weight)
    guarding = Guarding()
    callbacks = [
        ReportingCallback(reporter),
        guarding,
        *([EarlyStoppingCallback(config.patience)] if best else []),
        *([RankAllocation()] if config.method == "adalora" else []),
    ]
    trainer = GuardedTrainer(
        model=model,
        args=arguments(prepared, steps, rate, best=best),
        train_dataset=train,
        eval_dataset=held,
        processing_class=prepared.tokenizer,
        callbacks=callbacks,
        detector=detector or LossGuard(config.spike, model.config.get_text_config().vocab_size),
        names=names_of(prepared.train),
        evaluator=evaluator,
        loraplus=config.loraplus,
        weights=weights,
    )
    trainer.remove_callback(PrinterCallback)  # it prints every figure among what the command prints
    guarding.trainer = trainer
    _adapter_in_fp32(trainer.model)
    return trainer


def _adapter_in_fp32(model: Any) -> None:
    """TRL turns a quantised model's adapter to bf16, and peft turns a resumed one back to fp32: so fp32 always, or a resumed run would differ."""
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()


def finetune(
    config: FinetuneConfig,
    reporter: Reporter | None = None,
    evaluator_of: EvaluatorOf | None = None,
    *,
    family: Family | None = None,
    detector: LossGuard | None = None,
) -> Path:
    """Train an adapter and put it into `config.out`; a run that was cut off there goes on from its last checkpoint.

    Args:
        config: the run.
        reporter: where events go; the output folder where not given.
        evaluator_of: what gives figures from generated text at every checkpoint.
        family: how conversations are written; read from the base's folder where not given.
        detector: what tells an explosion, instead of one with the configuration's threshold.

    Returns:
        The folder of the adapter (`config.out`).

    Raises:
        InputError, ModelError: what was given cannot be used.
        TrainingError: the folder holds another run, or the loss exploded before the first checkpoint.
    """
    started = time.monotonic()
    begin_from(config)
    before = _check_folder(config)
    reporter = reporter or JobWriter(config.out)
    prepared = prepare(config, family, before.get("numerics"))
    refuse_cut(prepared.lengths, prepared.config.max_length, config.allow_cut)
    known = identity(prepared)
    refuse_changed(config.out, before, known)
    if PartialState().is_main_process:
        reporter.event(Progress(done=0, total=0, what="load"))
    trainer = build(prepared, reporter, evaluator_of and evaluator_of(prepared), detector)
    refuse_done(config, trainer.args.max_steps)
    record = _record(config, prepared, trainer) | {"identity": known, "guard": before.get("guard")}
    if trainer.is_world_process_zero():
        write_record(config.out, record)
    gave_up = run(trainer, config, reporter)
    if trainer.is_world_process_zero():
        _finish(
            trainer,
            prepared,
            read_record(config.out)
            | {"seconds": round(time.monotonic() - started, 1), "verdict": str(gave_up) if gave_up else None},
        )
    return config.out


def _check_folder(config: FinetuneConfig) -> dict[str, Any]:
    """The record of the run that goes on; {} where a new one begins."""
    record = read_record(config.out)
    before = record.get("config") or {}
    now = json.loads(config.model_dump_json()) | {"out": before.get("out")}  # the folder may be written in another way
    changed = [f"{name}: {value} → {now.get(name)}" for name, value in before.items() if now.get(name) != value]
    if changed:
        raise InputError("training.other_settings", value=config.out, changed=changed)
    config.out.mkdir(parents=True, exist_ok=True)
    return record


def _record(config: FinetuneConfig, prepared: Prepared, trainer: GuardedTrainer) -> dict[str, Any]:
    counted = asdict(statistics(prepared.train, prepared.config.max_length))
    counted.pop("lengths")
    trainable, total = trainer.model.get_nb_trainable_parameters()
    return {
        "config": json.loads(config.model_dump_json()),
        "row_length": prepared.config.max_length,
        "family": prepared.family.name,
        "data": fingerprint(prepared.config.data),
        "held_out": len(prepared.held_out),
        "packed": prepared.packed,
        "statistics": counted,
        "trainable": trainable,
        "parameters": total,
        "learning_rate": trainer.args.learning_rate,
        "max_steps": trainer.args.max_steps,
        "numerics": asdict(prepared.numerics),
        "versions": versions(),
    }


def _finish(trainer: GuardedTrainer, prepared: Prepared, record: dict[str, Any]) -> None:
    """Publish the best checkpoint with the figures that it had."""
    out = prepared.config.out
    try:
        chosen = best_checkpoint(prepared.config.checkpoints)
    except TrainingError as error:
        if not record["verdict"]:
            raise
        raise TrainingError("training.gave_up_early", verdict=record["verdict"].rstrip(".")) from error
    step = step_of(chosen)
    history = json.loads(
        (complete_checkpoints(prepared.config.checkpoints)[-1] / "trainer_state.json").read_text(encoding="utf-8")
    )["log_history"]
    record |= {
        "steps": trainer.state.global_step,
        "checkpoint": chosen.name,
        "before": _figures(history, 0),
        "best": _figures(history, step),
        "ranks": allocated_ranks(trainer.model),
    }
    publish(chosen, out, prepared.family.name, record)


def _figures(history: list[dict[str, Any]], step: int) -> dict[str, float]:
    """What was evaluated at a step; {} where nothing was."""
    return {
        k.removeprefix("eval_"): v
        for line in history
        if line["step"] == step
        for k, v in line.items()
        if k.startswith("eval_")
    }
