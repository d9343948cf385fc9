"""Turns in people's own words: CrossWOZ's utterances with their values taken out (ConvLab-2), and hotel dialogues with their queries.

Neither file ships with the project; `hotel-mini --templates … --dialogues …` takes them where they are at hand.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chatbot.corpus.phrasebank.states import shown_names
from chatbot.corpus.phrasebank.turns import Turn, TurnMaker
from chatbot.corpus.phrasebank.values import asked_name, called
from chatbot.hotels.facilities import FACILITIES
from chatbot.hotels.query import HOTEL_TYPES
from chatbot.understanding.derive_act import derive_act
from chatbot.understanding.dialogue_state import State
from chatbot.understanding.normalise import model_words
from chatbot.understanding.turn_act import Item, TurnAct

_PLACEHOLDER = re.compile(r"\[(\w+)\+酒店\+([\u4e00-\u9fff]+)(?:\+[是否]?)?(\d?)\]")
_FIELDS = {
    "电话": "phone", "地址": "address", "价格": "price", "评分": "rating", "地铁": "subway", "酒店类型": "type",
    "周边景点": "nearby_attractions", "周边餐馆": "nearby_restaurants",
}  # fmt: skip
_GENERAL = {"thank": "thanks", "bye": "bye", "greet": "hello"}
_PRICES = ("100-200", "200-300", "300-400", "400-500", "500-600", "600-700", "700-800", "800-900", "900-1000")
CHOSEN_SHARE = 0.6
"""How many of those who name a hotel choose one that was shown; the others look one up."""
_OTHER_DOMAIN = re.compile(r"Select|餐馆\+|景点\+|地铁\+|出租\+")
_DSL = {
    "price.range.low": "price_range_lower", "price.range.high": "price_range_upper", "rating.range.low": "rating_range_lower",
    "rating.range.high": "rating_range_upper", "type": "type", "name": "name", "facilities": "facilities",
}  # fmt: skip


def template_turns(path: Path, maker: TurnMaker, rng: random.Random) -> Iterator[Turn]:
    """Turns without end out of ConvLab-2's user_utterance_templates.json: {dialogue act: [utterance with placeholders]}."""
    table = json.loads(Path(path).read_text(encoding="utf-8"))
    rows = [(key, text) for key, texts in table.items() if not _OTHER_DOMAIN.search(key) for text in texts]
    while True:
        key, text = rng.choice(rows)
        turn = _from_template(key, text, maker, rng)
        if turn is not None and turn.copies and "[" not in turn.words:
            yield turn


def _from_template(key: str, text: str, maker: TurnMaker, rng: random.Random) -> Turn | None:
    acts = [part.split("+") for part in key.split("*")]
    items: list[Item] = []
    chosen = shown_names(maker.names, rng) if "+酒店+名称]" in text and rng.random() < CHOSEN_SHARE else ()

    def fill(found: re.Match[str]) -> str:
        value, item = _chosen(chosen, rng) if chosen and found[2] == "名称" else _value(found[1], found[2], maker, rng)
        items.extend([item] if item else [])
        return value

    words = model_words(_PLACEHOLDER.sub(fill, text))
    asked = [Item("ask:", _FIELDS[slot]) for intent, _, slot, *_ in acts if intent == "Request" and slot in _FIELDS]
    asked = [item for item in dict.fromkeys(asked) if item.value != "type"]
    pointers = [item for item in items if item.op == "#"]
    items = [item for item in dict.fromkeys(items) if item.op != "#"]
    general = [_GENERAL[slot] for intent, slot, *_ in acts if intent == "General" and slot in _GENERAL]
    act = _kind(items, asked, general) or ("book" if chosen else None)
    if act is None or sum(item.op == "name=" for item in items) > 1:
        return None
    later = bool(chosen) or act in ("ask_field", "ask_has", "thanks", "bye") or rng.random() < 0.3
    before = _plain_state(rng) if later and act != "by_name" else {}
    shown = chosen or (shown_names(maker.names, rng) if later else ())
    if act == "request" and before:
        act = "refine"
    return Turn(before, shown, words, TurnAct(act, (*items, *asked, *dict.fromkeys(pointers))), "people")


def _chosen(shown: tuple[str, ...], rng: random.Random) -> tuple[str, Item]:
    """A hotel shown, by its name: what is asked with it is asked of that one, and nothing is looked up."""
    at = rng.randrange(len(shown))
    return called(shown[at], rng), Item("#", str(at + 1))


def _kind(items: list[Item], asked: list[Item], general: list[str]) -> str | None:
    ops = {item.op for item in items}
    if "name=" in ops:
        return "by_name"
    if ops - {"has:"}:
        return "request"
    if "has:" in ops:
        return "ask_has"
    if asked:
        return "ask_field"
    return general[-1] if general else None


def _value(intent: str, slot: str, maker: TurnMaker, rng: random.Random) -> tuple[str, Item | None]:
    """What stands for a placeholder, and what it does."""
    if slot == "酒店设施":
        name = rng.choice(FACILITIES)
        return name, Item("has:" if intent == "Request" else "+", name)
    if slot == "酒店类型":
        kind = rng.choice(HOTEL_TYPES)
        return kind, Item("type=", kind)
    if slot == "价格":
        if rng.random() < 0.12:
            return "1000元以上", Item("price>=", "1000")
        band = rng.choice(_PRICES)
        return f"{band}元", Item("price=", band.replace("-", ".."))
    if slot == "评分":
        rating = rng.choice(("4", "4.5", "4", "4.5", "3.5", "4.8"))
        return f"{rating}分以上", Item("rating>=", rating)
    if slot == "名称":
        name = asked_name(maker.names, rng)
        return name, Item("name=", model_words(name))
    return "", None


def _plain_state(rng: random.Random) -> State:
    state: State = {"type": rng.choice(HOTEL_TYPES)} if rng.random() < 0.5 else {}
    if rng.random() < 0.5 or not state:
        low, high = rng.choice(_PRICES).split("-")
        state |= {"price_range_lower": int(low), "price_range_upper": int(high)}
    return state | ({"facilities": [rng.choice(FACILITIES)]} if rng.random() < 0.4 else {})


def recorded_turns(path: Path) -> list[Turn]:
    """The searching turns of demo-hotel's hotel_dialogues.json: [[{"content", "role", "dsl": query after the turn}]]."""
    out = []
    for dialogue in json.loads(Path(path).read_text(encoding="utf-8")):
        state: State = {}
        shown: tuple[str, ...] = ()
        for row in dialogue:
            if row["role"] != "usr" or not row.get("dsl"):
                continue
            after, words = _state(row["dsl"]), model_words(row["content"])
            if after != state:
                turn = Turn(state, shown, words, derive_act(state, after, words), "people")
                dropped = any(item.op.startswith("-") for item in turn.act.items)
                out += [turn] if turn.copies and not dropped else []
            state, shown = after, tuple(map(str, (row.get("hotels") or ())[:3]))
    return out


def _state(query: dict[str, Any]) -> State:
    """A demo-hotel query as arguments of search_hotels."""
    state = {_DSL[key]: value for key, value in query.items() if key in _DSL and value not in (None, "", [])}
    if "facilities" in state:
        state["facilities"] = [name for name in state["facilities"] if name in FACILITIES]
    return {key: value for key, value in state.items() if value != []}
