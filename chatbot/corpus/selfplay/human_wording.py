"""People's own words for training: CrossWOZ utterance templates and an earlier lab's hotel dialogues (downloaded, never shipped).

Templates: ConvLab-2's `user_utterance_templates.json` from CrossWOZ train (Apache-2.0): dialogue acts → utterances with `[Inform+酒店+价格]` marks.
Dialogues: agiclass/demo-hotel (Unlicense): turns with a cumulative query (`dsl`) and the hotels that were offered.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError, QueryError
from chatbot.core.messages import Conversation, Message, call, reply, user
from chatbot.corpus.crosswoz.reground import FIELDS
from chatbot.corpus.selfplay import replies as r
from chatbot.hotels.query import SEARCH_HOTELS, HotelQuery
from chatbot.hotels.store import HotelStore

_MARK = re.compile(r"\[(Inform|Request)\+酒店\+([^\]+]+)(?:\+是)?\d?\]")
_WISH_ACTS = {
    "Inform+酒店+价格": "price",
    "Inform+酒店+评分": "rating",
    "Inform+酒店+酒店类型": "type",
    "Inform+酒店+酒店设施+是": "facilities",
}
_SILENT_ACTS = {"Request+酒店+名称", "General+greet+none", "General+thank+none"}
_NAME_ACT = "Inform+酒店+名称"
_NAME_MARK = f"[{_NAME_ACT}]"
_TOPICS = {slot: field for slot, field in FIELDS.items() if field not in ("facilities", "name")}
_DSL = {"type": "type", "facilities": "facilities", "name": "name"} | {
    f"{field}.range.{end}": f"{field}_range_{name}"
    for field in ("price", "rating")
    for end, name in (("low", "lower"), ("high", "upper"))
}


@dataclass(frozen=True)
class HumanWording:
    """Templates by use.

    Attributes:
        wishes: (kinds in any order, template) for turns that inform constraints.
        questions: (topics, template) that ask for one or two facts of the hotel in hand.
        named: the same of a hotel by its name, which stands for `{x}`.
        thanks: thanks and closings.
    """

    wishes: tuple[tuple[tuple[str, ...], str], ...]
    questions: tuple[tuple[tuple[str, ...], str], ...]
    named: tuple[tuple[tuple[str, ...], str], ...]
    thanks: tuple[str, ...]

    @classmethod
    def load(cls, path: Path) -> "HumanWording":
        """Read ConvLab-2's user templates.

        Raises:
            InputError: the file is not a JSON object of lists.
        """
        table = _json(path, dict)
        wishes: list[tuple[tuple[str, ...], str]] = []
        questions: list[tuple[tuple[str, ...], str]] = []
        named: list[tuple[tuple[str, ...], str]] = []
        for key, texts in table.items():
            acts = key.split("*")
            kinds = tuple(_WISH_ACTS[a] for a in acts if a in _WISH_ACTS)
            if kinds and all(a in _WISH_ACTS or a in _SILENT_ACTS for a in acts):
                wishes += [(kinds, text) for text in texts if len(_MARK.findall(text)) == len(kinds)]
            topics = tuple(_TOPICS.get(a.removeprefix("Request+酒店+"), "") for a in acts if a != _NAME_ACT)
            if 0 < len(topics) <= 2 and all(topics):
                short = [text for text in texts if not set("({") & set(text) and len(text) < 60]
                questions += [(topics, text) for text in short if _NAME_ACT not in acts]
                named += [
                    (topics, text.replace(_NAME_MARK, "{x}"))
                    for text in short
                    if acts.count(_NAME_ACT) == text.count(_NAME_MARK) == 1
                ]
        return cls(tuple(wishes), tuple(questions), tuple(named), tuple(table.get("General+thank+none", ())))

    def fill(self, template: str, texts: dict[str, list[str]]) -> str:
        """Put wordings by kind into a template; several facilities are used in order."""
        left = {kind: list(values) for kind, values in texts.items()}
        kinds = {"价格": "price", "评分": "rating", "酒店类型": "type", "酒店设施": "facilities"}
        return _MARK.sub(lambda m: left[kinds[m[2]]].pop(0), template)


def _json(path: Path, kind: type) -> Any:
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("corpus.no_json", value=error, path=path) from error
    if not isinstance(found, kind):
        raise InputError("corpus.json_kind", path=path, kind=kind.__name__)
    return found


def hotel_dialogues(path: Path, store: HotelStore, seed: int | str = 0) -> Iterator[Conversation]:
    """demo-hotel dialogues with every query replayed on `store`.

    A reply that names other hotels than the replay finds is written anew from the records; from a turn
    that changes nothing on, a dialogue is cut (its reply cannot be checked).
    """
    for number, turns in enumerate(_json(path, list)):
        rng = random.Random(f"{seed}-{number}")
        messages = list(_replay(turns, store, rng))
        if messages:
            name = f"demo-hotel-{number}"
            yield Conversation(id=name, source=name, tools=[SEARCH_HOTELS], messages=messages)


def _replay(turns: list[dict[str, Any]], store: HotelStore, rng: random.Random) -> Iterator[Message]:
    state: dict[str, Any] = {}
    for turn, after in zip(turns[::2], turns[1::2], strict=False):
        try:
            query = HotelQuery.parse(_arguments(turn.get("dsl") or {}, state))
        except QueryError:
            return
        if turn["role"] != "usr" or query.arguments() == state or not query.arguments():
            return
        state = query.arguments()
        found = store.search(query).strict()
        records = found.records
        yield user(turn["content"])
        yield call(state)
        yield found.message()
        yield reply(_grounded(after["content"], records, turn.get("hotels") or [], rng))


def _arguments(dsl: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """The turn's query; facilities add up over turns, because the call carries the whole state."""
    out = {_DSL[key]: value for key, value in dsl.items() if key in _DSL}
    if "facilities" in out:
        earlier = state.get("facilities", [])
        out["facilities"] = [*earlier, *(f for f in out["facilities"] if f not in earlier)]
    return out


def _grounded(text: str, records: list[dict[str, Any]], offered: list[str], rng: random.Random) -> str:
    names = [record["name"] for record in records]
    if (
        offered
        and set(offered) <= set(names)
        and not re.search(r"\d", re.sub("|".join(map(re.escape, names)), "", text))
    ):
        return text
    if not names:
        return rng.choice(r.NOTHING)
    return rng.choice(
        (
            "为您推荐{}。",
            "推荐您去{}。",
            "您可以看看{}。",
            "{}符合您的要求。",
            "{}都不错。" if len(names) > 1 else "{}不错。",
        )
    ).format("、".join(names))
