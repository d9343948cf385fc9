"""Names of hotels in an act line, settled: as whole as the words say them, and the hotel asked about is the one that is named."""

import re
from collections.abc import Sequence

from chatbot.understanding.normalise import model_words
from chatbot.understanding.turn_act import QUESTIONS, Item, TurnAct

_HOUSE = r"(?:酒店|宾馆|饭店|旅馆|客栈|公寓|大厦|度假村|山庄|招待所|旅舍)"
_REST = re.compile(
    rf"(?:(?!的|附近|旁|周边|对面|这|那|家|有|在|吗|呢|和|跟)[\u4e00-\u9fffA-Za-z0-9·]){{0,5}}?{_HOUSE}(?![的]?(?:附近|旁|周边))"
)
"""What may stand between a copied beginning of a name and the house that ends it."""
_ENDED = re.compile(r"(?:酒店|宾馆|饭店|旅馆|客栈|招待所|旅舍)$")
"""Where a name is whole: after a building (海航大厦) a house may still follow (万豪酒店)."""
_BRANCH = re.compile(r"\([^()]{2,24}\)")
_OPEN_BRANCH = re.compile(r"[^()]{0,24}\)")
_CHOSEN = re.compile(r"住|订|定|选|book|stay|take", re.I)
_INTRODUCED = r"(?:我叫|我姓|姓名|联系人|名字|\bmy name(?: is|'s))[是叫:：\s]*"
_CHANGES_NOTHING = (*QUESTIONS, "#", "?")
ASKING = ("ask_field", "ask_has")
"""Acts that ask of a hotel."""
_WISHING = ("request", "refine", "replace")
SHORTEST = 4
"""Characters of a name that can only mean the hotel shown, and not its whole chain."""


def settled(act: TurnAct, shown: Sequence[str], words: str) -> TurnAct:
    """The act line with each copied name made whole, or as a pointer at the hotel shown that the words name.

    Going back to a hotel shown changes no wish (docs/semantics.md), so such a line looks nothing up.

    Args:
        shown: names of the hotels in hand.
        words: the utterance, normalised.
    """
    items = [Item("name=", whole_name(i.value, words)) if i.op == "name=" else i for i in act.items]
    names = [item for item in items if item.op == "name="]
    others = [item for item in items if item.op != "name="]
    if not names and act.act in ASKING:
        return TurnAct(act.act, tuple(_pointing(others, shown, words)))
    at = _among(names[0].value, shown, words) if len(names) == 1 else None
    if at is None or any(item.op not in _CHANGES_NOTHING for item in others):
        return TurnAct(act.act, tuple(items))
    kind = _asking(others, words) if act.act == "by_name" else act.act
    return TurnAct(kind, (*others, Item("#", str(at + 1))))


def asked_by_name(act: TurnAct, named: str, shown: Sequence[str]) -> TurnAct:
    """The line as a look-up of the hotel that the words name, where it asks one of those shown and none of them bears the name.

    Args:
        named: the hotel of the database that the words name, as it stands there; "" for none.
        shown: names of the hotels in hand.
    """
    if len(named) < SHORTEST or act.act not in ASKING or act.has("name="):
        return act
    if any(_overlaps(_core(name), _core(named)) for name in shown):
        return act
    asked = tuple(item for item in act.items if item.op in QUESTIONS)
    return TurnAct("by_name", (Item("name=", named), *asked)) if asked else act


def unheard_name(act: TurnAct, shown: Sequence[str], words: str) -> str:
    """The whole name of the one hotel shown that the words name and a line of wishes has no place for; "" for none."""
    heard = act.has("name=", "!name=", "near=", "#", "!#")
    named = named_whole(shown, words) if act.act in _WISHING and not heard else []
    return model_words(shown[named[0]]) if len(named) == 1 else ""


def guests_name(act: TurnAct, words: str) -> str:
    """A name that the line looks up and that is the guest's own: 下单吧，我叫王强; "" where there is none."""
    found = (name for name in act.values("name=") if re.search(_INTRODUCED + re.escape(name), words, re.I))
    return next(found, "")


def named_whole(shown: Sequence[str], words: str) -> list[int]:
    """Positions of the hotels shown whose whole names stand in the words; of a name within another the longer one alone."""
    said, names = words.lower(), [model_words(name).lower() for name in shown]
    found = {name for name in names if name and name in said}
    longest = {name for name in found if not any(name != other and name in other for other in found)}
    return [at for at, name in enumerate(names) if name in longest]


def whole_name(value: str, words: str) -> str:
    """康莱 → 康莱德酒店 where the words go on so; the branch in brackets belongs to the name."""
    at = words.find(value)
    if at < 0:
        return value
    end = at + len(value)
    if value.count("(") > value.count(")"):
        rest = _OPEN_BRANCH.match(words, end)
        return value + rest[0] if rest else value
    rest = None if _ENDED.search(value) else _REST.match(words, end)
    end = rest.end() if rest else end
    branch = _BRANCH.match(words, end)
    return words[at : branch.end() if branch else end]


def _pointing(items: Sequence[Item], shown: Sequence[str], words: str) -> list[Item]:
    """The items of a question; one that points at a single hotel points at the one whose whole name is said, if one is."""
    named = named_whole(shown, words)
    points = [item for item in items if item.op == "#"]
    if len(named) != 1 or len(points) != 1 or points[0].value == "all":
        return list(items)
    return [Item("#", str(named[0] + 1)) if item.op == "#" else item for item in items]


def _among(value: str, shown: Sequence[str], words: str) -> int | None:
    """The position of the one hotel shown whose name, its branch aside, stands in the words and holds the value."""
    names = [model_words(name) for name in shown]
    whole = [at for at, name in enumerate(names) if name in words and value in name]
    cores = [_core(name) for name in names]
    found = whole or [
        at for at, core in enumerate(cores) if len(core) >= SHORTEST and core in words and _overlaps(core, value)
    ]
    return found[0] if len(found) == 1 else None


def _core(name: str) -> str:
    """A name without its branch and city."""
    return model_words(name).split("(", maxsplit=1)[0].removeprefix("北京")


def _overlaps(core: str, value: str) -> bool:
    return core in value or value in core


def _asking(others: Sequence[Item], words: str) -> str:
    """The act of a line that points where it would have looked up."""
    ops = {item.op for item in others}
    return (
        "ask_has" if "has:" in ops else "ask_field" if "ask:" in ops else "book" if _CHOSEN.search(words) else "refine"
    )
