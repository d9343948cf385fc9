"""Understanding on lines of the phrase bank that no training has seen: is the state after the turn exact, by kind of wording?"""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.core.messages import Message, call, observation, reply, user
from chatbot.core.settings import DATA
from chatbot.corpus.phrasebank.bank import PHRASES, read_bank
from chatbot.corpus.phrasebank.dialogues import dialogue_turns
from chatbot.corpus.phrasebank.turns import Turn, TurnMaker
from chatbot.corpus.phrasebank.values import Names
from chatbot.dialogue.agent import Agent
from chatbot.dialogue.turn import Draft
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.hotels.records import Hotel
from chatbot.hotels.store import HotelStore
from chatbot.models.backends import ChatModel
from chatbot.models.rules import RulesModel
from chatbot.understanding.call_verifier import NoVerifier, RuleVerifier
from chatbot.understanding.dialogue_state import State, needs_search, next_state
from chatbot.understanding.turn_act import GROUPS

ROWS = ("model", "rules", "both")
_WIFI = set(GROUPS["上网"])


@dataclass(frozen=True)
class Verdict:
    """What became of one turn: the state exact, and searched when it should be."""

    turn: Turn
    state: State
    exact: bool
    search: bool


def kept_turns(hotels: Sequence[Hotel], n: int, seed: int = 0, folder: Path = PHRASES) -> list[Turn]:
    """`n` turns made of the tenth that is kept apart, and every turn of its dialogues that can be scored."""
    bank = read_bank(folder, "kept")
    names = Names.of(hotels, json.loads((DATA / "places.json").read_text(encoding="utf-8")))
    rng = random.Random(f"kept {seed}")
    made: Iterator[Turn] = TurnMaker(bank, names).turns(rng)
    spoken = [turn for dialogue in bank.dialogues for turn in dialogue_turns(dialogue, names, rng)]
    return [next(made) for _ in range(n)] + spoken


def history_of(turn: Turn) -> list[Message]:
    """A conversation that has come to where the turn begins."""
    if not turn.before and not turn.shown:
        return [user(turn.words)]
    records = [{"name": name} for name in turn.shown]
    return [user("…"), call(turn.before), observation(records), reply("…"), user(turn.words)]


def judge(turn: Turn, message: Message | None) -> Verdict:
    """A message that was made of a turn against what is right."""
    right = next_state(turn.before, turn.act, turn.shown)
    wanted = needs_search(turn.before, turn.act, right)
    if message is None:
        return Verdict(turn, {}, False, not wanted)
    state = dict(message.call.arguments) if message.call else _after(turn, message)
    return Verdict(turn, state, same_state(right, state), (message.call is not None) == wanted)


def _after(turn: Turn, message: Message) -> State:
    from chatbot.understanding.history import act_of

    act = act_of(message)
    return next_state(turn.before, act, turn.shown) if act else turn.before


def same_state(right: State, state: State) -> bool:
    """Whether two states ask for the same: facilities in any order, any member of a choice, wifi of any reach."""
    plain, found = ({k: v for k, v in s.items() if k != "facilities"} for s in (right, state))
    if json.dumps(plain, sort_keys=True, ensure_ascii=False) != json.dumps(found, sort_keys=True, ensure_ascii=False):
        return False
    left = [_names(f) for f in state.get("facilities") or ()]
    for facility in right.get("facilities") or ():
        hit = next((names for names in left if names & _names(facility)), None)
        if hit is None:
            return False
        left.remove(hit)
    return not left


def _names(facility: str | Sequence[str]) -> set[str]:
    names = {facility} if isinstance(facility, str) else set(facility)
    return names | _WIFI if names & set(GROUPS["无线"]) else names


def measure(
    model: ChatModel, store: HotelStore, turns: Sequence[Turn], progress: Callable[[int, int], None] | None = None
) -> dict[str, list[Verdict]]:
    """The verdicts on all turns in ROWS: the model alone, the rules alone, and both, from the same drafts."""
    agents = {"model": Agent(model, store, NoVerifier()), "both": Agent(model, store, RuleVerifier())}
    rules = RulesModel()
    out: dict[str, list[Verdict]] = {row: [] for row in ROWS}
    for done, turn in enumerate(turns, 1):
        history = history_of(turn)
        draft = Draft(model.predict([(history, [SEARCH_HOTELS])])[0])
        for row, agent in agents.items():
            out[row].append(judge(turn, agent.understood(history, draft)))
        out["rules"].append(judge(turn, rules.predict([(history, [])])[0]))
        if progress:
            progress(done, len(turns))
    return out


def figures(verdicts: dict[str, list[Verdict]]) -> dict[str, dict[str, Any]]:
    """Shares by kind of turn and row: {kind: {"n": …, "model": …, "rules": …, "both": …}}; "search" is search-or-not over all."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for at, verdict in enumerate(verdicts["both"]):
        kinds[verdict.turn.kind].append(at)
        kinds["all"].append(at)
    table = {
        kind: {"n": len(places), **{row: _share(verdicts[row][at].exact for at in places) for row in ROWS}}
        for kind, places in kinds.items()
    }
    search = {row: _share(verdict.search for verdict in verdicts[row]) for row in ROWS}
    return table | {"search": {"n": len(verdicts["both"]), **search}}


def _share(found: Iterator[bool]) -> float:
    rows = list(found)
    return round(sum(rows) / len(rows), 4) if rows else 0.0
