"""A simulated user with an agenda talks to the whole chatbot: does a person get the hotel and the facts they came for?"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any, Protocol

from chatbot.core.errors import ModelError
from chatbot.core.messages import Conversation, Message, append_line, drop_torn_line
from chatbot.core.settings import settings
from chatbot.corpus.reading.reader import read_conversations
from chatbot.dialogue.events import Event, TurnEvent
from chatbot.evaluation.simulation.blame import UNTRUE, Fault
from chatbot.evaluation.simulation.goals import Goal, draw_goals
from chatbot.evaluation.simulation.held_out_wording import wish_names
from chatbot.evaluation.simulation.outcome import USER, Outcome, summarise
from chatbot.evaluation.simulation.user import SimulatedUser
from chatbot.hotels.grounding import ungrounded
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.hotels.store import HotelStore
from chatbot.models.backends import side_by_side

MOST_TURNS = 16


class Chatbot(Protocol):
    """What the user talks to: `dialogue.agent.Agent`, or a fake."""

    def turn(self, messages: list[Message], text: str, stop: Callable[[], bool] = ...) -> Iterator[Event]:
        """One turn; the last event is a TurnEvent."""
        ...


def untrue_claims(heard: TurnEvent, earlier: list[dict[str, Any]], messages: list[Message]) -> list[str]:
    """The claims of a reply that no record holds: of the hotels in hand, or of those that its search took the place of."""
    untrue = ungrounded(heard.reply, heard.records, messages)
    both = [*earlier, *(record for record in heard.records if record not in earlier)]
    return ungrounded(heard.reply, both, messages) if untrue else []


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
        earlier = heard.records if heard else []
        heard, turns = last, turns + 1
        messages = [*messages, *heard.messages]
        untrue = untrue_claims(heard, earlier, messages)
        user.faults += [Fault(UNTRUE, claim, turns) for claim in untrue]
        false += untrue
    reason = user.end()
    return Outcome(
        goal, seed, reason, turns, turns, [*false, *user.claimed], messages, user.fault, user.faults, user.checks
    )


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
    goals = draw_goals(store, n, wishes=wish_names())
    todo = [(number, goal, seed) for number, goal in enumerate(goals) for seed in range(seeds)]

    def held(what: tuple[int, Goal, int]) -> tuple[int, Outcome, bool]:
        number, goal, seed = what
        outcome = done.get((number, seed))
        if outcome is not None and outcome.goal == goal and outcome.user == USER:
            return number, outcome, False
        return number, converse(agent, goal, store, number, seed), True

    out: list[list[Outcome]] = [[] for _ in goals]
    for number, outcome, new in side_by_side(getattr(agent, "model", None), held, todo):
        if kept and new:
            append_line(kept, conversation(outcome, number).to_json())
        out[number].append(outcome)
        if progress:
            progress(sum(map(len, out)), n * seeds)
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
        "user": outcome.user,
        "fault": outcome.fault.plain() if outcome.fault else None,
        "faults": [fault.plain() for fault in outcome.faults],
        "checks": [list(check) for check in outcome.checks],
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
        yield held.meta["number"], outcome_of(held)


def outcome_of(held: Conversation) -> Outcome:
    """The inverse of `conversation`, also of those that were held before faults were told apart."""
    meta, turns = held.meta, sum(m.role == "user" for m in held.messages)
    return Outcome(
        Goal.read(meta["goal"]),
        meta["seed"],
        meta["outcome"],
        turns,
        turns,
        meta["ungrounded"],
        held.messages,
        Fault.read(meta.get("fault")),
        [fault for plain in meta.get("faults") or () if (fault := Fault.read(plain))],
        [(phenomenon, right) for phenomenon, right in meta.get("checks") or ()],
        meta.get("user", 1),
    )
