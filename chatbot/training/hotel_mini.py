"""Trains hotel-mini from the phrase bank: turns without end, the loss on act lines only, checkpoints that a kill cannot tear.

One cosine-free schedule (warm-up, constant, linear decay: WSD, arXiv:2404.06395) lets a run be prolonged before it decays;
an exponential moving average of the weights is what is measured and saved.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from chatbot.core.errors import TrainingError
from chatbot.corpus.phrasebank.bank import Bank
from chatbot.corpus.phrasebank.turns import Turn
from chatbot.corpus.phrasebank.values import Names
from chatbot.models.conversion.grow import grown
from chatbot.models.families.act_tokens import END, PAD, SPECIAL_TOKENS, USER, act_pieces, prompt_pieces
from chatbot.models.numerics import recorded_numerics, training_numerics
from chatbot.models.render import IGNORED, encode
from chatbot.training.tokenizer import train_tokenizer
from chatbot.understanding.normalise import model_words

SHAPE: dict[str, Any] = {
    "hidden_size": 256, "num_hidden_layers": 8, "intermediate_size": 704, "num_attention_heads": 4,
    "num_key_value_heads": 4, "head_dim": 64, "max_position_embeddings": 1024, "tie_word_embeddings": True,
}  # fmt: skip
"""About 8M parameters: from nothing a larger one learns less in the same hours (docs/log.md); a finished one can be grown."""
ATTENTION = "eager"
"""On rows of some fifty tokens plain matrices are faster on a CPU than torch's fused attention: bf16 2,458 tokens a second against 2,194."""
VOCABULARY = 6000
POOL = 1500
"""Examples from which batches of like length are made."""


@dataclass(frozen=True)
class ActTrainingConfig:
    """Everything that determines a run; times are seconds of this run, so that a limit of time can be kept.

    Attributes:
        seconds: how long to train in all, earlier runs in the same folder counted.
        batch_tokens: tokens of a batch, padding included.
        warmup_steps: steps until the full rate.
        decay_share: last share of the time in which the rate falls to nothing.
        ema: weight of the old average at each step.
        words_weight: weight of the words' own tokens in the loss, beside 1 for the act line's: reading is learnt from them.
        word_noise: share of characters of the words that are dropped or doubled.
        start_share: share of the start's weights in what is saved beside the run's own: what is newly learnt costs less of what
            was known (WiSE-FT, arXiv:2109.01903).
        layers: layers of the model, where not as many as the start's or SHAPE's; a start with fewer is grown.
        inner: columns of a start's inner layers, where more than it has.
        compiled: fuse each layer's small operations (torch.compile; needs a C++ compiler): the same losses in about 0.8 of the time.
    """

    seconds: float = 5400
    batch_tokens: int = 3072
    learning_rate: float = 1.5e-3
    warmup_steps: int = 200
    decay_share: float = 0.35
    weight_decay: float = 0.08
    ema: float = 0.998
    label_smoothing: float = 0.03
    word_noise: float = 0.01
    words_weight: float = 0.12
    start_share: float = 0.0
    layers: int | None = None
    inner: int | None = None
    compiled: bool = False
    save_every: float = 240
    seed: int = 1


@dataclass
class _Progress:
    """How far a run is."""

    step: int = 0
    seconds: float = 0.0
    examples: int = 0
    tokens: int = 0


Example = tuple[list[int], list[int], list[float]]
"""Ids, labels, and the weight of each label in the loss."""


def batches(
    turns: Iterator[Turn], tokenizer: PreTrainedTokenizerFast, config: ActTrainingConfig, rng: random.Random
) -> Iterator[list[Example]]:
    """Batches of examples of like length, up to the token budget."""
    while True:
        pool = sorted((encoded(next(turns), tokenizer, config, rng) for _ in range(POOL)), key=lambda e: len(e[0]))
        ready: list[list[Example]] = [[]]
        for example in pool:
            if ready[-1] and (len(ready[-1]) + 1) * len(example[0]) > config.batch_tokens:
                ready.append([])
            ready[-1].append(example)
        rng.shuffle(ready)
        yield from ready


