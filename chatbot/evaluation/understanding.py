"""Understanding on lines of the phrase bank that no training has seen: is the state after the turn exact, by kind of wording?"""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.core.messages import Message, call, observation, reply, user
from chatbot.core.settings import settings
from chatbot.corpus.phrasebank.bank import FORMS, PHRASES, read_bank
from chatbot.corpus.phrasebank.dialogues import dialogue_turns
from chatbot.corpus.phrasebank.stream import names_of
from chatbot.corpus.phrasebank.turns import Turn, TurnMaker
from chatbot.dialogue.agent import Agent
from chatbot.dialogue.turn import Draft
from chatbot.evaluation.metrics.bootstrap import share_interval
from chatbot.hotels.query import SEARCH_HOTELS
from chatbot.hotels.records import Hotel
from chatbot.hotels.store import HotelStore
from chatbot.models.backends import ChatModel
from chatbot.models.rules import RulesModel
from chatbot.understanding.call_verifier import NoVerifier, RuleVerifier
from chatbot.understanding.dialogue_state import State, named, needs_search, next_state
from chatbot.understanding.history import act_of
from chatbot.understanding.turn_act import ADD, COPIED, EXCLUDE, GROUPS, NUMERIC, TurnAct

ROWS = ("model", "rules", "both")
PHENOMENA = (
    *("name", "amount", "facility_np", "facility_vp", "facility_need", "type", "rating", "place", "drop", "correction"),
    *("replacement", "reference", "several_at_once", "two_questions", "unknown_wish"),
)
"""What the figures of understanding and of the simulated user tell apart."""
_OF_OPERATOR = {
    "name=": "name", "type=": "type", "address=": "place", "subway=": "place", "near=": "place", "#": "reference",
    "!#": "reference", "?": "unknown_wish",
}  # fmt: skip
_ASKING = ("reference", "two_questions")
"""Phenomena that show in what is asked, and not in the state."""
_CHANGES = ("correct", "replace")
_WIFI = set(GROUPS["上网"])


@dataclass(frozen=True)
class TurnVerdict:
    """What became of one turn: the state exact, searched when it should be, and the same asked about the same hotels.

    `asked` is None where no act line says what was understood.
    """

    turn: Turn
    state: State
    exact: bool
    search: bool
    asked: bool | None = None


def held_out_turns(hotels: Sequence[Hotel], n: int, seed: int = 0, folder: Path = PHRASES) -> list[Turn]:
    """`n` turns made of the tenth that is kept apart, and every turn of its dialogues that can be scored."""
    bank = read_bank(folder, "kept")
    names = names_of(hotels)
    rng = random.Random(f"kept {seed}")
    made: Iterator[Turn] = TurnMaker(bank, names).turns(rng)
    in_dialogues = [turn for dialogue in bank.dialogues for turn in dialogue_turns(dialogue, names, rng)]
    return [next(made) for _ in range(n)] + in_dialogues


def history_of(turn: Turn) -> list[Message]:
    """A conversation that has come to where the turn begins."""
    if not turn.before and not turn.shown:
        return [user(turn.words)]
    records = [{"name": name} for name in turn.shown]
    return [user("…"), call(turn.before), observation(records), reply("…"), user(turn.words)]


def judge(turn: Turn, message: Message | None) -> TurnVerdict:
    """A message that was made of a turn against what is right."""
    right = next_state(turn.before, turn.act, turn.shown)
    wanted = needs_search(turn.before, turn.act, right)
    if message is None:
        return TurnVerdict(turn, {}, False, not wanted)
    state = dict(message.call.arguments) if message.call else _after(turn, message)
    act = act_of(message)
    asked = None if act is None else _questions(act, turn.shown) == _questions(turn.act, turn.shown)
    return TurnVerdict(turn, state, same_state(right, state), (message.call is not None) == wanted, asked)


def _questions(act: TurnAct, shown: Sequence[str]) -> tuple[set[str], set[str]]:
    """What an act asks for, and of which hotels; without a hotel it is the one in focus."""
    which = {"all" if value == "all" else named(value, shown) or value for value in act.values("#")}
    asked = {str(item) for item in act.items if item.op in ("ask:", "has:", "top:")}
    return asked, which or ({named("it", shown)} if asked else set())


def _after(turn: Turn, message: Message) -> State:
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
) -> dict[str, list[TurnVerdict]]:
    """The verdicts on all turns in ROWS: the model alone, the rules alone, and both, from the same drafts."""
    agents = {"model": Agent(model, store, NoVerifier()), "both": Agent(model, store, RuleVerifier())}
    rules = RulesModel()
    out: dict[str, list[TurnVerdict]] = {row: [] for row in ROWS}
    for done, turn in enumerate(turns, 1):
        history = history_of(turn)
        draft = Draft(model.predict([(history, [SEARCH_HOTELS])])[0])
        for row, agent in agents.items():
            out[row].append(judge(turn, agent.understood(history, draft)))
        out["rules"].append(judge(turn, rules.predict([(history, [])])[0]))
        if progress:
            progress(done, len(turns))
    return out


