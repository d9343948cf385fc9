"""A simulated user with an agenda talks to the whole chatbot: does a person get the hotel and the facts they came for?"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import comb
from pathlib import Path
from random import Random
from typing import Any, Protocol

import numpy as np

from chatbot.dialogue.events import Event, TurnEvent
from chatbot.errors import ModelError
from chatbot.evaluation import wording
from chatbot.evaluation.bootstrap import interval, resampled
from chatbot.evaluation.goals import Goal, Part, Record, delivered, draw_goals, satisfies
from chatbot.evaluation.metrics import NOTHING_FOUND
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.hotels.store import HotelStore
from chatbot.messages import Conversation, Message, write_conversations
from chatbot.settings import settings

PATIENCE = 2
"""How often in a row the user says or asks the same thing again before giving up."""
MOST_TURNS = 16

SUCCESS = "success"


class Chatbot(Protocol):
    """What the user talks to: `dialogue.agent.Agent`, or a fake."""

    def turn(self, messages: list[Message], text: str, stop: Callable[[], bool] = ...) -> Iterator[Event]:
        """One turn; the last event is a TurnEvent."""
        ...


@dataclass
class SimulatedUser:
    """An agenda after Schatzmann et al. 2007: constraints to tell, a hotel to choose, facts to ask.

    `outcome` is "" while the dialogue goes on, SUCCESS, or why the user gave up. It believes only what the replies say, and
    checks it against the database.
    """

    goal: Goal
    store: HotelStore
    rng: Random
    outcome: str = ""
    told: list[Part] = field(default_factory=list)
    untold: list[Part] = field(default_factory=list)
    changed: bool = False
    chosen: Record | None = None
    asked: int = 0
    repeats: int = 0

    def __post_init__(self) -> None:
        self.untold = self.rng.sample(self.goal.parts, len(self.goal.parts))

    def answer(self, heard: TurnEvent | None) -> str | None:
        """The user's next utterance after a turn of the chatbot (None: the dialogue opens); None when there is nothing left to say."""
        if self.outcome:
            return None
        if heard is None or self.untold:
            return self._tell(wording.OPEN if heard is None else wording.MORE)
        return self._choose(heard) if self.chosen is None else self._check(heard, self.chosen)

    def _pick(self, table: Sequence[str]) -> str:
        return self.rng.choice(table)

    def _tell(self, table: Sequence[str]) -> str:
        count = self.rng.randint(1, len(self.untold))
        new, self.untold = self.untold[:count], self.untold[count:]
        self.told += new
        if "name" in new[0]:
            return self._pick(wording.NAMED).format(x=spoken_name(new[0]["name"], self.rng))
        return self._pick(table).format(x=self._spoken(new))

    def _spoken(self, parts: Sequence[Part]) -> str:
        return self._pick(wording.JOIN).join(spoken(part, self.rng) for part in parts)

    def _choose(self, heard: TurnEvent) -> str | None:
        """Take the first hotel on offer that really meets what was told; otherwise change the wish, or insist."""
        offered = [known for record in named(heard) if (known := self.store.get(record["name"]))]
        fitting = next((record for record in offered if satisfies(record, self.told)), None)
        if self.goal.change and not self.changed and (NOTHING_FOUND.search(heard.reply) if self.goal.impossible else fitting):
            return self._change()
        if fitting:
            self.chosen = fitting
            return self._ask(self._reference(heard, fitting))
        return self._insist("no suitable hotel", lambda: self._pick(wording.AGAIN).format(x=self._restated()))

    def _restated(self) -> str:
        return str(self.told[0]["name"]) if "name" in self.told[0] else self._spoken(self.told)

    def _change(self) -> str:
        self.changed = True
        new = [part for part in self.goal.change if part not in self.told]
        self.told = list(self.goal.change)
        return self._pick(wording.CHANGE if self.goal.impossible else wording.CHANGE_OF_MIND).format(x=self._spoken(new))

    def _reference(self, heard: TurnEvent, record: Record) -> str:
        """How a person points at the hotel: this one, the second one, or its name."""
        names = [offer["name"] for offer in named(heard)]
        if names == [record["name"]]:
            return self._pick(wording.THIS)
        in_order = names == [offer["name"] for offer in heard.records[: len(names)]]
        return wording.ORDINAL[names.index(record["name"])] if in_order and len(names) <= len(wording.ORDINAL) and self.rng.random() < 0.5 else record["name"]

    def _ask(self, hotel: str) -> str:
        field_name, facility = self.goal.requests[self.asked]
        if field_name == "has":
            return self._pick(wording.HAS).format(h=hotel, x=facility)
        return self._pick(wording.ASK[field_name]).format(h=hotel)

    def _check(self, heard: TurnEvent, chosen: Record) -> str | None:
        request = self.goal.requests[self.asked]
        if not delivered(heard.reply, chosen, request):
            return self._insist(f"no true answer: {request[0]}", lambda: self._ask(chosen["name"]))
        self.asked, self.repeats = self.asked + 1, 0
        if self.asked < len(self.goal.requests):
            return self._ask(self._pick((*wording.THIS, chosen["name"])))
        self.outcome = SUCCESS
        return self._pick(wording.BYE) if self.rng.random() < 0.3 else None

    def _insist(self, reason: str, again: Callable[[], str]) -> str | None:
        self.repeats += 1
        if self.repeats > PATIENCE:
            self.outcome = reason
            return None
        return again()