def encoded(turn: Turn, tokenizer: PreTrainedTokenizerFast, config: ActTrainingConfig, rng: random.Random) -> Example:
    """A turn as an example; the words lose or double a character now and then where the act line copies nothing."""
    words, noise = turn.words, config.word_noise
    if noise and not any(item.value and item.value in words for item in turn.act.items):
        words = "".join(c * rng.choice((0, 2)) if rng.random() < noise else c for c in words) or words
    asked = encode(prompt_pieces(turn.before, turn.shown, words), tokenizer).ids
    written = encode(act_pieces(turn.act), tokenizer).ids
    said = max(n for n, token in enumerate(asked) if token == tokenizer.convert_tokens_to_ids(USER)) + 1
    ids = asked + written
    labels = [IGNORED] * said + ids[said:]
    weights = [0.0] * said + [config.words_weight] * (len(asked) - said) + [1.0] * len(written)
    return ids, labels, weights


def collate(batch: list[Example], pad: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Right-padded ids, labels and weights, shapes (batch, length)."""
    longest = max(len(ids) for ids, _, _ in batch)
    ids = torch.tensor([ids + [pad] * (longest - len(ids)) for ids, _, _ in batch])
    labels = torch.tensor([labels + [IGNORED] * (longest - len(labels)) for _, labels, _ in batch])
    return ids, labels, torch.tensor([weights + [0.0] * (longest - len(weights)) for _, _, weights in batch])


def act_loss(
    model: LlamaForCausalLM, ids: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, smoothing: float
) -> tuple[torch.Tensor, float]:
    """The weighted cross-entropy at labelled positions (no logits elsewhere), and that of the act lines alone."""
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
    wanted = labels[:, 1:] != IGNORED
    logits = model.lm_head(hidden[wanted]).float()
    each = torch.nn.functional.cross_entropy(logits, labels[:, 1:][wanted], label_smoothing=smoothing, reduction="none")
    weight = weights[:, 1:][wanted]
    written = each.detach()[weight == 1.0].mean().item()
    return (each * weight).sum() / weight.sum(), written


def bank_tokenizer(folder: Path, bank: Bank, names: Names) -> PreTrainedTokenizerFast:
    """The tokenizer of a run: the one in its folder, else one trained on the bank's words, names and places."""
    kept = Path(folder) / "tokenizer"
    if kept.is_dir():
        found: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(kept)
        return found
    texts = [row["text"] for row in (*bank.frames, *bank.wordings, *bank.wishes)]
    texts += [turn["user"] for dialogue in bank.dialogues for turn in dialogue["turns"]]
    texts += [*names.hotels, *names.stations, *names.sights]
    tokenizer = train_tokenizer(map(model_words, texts), VOCABULARY, SPECIAL_TOKENS, pad=PAD, end=END)
    tokenizer.save_pretrained(kept)
    return tokenizer


def _optimizers(model: LlamaForCausalLM, config: ActTrainingConfig) -> list[torch.optim.Optimizer]:
    """Muon for the layers' matrices, AdamW for embeddings and norms, at one rate (arXiv:2502.16982 matches their update sizes)."""
    matrices = [p for p in model.model.layers.parameters() if p.dim() == 2]
    norms = [p for p in model.parameters() if p.dim() < 2]
    groups = [
        {"params": [model.model.embed_tokens.weight], "weight_decay": config.weight_decay},
        {"params": norms, "weight_decay": 0.0},
    ]
    return [
        torch.optim.Muon(
            matrices, lr=config.learning_rate, weight_decay=config.weight_decay, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98), fused=True),
    ]