def figures(verdicts: dict[str, list[TurnVerdict]]) -> dict[str, dict[str, Any]]:
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


def phenomena_of(turn: Turn) -> set[str]:
    """Which of PHENOMENA a turn is an example of; the form of a facility is known of turns made of one wording only."""
    ops = [item.op for item in turn.act.items]
    found = {_OF_OPERATOR[op] for op in ops if op in _OF_OPERATOR}
    found |= {"amount" for op in ops if op.startswith("price")} | {"rating" for op in ops if op.startswith("rating")}
    found |= {f"facility_{turn.kind}"} if turn.kind in FORMS and ADD in ops else set()
    found |= {"drop"} if any(op.startswith("-") for op in ops) else set()
    found |= {{"correct": "correction", "replace": "replacement"}[turn.act.act]} if turn.act.act in _CHANGES else set()
    found |= {"several_at_once"} if _wishes(turn.act) > 1 else set()
    return found | ({"two_questions"} if sum(op in ("ask:", "has:") for op in ops) > 1 else set())


def _wishes(act: TurnAct) -> int:
    wishing = {ADD, EXCLUDE, "type=", "!type=", "sort=", *NUMERIC, *COPIED} - {"?"}
    return sum(item.op in wishing for item in act.items)


def measured(verdicts: dict[str, list[TurnVerdict]]) -> dict[str, Any]:
    """The figures of `figures` with 95% intervals (Wilson), by kind of turn ("kinds") and by phenomenon ("phenomena").

    Returns:
        {"kinds": {kind: {"n", "model": {"share", "interval"}, "rules": …, "both": …}}, "phenomena": …, "search": …}.
    """
    kinds: dict[str, list[int]] = defaultdict(list)
    phenomena: dict[str, list[int]] = defaultdict(list)
    for at, verdict in enumerate(verdicts["both"]):
        kinds["all"].append(at)
        kinds[verdict.turn.kind].append(at)
        for name in phenomena_of(verdict.turn):
            phenomena[name].append(at)
    exact = {row: [verdict.exact for verdict in verdicts[row]] for row in ROWS}
    asked = {row: [v.exact and v.asked is not False for v in verdicts[row]] for row in ROWS}
    search = {row: [verdict.search for verdict in verdicts[row]] for row in ROWS}
    return {
        "kinds": {kind: _shares(exact, places) for kind, places in kinds.items()},
        "phenomena": {
            name: _shares(asked if name in _ASKING else exact, phenomena[name]) for name in PHENOMENA if phenomena[name]
        },
        "search": _shares(search, range(len(verdicts["both"]))),
    }


def _shares(right: dict[str, list[bool]], places: Sequence[int]) -> dict[str, Any]:
    """How often each row is right at these places."""
    out: dict[str, Any] = {"n": len(places)}
    for row, found in right.items():
        hits = sum(found[at] for at in places)
        edges = [round(edge, 4) for edge in share_interval(hits, len(places))]
        out[row] = {"share": round(hits / len(places), 4) if places else 0.0, "interval": edges}
    return out


def measure_model(
    model: str, hotels: Path | None, n: int, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """What the `measure-understanding` command does: open a model and measure it on lines that no training has seen.

    Raises:
        WorkbenchError: the model, the database or the phrase bank cannot be used.
    """
    from chatbot.models.catalog import open_model

    store = HotelStore.load(hotels or settings().hotels)
    verdicts = measure(open_model(model), store, held_out_turns(store.hotels, n), progress)
    return {"model": model, **measured(verdicts)}


def as_table(found: dict[str, Any]) -> str:
    """The figures of `measured` as lines for a terminal."""
    lines = []
    for title in ("kinds", "phenomena"):
        lines.append(f"{title:16} {'n':>5}" + "".join(f"  {row:22}" for row in ROWS))
        entries = found[title] | ({"search or not": found["search"]} if title == "kinds" else {})
        lines += [_line(name, entry) for name, entry in sorted(entries.items(), key=lambda pair: -pair[1]["n"])]
        lines.append("")
    return "\n".join(line.rstrip() for line in lines).rstrip()


def _line(name: str, entry: dict[str, Any]) -> str:
    cells = [
        f"{entry[row]['share']:.3f} [{entry[row]['interval'][0]:.3f}, {entry[row]['interval'][1]:.3f}]" for row in ROWS
    ]
    return f"{name:16} {entry['n']:5}" + "".join(f"  {cell:22}" for cell in cells)