def named(heard: TurnEvent) -> list[Record]:
    """The hotels in hand that the reply names, in the order in which it does."""
    found = [record for record in heard.records if record["name"] in heard.reply]
    return sorted(found, key=lambda record: heard.reply.index(record["name"]))


def spoken_name(name: str, rng: Random) -> str:
    """A name in full, or as said aloud: without brackets and without the city in them."""
    return name if rng.random() < 0.5 else name.replace("(北京", "").replace("(", "").replace(")", "")


def spoken(part: Part, rng: Random) -> str:
    """One constraint in the user's words."""
    if "type" in part:
        return rng.choice(wording.TYPE[part["type"]])
    if "facilities" in part:
        return rng.choice(wording.FACILITY[part["facilities"][0]])
    if "rating_range_lower" in part:
        return rng.choice(wording.RATING_LEAST).format(a=part["rating_range_lower"])
    lower, upper = part.get("price_range_lower"), part.get("price_range_upper")
    table = wording.PRICE_MOST if lower is None else wording.PRICE_LEAST if upper is None else wording.PRICE_BETWEEN
    return rng.choice(table).format(a=lower, b=upper)


@dataclass(frozen=True)
class Outcome:
    """One simulated dialogue and how it ended; `reason` is SUCCESS or why it failed."""

    goal: Goal
    seed: int
    reason: str
    turns: int
    replies: int
    ungrounded: list[str]
    messages: list[Message]

    @property
    def success(self) -> bool:
        """Whether the user got a hotel that meets the goal and every fact, and was told nothing untrue on the way."""
        return self.reason == SUCCESS and not self.ungrounded


def converse(agent: Chatbot, goal: Goal, store: HotelStore, number: int, seed: int) -> Outcome:
    """Hold one dialogue; `number` and `seed` fix the user's wording.

    Raises:
        ModelError: the agent ended a turn without a TurnEvent, or its model failed.
    """
    user = SimulatedUser(goal, store, Random(f"evaluation wording {seed} {number}"))
    messages: list[Message] = []
    false: list[str] = []
    heard: TurnEvent | None = None
    turns = 0
    while turns < MOST_TURNS and (text := user.answer(heard)) is not None:
        last = None
        for last in agent.turn(messages, text):  # noqa: B007
            pass
        if not isinstance(last, TurnEvent):
            raise ModelError("the chatbot did not finish its turn", value=text, remedy="Check the model with `python -m chatbot chat`.")
        heard, turns = last, turns + 1
        messages = [*messages, *heard.messages]
        false += ungrounded(heard.reply, heard.records, messages)
    return Outcome(goal, seed, user.outcome or "too long", turns, turns, false, messages)