class ActTrainer:
    """One run in one folder: `train.json` (settings), `state.pt`, `events.jsonl`, and the averaged weights in `model/`."""

    def __init__(
        self,
        folder: Path,
        tokenizer: PreTrainedTokenizerFast,
        config: ActTrainingConfig,
        start: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self.tokenizer, self.config, self._clock = Path(folder), tokenizer, config, clock
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        if start:
            finished = LlamaForCausalLM.from_pretrained(start, dtype=torch.float32)
            self.model = grown(finished, config.layers, config.inner)
            self.model.set_attn_implementation(ATTENTION)
        else:
            self.model = LlamaForCausalLM(
                LlamaConfig(
                    attn_implementation=ATTENTION,
                    vocab_size=len(tokenizer),
                    pad_token_id=tokenizer.pad_token_id,
                    eos_token_id=tokenizer.eos_token_id,
                    bos_token_id=tokenizer.eos_token_id,
                    **SHAPE | {"num_hidden_layers": config.layers or SHAPE["num_hidden_layers"]},
                )
            )
        if config.compiled:
            for layer in self.model.model.layers:
                layer.compile(dynamic=True)
        self.optimizers = _optimizers(self.model, config)
        self.average = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        self._start = {name: p.clone() for name, p in self.average.items()}
        self.progress = _Progress()
        kept = self.folder / "train.json"
        self.numerics = training_numerics(recorded_numerics(kept), device="cpu")
        kept.write_text(json.dumps(asdict(config) | {"numerics": asdict(self.numerics)}, indent=1), encoding="utf-8")
        if (self.folder / "state.pt").is_file():
            self._resume()

    def _resume(self) -> None:
        state = torch.load(self.folder / "state.pt", weights_only=True)
        self.model.load_state_dict(state["model"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.average = state["average"]
        self.progress = _Progress(**state["progress"])

    def rate(self) -> float:
        """Warm-up, constant, then down to a thirtieth over the last share of the time."""
        c, p = self.config, self.progress
        left = (1 - p.seconds / c.seconds) / c.decay_share
        return c.learning_rate * min(1.0, (p.step + 1) / c.warmup_steps) * max(0.03, min(1.0, left))

    def run(self, turns: Iterator[Turn]) -> None:
        """Train until the time is over or a file `stop` appears in the folder, saving as it goes.

        Raises:
            TrainingError: the loss is no number.
        """
        rng = random.Random(f"{self.config.seed}-{self.progress.step}")
        began, before, saved = self._clock(), self.progress.seconds, self._clock()
        recent: list[float] = []
        for batch in batches(turns, self.tokenizer, self.config, rng):
            recent.append(self._step(batch))
            self.progress.seconds = before + self._clock() - began
            if self.progress.step % 50 == 0:
                self._report(sum(recent) / len(recent))
                recent = []
            stopped = self.progress.step % 10 == 0 and (self.folder / "stop").is_file()
            over = stopped or self.progress.seconds >= self.config.seconds
            if over or self._clock() - saved > self.config.save_every:
                self.save()
                saved = self._clock()
            if over:
                return

    def _step(self, batch: list[Example]) -> float:
        for group in (group for optimizer in self.optimizers for group in optimizer.param_groups):
            group["lr"] = self.rate()
        ids, labels, weights = collate(batch, int(self.tokenizer.pad_token_id))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.numerics.bf16):
            loss, written = act_loss(self.model, ids, labels, weights, self.config.label_smoothing)
        if not torch.isfinite(loss):
            raise TrainingError("training.no_loss", value=loss.item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.model.zero_grad(set_to_none=True)
        keep = min(self.config.ema, (self.progress.step + 1) / (self.progress.step + 10))
        with torch.no_grad():
            for name, p in self.model.named_parameters():
                self.average[name].lerp_(p, 1 - keep)
        self.progress.step += 1
        self.progress.examples += len(batch)
        self.progress.tokens += ids.numel()
        return written

    def _report(self, loss: float) -> None:
        line = asdict(self.progress) | {"loss": round(loss, 4), "rate": self.rate()}
        with (self.folder / "events.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")

    def save(self) -> None:
        """Keep everything that going on needs, and the averaged weights as a checkpoint of their own."""
        state = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "average": self.average,
            "progress": asdict(self.progress),
        }
        part = self.folder / "state.pt.part"
        torch.save(state, part)
        part.replace(self.folder / "state.pt")
        own = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        with torch.no_grad():
            for name, p in self.model.named_parameters():
                p.copy_(torch.lerp(self.average[name], self._start[name], self.config.start_share))
            self.model.save_pretrained(self.folder / "model")
            self.tokenizer.save_pretrained(self.folder / "model")
            for name, p in self.model.named_parameters():
                p.copy_(own[name])
