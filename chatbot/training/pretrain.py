"""Trains a small causal language model from scratch: tokenizer, then weights, with transformers' Trainer.

One command for hotel-mini (Llama- or Glm-shaped) and for GPT-2 small, on a CPU, a GPU, or several hosts under `accelerate launch`.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import DataLoader, Dataset, Sampler
from transformers import (
    AutoModelForCausalLM,
    GlmConfig,
    GPT2Config,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from chatbot.core.errors import TrainingError
from chatbot.core.events import Checkpoint, Metrics, NullReporter, Reporter, Stopped, finite_or_none
from chatbot.core.locks import put_whole, write_json
from chatbot.core.messages import Conversation
from chatbot.corpus.reading.reader import read_conversations
from chatbot.models.families.hotel_mini import ASSISTANT, END, HOTEL_MINI, PAD, RECORDS, SPECIAL_TOKENS, USER
from chatbot.models.numerics import TrainingNumerics, recorded_numerics, training_numerics
from chatbot.models.render import IGNORED, encode_pieces
from chatbot.training.config import PretrainConfig
from chatbot.training.options.tracker import tracked
from chatbot.training.run_record import complete_checkpoints, step_of
from chatbot.training.tokenizer import train_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

_SHAPE = {
    "hidden_size": 256, "num_hidden_layers": 7, "intermediate_size": 704, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64,
    "max_position_embeddings": 2048, "tie_word_embeddings": True,
}  # fmt: skip
"""6.3M parameters. Tied embeddings: what is read is what can be written, so copying a rare character needs no example of it."""
PRESETS: dict[str, Callable[[int], "PreTrainedConfig"]] = {
    "hotel-mini": lambda v: LlamaConfig(vocab_size=v, **_SHAPE),
    "hotel-mini-glm": lambda v: GlmConfig(vocab_size=v, **_SHAPE),
    "gpt2-small": lambda v: GPT2Config(vocab_size=v, n_positions=1024),
}
CONFIG_FILE = "config_run.json"


@dataclass(frozen=True)
class _Example:
    ids: list[int]
    labels: list[int]


class _Examples(Dataset[_Example]):
    def __init__(self, examples: list[_Example]) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> _Example:
        return self.examples[index]


class TokenBatches(Sampler[list[int]]):
    """Batches of about equally long examples up to a token budget: little padding, no packing, no cross-attention."""

    def __init__(self, lengths: list[int], budget: int, seed: int) -> None:
        self.lengths, self.budget, self.seed, self.epoch = lengths, budget, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Shuffle anew; the Trainer calls this for every epoch, a resumed one included."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._batches())

    def __len__(self) -> int:
        return len(self._batches())

    def _batches(self) -> list[list[int]]:
        rng = random.Random(f"{self.seed}-{self.epoch}")
        order = sorted(range(len(self.lengths)), key=lambda i: self.lengths[i] + rng.random() * 8)
        batches: list[list[int]] = [[]]
        for index in order:
            if batches[-1] and self.lengths[index] * (len(batches[-1]) + 1) > self.budget:
                batches.append([])
            batches[-1].append(index)
        rng.shuffle(batches)
        return batches


def collate(examples: list[_Example], pad: int) -> dict[str, torch.Tensor]:
    """Right-pad to the longest: with causal attention no mask is needed. Shapes: (batch, length)."""
    longest = max(len(e.ids) for e in examples)
    ids = [e.ids + [pad] * (longest - len(e.ids)) for e in examples]
    labels = [e.labels + [IGNORED] * (longest - len(e.labels)) for e in examples]
    return {"input_ids": torch.tensor(ids), "labels": torch.tensor(labels)}


class _PretrainTrainer(Trainer):
    """The Trainer with length-grouped batches and logits at labelled positions only (half the head's work)."""

    def get_train_dataloader(self) -> DataLoader[Any]:
        data: Any = self.train_dataset
        batches = TokenBatches([len(e.ids) for e in data.examples], data.budget, self.args.seed)
        loader = DataLoader(data, batch_sampler=batches, collate_fn=self.data_collator)
        return self.accelerator.prepare(loader)

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        bare = self.accelerator.unwrap_model(model)
        labels = inputs["labels"][:, 1:]
        wanted = labels != IGNORED
        with self.accelerator.autocast():  # accelerate puts it around the model's own forward pass only
            hidden = bare.base_model(input_ids=inputs["input_ids"], use_cache=False).last_hidden_state[:, :-1]
            logits = bare.get_output_embeddings()(hidden[wanted])
        loss = torch.nn.functional.cross_entropy(logits.float(), labels[wanted])
        return (loss, logits) if return_outputs else loss


class _Progress(TrainerCallback):
    """Reports loss, speed, time left and checkpoints; saves and ends where the reporter says so."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter, self.start, self.first = reporter, 0.0, 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.start, self.first = time.monotonic(), state.global_step

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        done = state.global_step - self.first
        if done and logs and "loss" in logs and state.is_world_process_zero:
            left = round((time.monotonic() - self.start) / done * (state.max_steps - state.global_step))
            told = {"step": state.global_step, "max_steps": state.max_steps, "seconds_left": left}
            self.reporter.event(Metrics(**told, figures=finite_or_none(logs)))
            print(json.dumps({"step": state.global_step, "of": state.max_steps, "eta_s": left, **logs}), flush=True)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            self.reporter.event(Checkpoint(step=state.global_step, name=f"checkpoint-{state.global_step}"))

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        wanted = [self.reporter.should_stop()]
        if torch.distributed.is_initialized():
            torch.distributed.broadcast_object_list(wanted)  # all processes stop at the same step
        if wanted[0]:
            control.should_save = control.should_training_stop = True
        return control


def labelled(conversation: Conversation, tokenizer: PreTrainedTokenizerFast, config: PretrainConfig) -> _Example:
    """All tokens are learnt but those of records, which nobody could predict; or calls and replies only."""
    pieces = HOTEL_MINI.pieces(conversation.messages, conversation.tools)
    ids, labels, in_records = [], [], False
    for piece, new in zip(pieces, encode_pieces(pieces, tokenizer), strict=True):
        in_records = piece.token == RECORDS or (
            in_records and not piece.trained and piece.token not in (USER, ASSISTANT)
        )
        ids += new
        labels += new if piece.trained or not (in_records or config.replies_only) else [IGNORED] * len(new)
    return _Example(ids[: config.max_length], labels[: config.max_length])


def _texts(conversations: list[Conversation]) -> Iterator[str]:
    for conversation in conversations:
        yield from (piece.text for piece in HOTEL_MINI.pieces(conversation.messages, ()) if piece.text)


def pretrain(config: PretrainConfig, reporter: Reporter | None = None) -> Path:
    """Train from scratch, or go on from the last checkpoint in `config.out`; returns the finished model's folder.

    Raises:
        TrainingError: the preset is unknown or there is no data.
        InputError: the setting of the CPU's dtype is not what the run began with.
        Stopped: somebody asked for it; the last checkpoint is kept.
    """
    if config.preset not in PRESETS:
        raise TrainingError("training.preset", value=config.preset, choices=PRESETS)
    conversations = [c for path in config.data for c in read_conversations(path)]
    if not conversations:
        raise TrainingError("training.no_conversation", value=config.data)
    config.out.mkdir(parents=True, exist_ok=True)
    numerics = _begin(config)
    tokenizer = _tokenizer(config, conversations)
    examples = _Examples([labelled(c, tokenizer, config) for c in conversations])
    examples.budget = config.batch_tokens
    print(
        json.dumps({"conversations": len(conversations), "tokens": sum(len(e.ids) for e in examples.examples)}),
        flush=True,
    )
    torch.manual_seed(config.seed)
    model = _model(config, len(tokenizer))
    if config.linear_only:
        _freeze_all_but_linear(model)
    model.config.pad_token_id, model.config.eos_token_id = tokenizer.pad_token_id, tokenizer.eos_token_id
    trainer = _PretrainTrainer(
        model=model,
        args=_arguments(config, numerics),
        train_dataset=examples,
        data_collator=lambda batch: collate(batch, tokenizer.pad_token_id),
        callbacks=[_Progress(reporter or NullReporter())],
    )
    made = _trained(trainer, config)
    if trainer.is_world_process_zero():
        _save(made, tokenizer, config.out)
    return config.out


def _trained(trainer: Trainer, config: PretrainConfig) -> Any:
    """The model after its last step; raises Stopped where somebody asked for that before."""
    whole = complete_checkpoints(config.out)  # a kill may have left half of a later one
    if whole and step_of(whole[-1]) >= config.max_steps:
        # Cut off between the last step and the finished model: the Trainer would go one step too far.
        return AutoModelForCausalLM.from_pretrained(whole[-1], dtype=torch.float32, trust_remote_code=False)
    trainer.train(resume_from_checkpoint=str(whole[-1]) if whole else None)
    if trainer.state.global_step < trainer.state.max_steps:
        raise Stopped
    return trainer.accelerator.unwrap_model(trainer.model)


def _begin(config: PretrainConfig) -> TrainingNumerics:
    """Write what determines the run; what it computes in stays as it was where the run goes on."""
    path = config.out / CONFIG_FILE
    numerics = training_numerics(recorded_numerics(path))
    record = config.model_dump(mode="json") | {"numerics": asdict(numerics)}
    write_json(path, record)
    return numerics


def _save(model: Any, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """The finished model in half precision: loading turns it into what the machine computes in."""
    with put_whole(folder, last="config.json") as part:
        model.half().save_pretrained(part)
        tokenizer.save_pretrained(part)
        (part / "workbench.json").write_text(json.dumps({"family": HOTEL_MINI.name}), encoding="utf-8")


def _freeze_all_but_linear(model: Any) -> None:
    embeddings = model.get_input_embeddings().weight
    for weight in model.parameters():
        weight.requires_grad_(weight.ndim == 2 and weight is not embeddings)


def _model(config: PretrainConfig, vocabulary: int) -> Any:
    if config.start:
        return AutoModelForCausalLM.from_pretrained(config.start, dtype=torch.float32, trust_remote_code=False)
    return AutoModelForCausalLM.from_config(PRESETS[config.preset](vocabulary), dtype=torch.float32)


def _tokenizer(config: PretrainConfig, conversations: list[Conversation]) -> PreTrainedTokenizerFast:
    """The run's tokenizer; trained once, so that a resumed run has the same one."""
    made = next(
        (folder for folder in (config.out, config.start) if folder and (folder / "tokenizer.json").exists()), None
    )
    if made:
        return PreTrainedTokenizerFast.from_pretrained(made)
    tokenizer = train_tokenizer(_texts(conversations), config.vocab_size, SPECIAL_TOKENS, pad=PAD, end=END)
    with put_whole(config.out, last="tokenizer.json") as part:
        tokenizer.save_pretrained(part)
    return tokenizer


def _arguments(config: PretrainConfig, numerics: TrainingNumerics) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(config.out),
        max_steps=config.max_steps,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": 0.05},
        warmup_steps=config.warmup_steps,
        weight_decay=0.05,
        adam_beta2=0.98,
        max_grad_norm=1.0,
        bf16=numerics.bf16,
        use_cpu=numerics.device == "cpu",
        logging_steps=20,
        save_steps=config.save_steps,
        save_total_limit=2,
        seed=config.seed,
        **tracked(config.tracker, config.out),
        disable_tqdm=True,
        dataloader_num_workers=0,
    )