def pass_hat(successes: int, trials: int, k: int) -> float:
    """An estimate of the chance that `k` tries at one goal all succeed: C(successes, k) / C(trials, k).

    Yao et al. 2024, "τ-bench", section 4; unlike pass@k it measures reliability.
    """
    return comb(successes, k) / comb(trials, k)


def summarise(outcomes: Sequence[Sequence[Outcome]]) -> dict[str, Any]:
    """Figures over goals (outer) and wording seeds (inner), with 95% intervals by bootstrap over goals.

    Returns:
        `task_finish`, `pass^1` … `pass^<seeds>`, `turns_mean`, `ungrounded` (number of claims), `replies`, `failures` by
        reason, and `intervals` of the shares and of the mean.
    """
    seeds = min(len(tries) for tries in outcomes)
    wins = [sum(outcome.success for outcome in tries) for tries in outcomes]
    table: dict[str, np.ndarray] = {"task_finish": np.array([won / len(tries) for won, tries in zip(wins, outcomes, strict=True)])}
    for k in range(1, min(seeds, 4) + 1):
        table[f"pass^{k}"] = np.array([pass_hat(won, len(tries), k) for won, tries in zip(wins, outcomes, strict=True)])
    table["turns_mean"] = np.array([sum(outcome.turns for outcome in tries) / len(tries) for tries in outcomes])
    draws = {name: values / len(outcomes) for name, values in resampled(table).items()}
    every = [outcome for tries in outcomes for outcome in tries]
    reasons = Counter("ungrounded claim" if outcome.reason == SUCCESS else outcome.reason for outcome in every if not outcome.success)
    return {
        **{name: round(float(values.mean()), 4) for name, values in table.items()},
        "ungrounded": sum(len(outcome.ungrounded) for outcome in every),
        "replies": sum(outcome.replies for outcome in every),
        "goals": len(outcomes),
        "seeds": seeds,
        "intervals": {name: [round(edge, 4) for edge in interval(values) or ()] for name, values in draws.items()},
        "failures": dict(reasons.most_common()),
    }


def simulate(agent: Chatbot, store: HotelStore, n: int, seeds: int, *, progress: Callable[[int, int], None] | None = None) -> list[list[Outcome]]:
    """Hold `n` goals × `seeds` wordings of dialogues; `progress` is told (dialogues done, in all)."""
    out: list[list[Outcome]] = []
    for number, goal in enumerate(draw_goals(store, n)):
        out.append([])
        for seed in range(seeds):
            out[-1].append(converse(agent, goal, store, number, seed))
            if progress:
                progress(number * seeds + seed + 1, n * seeds)
    return out


def simulate_model(
    model: str, hotels: Path | None, n: int, seeds: int, *, transcripts: Path | None = None, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """What the `simulate` command does: open a model, hold the dialogues, and return the figures of `summarise`.

    Args:
        transcripts: also write every dialogue there as JSONL, with its goal and its outcome in `meta`.

    Raises:
        WorkbenchError: the model or the database cannot be used.
    """
    from chatbot.dialogue.agent import Agent
    from chatbot.models.catalog import open_model

    store = HotelStore.load(hotels or settings().hotels)
    started = time.monotonic()
    outcomes = simulate(Agent(open_model(model), store), store, n, seeds, progress=progress)
    if transcripts:
        write_conversations(transcripts, (conversation(outcome, f"{number}-{outcome.seed}") for number, tries in enumerate(outcomes) for outcome in tries))
    return {**summarise(outcomes), "model": model, "seconds": round(time.monotonic() - started, 1)}


def conversation(outcome: Outcome, name: str) -> Conversation:
    """A simulated dialogue in the conversation format."""
    goal = {"parts": list(outcome.goal.parts), "requests": list(outcome.goal.requests), "change": list(outcome.goal.change)}
    meta = {"goal": goal, "outcome": outcome.reason, "success": outcome.success, "ungrounded": outcome.ungrounded}
    return Conversation(id=f"simulated-{name}", source=f"simulated-{name}", tools=[SEARCH_HOTELS], messages=outcome.messages, meta=meta)
