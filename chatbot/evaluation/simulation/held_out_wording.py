"""How the simulated user talks: in lines of the phrase bank that no training has seen, joined by a few words of its own.

What stays shared is the language itself: names of types, places and hotels, and words that point at a hotel.
A line is used only where it means exactly what is to be said, which its `set`, `drop` and `field` tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from chatbot.corpus.phrasebank import values as v
from chatbot.corpus.phrasebank.bank import FORMS, Bank, Row, read_bank
from chatbot.corpus.phrasebank.marks import MARK

Part = dict[str, Any]
"""One constraint as arguments of search_hotels: a type, a price range, a rating, a place, one facility, or a name."""
CURT = 0.2
"""How often the user says its wishes barely, without a sentence around them."""
SLOTS = {"type": "type", "name": "name", "address": "district", "subway": "subway", "near": "sight"}
SHORTEST = 4
_JOIN = {
    "np": ("还要有{}", "另外要带{}", "再加{}"),
    "vp": ("还得{}", "而且{}", "另外要能{}"),
    "need": ("{}", "还有，{}"),
    "": ("{}", "另外{}", "还有，{}"),
}
_PLAIN = {"price<=hi": "{hi}以内", "price>=lo": "{lo}往上", "price=lo..hi": "{lo}到{hi}", "rating>=r": "{r}分往上"}
_FIELDS = {"phone": "电话", "address": "地址", "price": "价钱", "rating": "评分", "subway": "地铁站", "type": "档次",
           "facilities": "设施", "nearby_attractions": "周边景点", "nearby_restaurants": "周边餐馆"}  # fmt: skip
"""What no line of the bank says is said in these."""
_REPLACED, _CORRECTED = ("还是改成{}吧", "换一下，{}"), ("说错了，应该是{}", "更正一下：{}")
_DROPPED = ("{}这一条不用管了", "刚才说的{}，不要求了")
_AGAIN = ("不对，我说的是：{}", "再说一遍：{}", "听岔了吧，要的是：{}")
_AND_ASK = ("，还有，", "，顺便，", "，再就是，")


@dataclass(frozen=True)
class Words:
    """An utterance, in which form (np, vp, need) each facility was said, and the bare words of an unknown wish."""

    text: str
    forms: dict[str, str] = field(default_factory=dict)
    wish: str = ""


@dataclass(frozen=True)
class _Filled:
    """A frame and what it means here: an entry of its `set` or `drop` → the constraint."""

    row: Row
    parts: dict[str, Part]


def kind_of(part: Part) -> str:
    """What a constraint is called in a frame's `drop`: price, rating, type, fac1, a kind of place, name."""
    key = next(iter(part))
    return "fac1" if key == "facilities" else key.partition("_range_")[0] if "_range_" in key else SLOTS[key]


def _items(part: Part) -> tuple[str, ...]:
    """How a frame's `set` may write the constraint."""
    lower, upper = "price_range_lower" in part, "price_range_upper" in part
    if lower or upper:
        return ("price=lo..hi",) if lower and upper else ("price>=lo",) if lower else ("price<=hi", "price<=lo")
    return (
        ("rating>=r",)
        if "rating_range_lower" in part
        else ("fac1", "fac2")
        if "facilities" in part
        else (kind_of(part),)
    )


