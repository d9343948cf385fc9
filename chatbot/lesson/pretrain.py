"""Pretraining, small enough to watch: a GPT-2 of some hundred thousand parameters learns the shipped dialogues character by character."""

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from chatbot.core.settings import DATA
from chatbot.corpus.reading.reader import read_conversations
from chatbot.models.alone import alone

STEPS, WARMUP, RATE = 500, 50, 3e-3
"""Steps of the whole run; those in which the rate rises, where it does; its peak."""
LENGTH, BATCH, WIDTH, LAYERS, HEADS = 48, 12, 96, 2, 4
TOLD = (0, 100, 500)
"""Steps after which the model is asked to write."""
SEED, WRITTEN = 0, 28
"""Of weights, batches and samples; characters that it writes."""
OPENING = "想找"


@cache
def text() -> str:
    """What is learned: all that guests and hotels say in the shipped training dialogues, a line each."""
    shipped = read_conversations(DATA / "conversations" / "train.jsonl")
    return "\n".join(m.content for c in shipped for m in c.messages if m.content and m.role in ("user", "assistant"))


def rate_at(step: int, *, warmup: bool) -> float:
    """The learning rate of a step, counted from 0: up in a line where it is warmed up, then down as a cosine to a tenth."""
    if warmup and step < WARMUP:
        return RATE * (step + 1) / WARMUP
    return RATE * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * step / STEPS)))


@dataclass
class Pretraining:
    """One run that goes on where it stopped; everybody watches the same one, since all of it follows from its seed.

    Attributes:
        losses: of each step done, in nats a character.
        samples: step → what the model wrote after it.
    """

    warmup: bool
    losses: list[float] = field(default_factory=list)
    samples: dict[int, str] = field(default_factory=dict)

    @alone
    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.characters = sorted(set(text()))
        number = {character: at for at, character in enumerate(self.characters)}
        self._ids = torch.tensor([number[character] for character in text()])
        self._opening = [number[character] for character in OPENING]
        self._draw = torch.Generator().manual_seed(SEED)
        shape = {"n_positions": LENGTH, "n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS}
        quiet: dict[str, Any] = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
        ends = {"bos_token_id": None, "eos_token_id": None}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            config = GPT2Config(vocab_size=len(self.characters), **shape, **quiet, **ends)
            self.model: Any = GPT2LMHeadModel(config)
        self._optimiser = torch.optim.AdamW(self.model.parameters(), lr=RATE, weight_decay=0.01)

    @property
    def parameters(self) -> int:
        """How many numbers are learned."""
        return sum(weight.numel() for weight in self.model.parameters())

    def upto(self, step: int) -> None:
        """Train until so many steps are done, at most `STEPS`; what is done is not done again."""
        with self._lock:
            self._tell()
            while len(self.losses) < min(step, STEPS):
                self._step()
                self._tell()

    def _step(self) -> None:
        for group in self._optimiser.param_groups:
            group["lr"] = rate_at(len(self.losses), warmup=self.warmup)
        ids = torch.stack(list(self._batch()))
        scores = self.model(input_ids=ids[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), ids[:, 1:].flatten())
        self._optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimiser.step()
        self.losses.append(float(loss.detach()))

    def _batch(self) -> Iterator[torch.Tensor]:
        for at in torch.randint(len(self._ids) - LENGTH, (BATCH,), generator=self._draw):
            yield self._ids[at : at + LENGTH]

    def _tell(self) -> None:
        done = len(self.losses)
        if done in TOLD and done not in self.samples:
            self.samples[done] = self._write()

    @torch.no_grad()
    def _write(self) -> str:
        """What the model goes on with after the opening, drawn at temperature 0.7 from a seed of its own."""
        ids, draw = list(self._opening), torch.Generator().manual_seed(SEED)
        for _ in range(WRITTEN):
            scores = self.model(input_ids=torch.tensor([ids])).logits[0, -1]
            ids.append(int(torch.multinomial(torch.softmax(scores / 0.7, -1), 1, generator=draw)))
        return "".join(self.characters[at] for at in ids)


@cache
def pretraining(*, warmup: bool) -> Pretraining:
    """The run with or without warm-up."""
    return Pretraining(warmup)
