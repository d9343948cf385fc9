"""DPO (arXiv:2305.18290) of a LoRA adapter by TRL, with the adapter as it was as the reference."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedTokenizerBase, PrinterCallback
from trl import DPOConfig, DPOTrainer

from chatbot.core.errors import InputError, TrainingError
from chatbot.core.events import Reporter
from chatbot.models.families.family import Family
from chatbot.models.folder import read_json
from chatbot.models.loading import load_base, load_tokenizer
from chatbot.models.numerics import default_device, training_numerics
from chatbot.models.registry import family_of, write_family
from chatbot.training.fitted.row_length import context_of
from chatbot.training.guarded.reporting import ReportingCallback
from chatbot.training.methods import targets
from chatbot.training.options.tracker import tracked
from chatbot.training.preferences.config import PreferConfig
from chatbot.training.run_record import complete_checkpoints, versions, write_record

LONGEST = 8192
"""Tokens of a pair where the base does not say how far it can read."""


class PreferenceTrainer(DPOTrainer):
    """Takes pairs that our renderer has made into tokens; TRL's own way goes through a chat template."""

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset


@dataclass(frozen=True)
class Learner:
    """A model that can go on learning: its base with an adapter, its tokenizer and family, and how far it can read."""

    base: Path
    model: PeftModel
    tokenizer: PreTrainedTokenizerBase
    family: Family
    most: int


def open_learner(base: Path, adapter: Path | None, rank: int, seed: int) -> Learner:
    """Load an adapter so that it can be trained, or put a new LoRA on a model that has none.

    Raises:
        InputError: the adapter is no LoRA.
        ModelError: a folder holds no model.
    """
    if adapter and (kind := read_json(adapter / "adapter_config.json").get("peft_type")) != "LORA":
        raise InputError("training.preference_adapter", value=kind)
    device = default_device()
    numerics = training_numerics(device=device)
    loaded: Any = load_base(base, device=device, default=getattr(torch, numerics.weights))
    loaded.config.use_cache = False
    family = family_of(adapter or base)
    torch.manual_seed(seed)
    if adapter:
        model = PeftModel.from_pretrained(loaded, adapter, is_trainable=True)
    else:
        layers = targets(family.lora_targets, [name for name, _ in loaded.named_modules()])
        asked = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=layers, task_type="CAUSAL_LM")
        model = cast(PeftModel, get_peft_model(loaded, asked))
    return Learner(base, model, load_tokenizer(base, adapter), family, context_of(base) or LONGEST)


def train(config: PreferConfig, learner: Learner, pairs: Sequence[dict[str, list[int]]], reporter: Reporter) -> None:
    """Train the learner's adapter; a run that was cut off goes on from its last checkpoint.

    Raises:
        TrainingError: a weight is no number any more.
    """
    cuda = torch.cuda.is_available()
    arguments = DPOConfig(
        output_dir=str(config.out / "checkpoints"),
        beta=config.beta,
        loss_type=["sigmoid", "sft"] if config.anchor else ["sigmoid"],
        loss_weights=[1.0, config.anchor] if config.anchor else None,
        max_length=None,
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=0.1,
        activation_checkpointing=cuda,
        bf16=training_numerics().bf16,
        use_cpu=not cuda,
        save_strategy="steps",
        save_steps=config.save_steps,
        save_total_limit=2,
        logging_steps=1,
        seed=config.seed,
        **tracked(config.tracker, config.out),
        disable_tqdm=True,
        dataloader_pin_memory=cuda,
    )
    trainer = PreferenceTrainer(
        model=learner.model,
        args=arguments,
        train_dataset=Dataset.from_list(list(pairs)),
        processing_class=learner.tokenizer,
        callbacks=[ReportingCallback(reporter)],
    )
    trainer.remove_callback(PrinterCallback)
    done = complete_checkpoints(config.out / "checkpoints")
    trainer.train(resume_from_checkpoint=str(done[-1]) if done else None)
    if not all(bool(weight.isfinite().all()) for weight in learner.model.parameters() if weight.requires_grad):
        raise TrainingError("training.no_loss")


@torch.inference_mode()
def log_probability(learner: Learner, prompt: list[int], answer: list[int]) -> float:
    """The log-probability of an answer to a prompt, in nats, summed over its tokens."""
    model = learner.model.eval()
    ids = torch.tensor([prompt + answer], device=model.device)
    logits = model(input_ids=ids).logits[0, len(prompt) - 1 : -1].float()
    own = torch.log_softmax(logits, dim=-1).gather(1, ids[0, len(prompt) :, None])
    return float(own.sum())


def save(config: PreferConfig, learner: Learner, record: dict[str, Any]) -> None:
    """Put the adapter into `config.out` with tokenizer, record and card; what makes it a model to choose comes last."""
    learner.model.save_pretrained(str(config.out), selected_adapters=["default"])
    learner.tokenizer.save_pretrained(config.out)
    write_record(config.out, record | {"config": json.loads(config.model_dump_json()), "versions": versions()})
    (config.out / "README.md").write_text(_card(config, learner, record), encoding="utf-8")
    write_family(config.out, learner.family.name)


def _card(config: PreferConfig, learner: Learner, record: dict[str, Any]) -> str:
    before, after = record["before"], record["after"]
    rows = "\n".join(f"| {name} | {before[name]:.4f} | {after[name]:.4f} |" for name in after if name in before)
    return f"""---
base_model: {learner.base.name}
library_name: peft
pipeline_tag: text-generation
language: [zh]
tags: [dpo, function-calling, hotel, task-oriented-dialogue]
---
# {config.out.name}

An adapter for `{learner.base.name}`, trained on {record["trained"]} preferences (DPO, beta {config.beta:g}) after people's
likes, dislikes and corrections.

| figure | before | after |
|---|---|---|
{rows}

Its replies must be checked against the database's records, as the workbench does.
"""
