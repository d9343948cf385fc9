"""A simulated user with an agenda talks to the whole chatbot: does a person get the hotel and the facts they came for?"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from math import comb
from pathlib import Path
from random import Random
from typing import Any, Protocol

import numpy as np

from chatbot.core.errors import ModelError
from chatbot.core.messages import Conversation, Message, append_line, drop_torn_line, read_conversations
from chatbot.core.settings import settings
from chatbot.dialogue.events import Event, TurnEvent
from chatbot.evaluation.metrics.bootstrap import interval, resampled
from chatbot.evaluation.simulation.goals import Goal, draw_goals
from chatbot.evaluation.simulation.user import SUCCESS, SimulatedUser
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.hotels.store import HotelStore

MOST_TURNS = 16


class Chatbot(Protocol):
    """What the user talks to: `dialogue.agent.Agent`, or a fake."""

    def turn(self, messages: list[Message], text: str, stop: Callable[[], bool] = ...) -> Iterator[Event]:
        """One turn; the last event is a TurnEvent."""
        ...


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
            raise ModelError("evaluation.unfinished_turn", value=text)
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
    table: dict[str, np.ndarray] = {
        "task_finish": np.array([won / len(tries) for won, tries in zip(wins, outcomes, strict=True)])
    }
    for k in range(1, min(seeds, 4) + 1):
        table[f"pass^{k}"] = np.array([pass_hat(won, len(tries), k) for won, tries in zip(wins, outcomes, strict=True)])
    table["turns_mean"] = np.array([sum(outcome.turns for outcome in tries) / len(tries) for tries in outcomes])
    draws = {name: values / len(outcomes) for name, values in resampled(table).items()}
    every = [outcome for tries in outcomes for outcome in tries]
    reasons = Counter(
        "ungrounded claim" if outcome.reason == SUCCESS else outcome.reason for outcome in every if not outcome.success
    )
    return {
        **{name: round(float(values.mean()), 4) for name, values in table.items()},
        "ungrounded": sum(len(outcome.ungrounded) for outcome in every),
        "replies": sum(outcome.replies for outcome in every),
        "goals": len(outcomes),
        "seeds": seeds,
        "intervals": {name: [round(edge, 4) for edge in interval(values) or ()] for name, values in draws.items()},
        "failures": dict(reasons.most_common()),
    }


def simulate(
    agent: Chatbot,
    store: HotelStore,
    n: int,
    seeds: int,
    *,
    progress: Callable[[int, int], None] | None = None,
    kept: Path | None = None,
) -> list[list[Outcome]]:
    """Hold `n` goals × `seeds` wordings of dialogues; `progress` is told (dialogues done, in all).

    Args:
        kept: a JSONL file that every dialogue is appended to; those that it already holds are not held again.
    """
    done = {(number, outcome.seed): outcome for number, outcome in _held(kept)} if kept else {}
    out: list[list[Outcome]] = []
    for number, goal in enumerate(draw_goals(store, n)):
        out.append([])
        for seed in range(seeds):
            outcome = done.get((number, seed))
            if outcome is None or outcome.goal != goal:
                outcome = converse(agent, goal, store, number, seed)
                if kept:
                    append_line(kept, conversation(outcome, number).to_json())
            out[-1].append(outcome)
            if progress:
                progress(number * seeds + seed + 1, n * seeds)
    return out


def simulate_model(
    model: str,
    hotels: Path | None,
    n: int,
    seeds: int,
    *,
    transcripts: Path | None = None,
    verify: str = "rules",
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """What the `simulate` command does: open a model, hold the dialogues, and return the figures of `summarise`.

    Args:
        transcripts: every dialogue goes there as JSONL, with its goal and its outcome in `meta`; run again, it goes on from there.

    Raises:
        WorkbenchError: the model or the database cannot be used.
    """
    from chatbot.dialogue.agent import Agent
    from chatbot.models.backends import numerics_of
    from chatbot.models.catalog import open_model
    from chatbot.understanding.call_verifier import verifier

    store = HotelStore.load(hotels or settings().hotels)
    started = time.monotonic()
    opened = open_model(model)
    agent = Agent(opened, store, verifier(verify))
    outcomes = simulate(agent, store, n, seeds, progress=progress, kept=transcripts)
    told = {"model": model, "verifier": verify, "numerics": numerics_of(opened)}
    return summarise(outcomes) | told | {"seconds": round(time.monotonic() - started, 1)}


def conversation(outcome: Outcome, number: int) -> Conversation:
    """A simulated dialogue in the conversation format; `number` is its goal's."""
    meta = {
        "goal": asdict(outcome.goal),
        "number": number,
        "seed": outcome.seed,
        "outcome": outcome.reason,
        "success": outcome.success,
    }
    name = f"simulated-{number}-{outcome.seed}"
    return Conversation(
        id=name,
        source=name,
        tools=[SEARCH_HOTELS],
        messages=outcome.messages,
        meta=meta | {"ungrounded": outcome.ungrounded},
    )


def _held(path: Path) -> Iterator[tuple[int, Outcome]]:
    """The dialogues of a file of `conversation`s with the numbers of their goals."""
    for held in read_conversations(drop_torn_line(path)) if path.exists() else ():
        meta, turns = held.meta, sum(m.role == "user" for m in held.messages)
        yield (
            meta["number"],
            Outcome(
                Goal.read(meta["goal"]), meta["seed"], meta["outcome"], turns, turns, meta["ungrounded"], held.messages
            ),
        )