class HeldOutWording:
    """Draws the user's sentences from the kept part of a bank."""

    def __init__(self, rng: Random, bank: Bank | None = None) -> None:
        self.rng = rng
        bank = bank or read_bank(part="kept")
        self.frames = [row for row in bank.frames if row["lang"] == "zh"]
        self.wishes = [row for row in bank.wishes if row["lang"] == "zh" and "{" not in row["text"]]
        self._said: dict[tuple[str, str], list[str]] = {}
        for row in bank.wordings:
            if (
                row["lang"] == "zh"
                and isinstance(row["facility"], str)
                and ("{" in row["text"]) == (row["form"] == "ask")
            ):
                self._said.setdefault((row["facility"], row["form"]), []).append(row["text"])

    def tell(self, parts: Sequence[Part], *, opening: bool = False) -> Words:
        """Several wishes in one turn: barely, or in a frame that means as many of them as possible, the others joined."""
        if self.rng.random() < CURT and "name" not in parts[0]:
            return self._joined("", parts)
        act = "by_name" if "name" in parts[0] else "request" if opening else "refine"
        found = [filled for row in self._plain(act) if (filled := self._cover(row, parts))]
        if not found:
            return self._joined("", parts)
        most = max(len(filled.parts) for filled in found)
        chosen = self.rng.choice([filled for filled in found if len(filled.parts) == most])
        said = self._fill(chosen)
        rest = [part for part in parts if part not in chosen.parts.values()]
        return self._joined(said.text, rest, said.forms)

    def again(self, parts: Sequence[Part]) -> Words:
        """The same wishes once more, to a chatbot that did not follow."""
        said = self._joined("", parts)
        return Words(self.rng.choice(_AGAIN).format(said.text), said.forms)

    def changed(self, old: Part, new: Part, act: str) -> Words:
        """One wish instead of another; `act` is "replace" or "correct"."""
        found = [f for row in self.frames if row["act"] == act and (f := self._swap(row, old, new))]
        if found:
            return self._fill(self.rng.choice(found), old)
        said = self._bare(new)
        return Words(self.rng.choice(_REPLACED if act == "replace" else _CORRECTED).format(said.text), said.forms)

    def dropped(self, part: Part) -> Words:
        """A wish that does not matter any more."""
        kind = kind_of(part)
        rows = [row for row in self.frames if row["act"] == "drop" and row["drop"] == [kind] and not row["set"]]
        said = [_Filled(row, {kind: part}) for row in rows]
        found = [filled for filled in said if self._fits(filled) and not self._strange(filled.row, filled.parts)]
        if found:
            return self._fill(self.rng.choice(found))
        bare = self._bare(part)
        return Words(self.rng.choice(_DROPPED).format(bare.text), bare.forms)

    def wish(self, wish: str) -> Words:
        """A wish that no hotel record can answer, said as if it were a facility."""
        row = self.rng.choice([row for row in self.wishes if row["wish"] == wish])
        mark = row["form"] + "1"
        frames = [f for f in self._plain("refine") if f["set"] == ["fac1"] and MARK.findall(f["text"]) == [mark]]
        text = self.rng.choice(frames)["text"].replace("{" + mark + "}", row["text"]) if frames else row["text"]
        return Words(text, wish=row["text"])

    def ask(self, requests: Sequence[tuple[str, str]], hotel: str, *, focus: bool) -> str:
        """One or two questions about a hotel, which `hotel` points at; with `focus` it need not be pointed at."""
        fields = {name for name, _ in requests}
        rows = [] if "has" in fields else [row for row in self.frames if _asks(row) == fields]
        texts = [
            row["text"] for row in rows if MARK.findall(row["text"]) in ([["which"]] if not focus else [["which"], []])
        ]
        if texts:
            return str(self.rng.choice(texts)).replace("{which}", hotel)
        if len(requests) == 1:
            name, facility = requests[0]
            return self._has(facility, hotel) if name == "has" else f"{hotel}的{_FIELDS[name]}"
        first = self.ask(requests[:1], hotel, focus=focus).rstrip("？?。，")
        second = self.ask(requests[1:], self.pointer("it"), focus=True)
        return first + self.rng.choice(_AND_ASK) + second

    def pointer(self, which: str) -> str:
        """Words that point at a hotel of the list: "1" to "3", "last", or "it"."""
        return self.rng.choice(v.POINTERS["zh"][which])

    def leave(self) -> str:
        """Thanks or good-bye."""
        rows = [row for row in self.frames if row["act"] in ("bye", "thanks") and not MARK.search(row["text"])]
        return str(self.rng.choice(rows)["text"])

    def _has(self, facility: str, hotel: str) -> str:
        asked = [text for text in self._said.get((facility, "ask"), ()) if MARK.findall(text) == ["which"]]
        if asked and self.rng.random() < 0.6:
            return self.rng.choice(asked).replace("{which}", hotel)
        form = self.rng.choice([form for form in FORMS if (facility, form) in self._said])
        marks = sorted(("which", f"{form}1"))
        rows = [r for r in self.frames if r["act"] == "ask_has" and sorted(MARK.findall(r["text"])) == marks]
        shape = self.rng.choice(rows)["text"] if rows else "{which}，{" + form + "1}，行吗"
        return str(shape).replace("{which}", hotel).replace("{" + form + "1}", self._wording(facility, form))

    def _plain(self, act: str) -> list[Row]:
        """Frames of an act that do nothing but set wishes."""
        return [
            row for row in self.frames if row["act"] == act and not row["drop"] and "field" not in row and row["set"]
        ]

    def _cover(self, row: Row, parts: Sequence[Part]) -> _Filled | None:
        """The wishes that a frame means; None where it means another one as well."""
        left, taken = list(parts), {}
        for item in row["set"]:
            part = next((part for part in left if item in _items(part)), None)
            if part is None:
                return None
            left.remove(part)
            taken[item] = part
        filled = _Filled(row, taken)
        return filled if self._fits(filled) and not self._strange(row, taken) else None

    def _swap(self, row: Row, old: Part, new: Part) -> _Filled | None:
        kind, facility = kind_of(new), "facilities" in new
        if "field" in row or row["set"] not in ([["fac2"]] if facility else [[item] for item in _items(new)]):
            return None
        if row["drop"] != ["fac1"] if facility else not set(row["drop"]) <= {kind}:
            return None
        filled = _Filled(row, {row["set"][0]: new} | ({"fac1": old} if facility else {}))
        return filled if self._fits(filled) and not self._strange(row, filled.parts, old) else None

    def _fits(self, filled: _Filled) -> bool:
        """Whether every mark of the frame can be filled with what is to be said, and nothing of it is missing."""
        known = {"fac": "facilities", "pri": "price", "rat": "rating"}
        kinds = {known.get(item[:3], item) for item in filled.parts}
        numbers = {"price": {"lo", "hi"}, "rating": {"r"}}
        plain = {mark for kind in kinds for mark in numbers.get(kind, {kind})}
        facilities = {item[-1]: part["facilities"][0] for item, part in filled.parts.items() if item.startswith("fac")}
        marks = set(MARK.findall(filled.row["text"]))
        said = {mark for mark in marks if mark[:-1] in FORMS}
        sayable = all(mark[-1] in facilities and (facilities[mark[-1]], mark[:-1]) in self._said for mark in said)
        return marks - said <= plain and sayable and {m[-1] for m in said} >= facilities.keys()

    @staticmethod
    def _strange(row: Row, parts: dict[str, Part], old: Part | None = None) -> bool:
        """Whether a frame speaks of a second amount that the user has never had in mind."""
        marks = set(MARK.findall(row["text"]))
        item = next((item for item in parts if item.startswith("price")), "")
        spare = marks & {"lo", "hi"} - set(item.partition("=")[2].split(".."))
        if not item or not spare:
            return False
        before, now = (p.get("price_range_upper") for p in (old or {}, parts[item]))
        return item != "price<=hi" or not before or not now or before >= now

    def _fill(self, filled: _Filled, old: Part | None = None) -> Words:
        forms: dict[str, str] = {}
        text = str(filled.row["text"])
        for mark in MARK.findall(text):
            text = text.replace("{" + mark + "}", self._value(mark, filled, old, forms), 1)
        return Words(text.replace("的的", "的"), forms)

    def _value(self, mark: str, filled: _Filled, old: Part | None, forms: dict[str, str]) -> str:
        if mark[:-1] in FORMS:
            facility = filled.parts[f"fac{mark[-1]}"]["facilities"][0]
            forms[facility] = mark[:-1]
            return self._wording(facility, mark[:-1])
        if mark in ("lo", "hi"):
            item, part = next((item, part) for item, part in filled.parts.items() if item.startswith("price"))
            end = "upper" if mark == "hi" or item == "price<=lo" else "lower"
            bound = part.get(f"price_range_{end}")
            return self._amount(bound if bound is not None else (old or {})["price_range_upper"])
        if mark == "r":
            return f"{next(p for i, p in filled.parts.items() if i.startswith('rating'))['rating_range_lower']:g}"
        part = next(p for p in filled.parts.values() if kind_of(p) == mark)
        value = str(next(iter(part.values())))
        return self.rng.choice(v.TYPE_WORDS["zh"][value]) if mark == "type" else value

    def _amount(self, number: float) -> str:
        return v.price(int(number), self.rng, english=number >= 10_000)

    def _wording(self, facility: str, form: str) -> str:
        return self.rng.choice(self._said[facility, form])

    def _bare(self, part: Part) -> Words:
        """One wish with as little around it as people say."""
        if "facilities" in part:
            facility = part["facilities"][0]
            form = self.rng.choice([form for form in FORMS if (facility, form) in self._said])
            return Words(self._wording(facility, form), {facility: form})
        if "type" in part:
            return Words(self.rng.choice(v.TYPE_WORDS["zh"][part["type"]]))
        found = [f for act in ("request", "refine") for row in self._plain(act) if (f := self._cover(row, [part]))]
        if found:
            found.sort(key=lambda filled: len(filled.row["text"]))
            return self._fill(self.rng.choice(found[:SHORTEST]))
        item = _items(part)[0]
        shape = _PLAIN.get(item, "{" + item + "}")
        return self._fill(_Filled({"text": shape, "set": [item], "drop": []}, {item: part}))

    def _joined(self, text: str, parts: Sequence[Part], forms: dict[str, str] | None = None) -> Words:
        """Wishes said barely after a sentence, or alone."""
        forms, pieces = dict(forms or {}), [text.rstrip("。，！!,.")] if text else []
        for part in parts:
            said = self._bare(part)
            form = next(iter(said.forms.values()), "")
            pieces.append(self.rng.choice(_JOIN[form]).format(said.text) if pieces else said.text)
            forms |= said.forms
        return Words("，".join(pieces), forms)


def _asks(row: Row) -> set[str]:
    """The fields that a question is for; nothing where it does anything else as well."""
    return set(row.get("fields") or [row["field"]]) if row["act"] == "ask_field" and "field2" not in row else set()


def wish_names(bank: Bank | None = None) -> list[str]:
    """The names of the unknown wishes that the kept part of a bank can say."""
    rows = (bank or read_bank(part="kept")).wishes
    return sorted({row["wish"] for row in rows if row["lang"] == "zh" and "{" not in row["text"]})
