"""Turns made of the bank: a state that stands, hotels that were shown, an utterance, and the act line that is right for it."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from chatbot.corpus.phrasebank import values as v
from chatbot.corpus.phrasebank.asked_along import asked_along
from chatbot.corpus.phrasebank.bank import FORMS, Bank, Row
from chatbot.corpus.phrasebank.contrasts import contrast
from chatbot.corpus.phrasebank.lists import compact_list, english_list, wish_list
from chatbot.corpus.phrasebank.marks import SHORT, Filled, fill_marks, wish_item
from chatbot.corpus.phrasebank.mixed import mixed_frame, unknown_part
from chatbot.corpus.phrasebank.shapes import ASKED_OF_HOTELS, ONLY_POINTS, QUESTIONS, SHAPES
from chatbot.corpus.phrasebank.states import random_state, shown_names, stand_for
from chatbot.hotels.facilities import FACILITIES
from chatbot.understanding.dialogue_state import State
from chatbot.understanding.normalise import model_words
from chatbot.understanding.turn_act import COPIED, NUMERIC, Item, TurnAct, facility_value

AFTER_RESULTS = {
    *("ask_field", "ask_has", "compare", "book", "cancel", "cheaper", "better", "more", "complaint", "affirm", "deny"),
}
"""Acts that speak of hotels already shown."""
SHARES = {
    "frame": 0.30,
    "list": 0.14,
    "wording": 0.24,
    "unknown": 0.16,
    "mixed": 0.05,
    "contrast": 0.04,
    "along": 0.02,
    "asks": 0.05,
}
"""What is measured: how many turns are frames of the bank, lists of several wishes in one breath, one facility's wording, one unknown wish, one beside others,
two things against each other, a wish with a question about what it finds, one question."""
OFTEN = {"by_name": 5, "book": 2, "off_topic": 2.5, "unsupported": 3, "attack": 1.5}
"""Acts that come more often than their frames are many: names and their ends are learnt from examples, not from frames."""
ONLY_POINTS_SHARE = 0.12
"""How many of the questions of the bank's own only point at a hotel."""
WORDED_SHARE = 0.5
"""How many others are made of a noun or predicate phrase instead of one of the bank's questions."""
COMPACT_SHARE = 0.3
"""How many lists are said in as few words as may be."""
SHORTEST = {"zh": 4, "en": 12}
"""How many characters a wording has at most that may stand in such a list."""
ENGLISH_SHARE = 0.12
"""How many lists are English."""
PLAIN_SHARE = 0.12
"""How many noun phrases are the database's own names."""
NAMED_SHARE = 0.2
"""How many questions are about a hotel that was not shown, or about the only one."""
LOOKED_UP = 0.5
"""How often a hotel is looked up by its name while others are shown."""
PREVIOUS = re.compile(
    r"上一|上页|上批|前一|前页|前面那[批页]|翻回|退回|回到|倒回|前头|回[上前]|previous|go back|page back|earlier", re.I
)
RATED = re.compile(r"评|(?<![十部充])分(?!钱|货)|口碑|\brat(e|ed|ings?)\b|review|score|\bstars?\b", re.I)
_ANY_PLACE = {"district", "subway", "sight"}
_FORMS_BY_NEED = (*FORMS, "need", "need")
"""Needs come oftenest: of all forms they have the most different lines."""


@dataclass(frozen=True)
class Turn:
    """One training example of understanding.

    Attributes:
        before: the dialogue state that stands.
        shown: names of the hotels shown last.
        words: the utterance, normalised.
        act: what it does.
        kind: what it is an example of, for figures: an act, or a facility form, or "unknown".
    """

    before: State
    shown: tuple[str, ...]
    words: str
    act: TurnAct
    kind: str

    @property
    def copies(self) -> bool:
        """Whether all that the act line repeats stands in the words, as the decoder will demand it."""
        said = self.words.lower()
        texts = [i.value.lower() for i in self.act.items if i.op in COPIED]
        numbers = [n for i in self.act.items if i.op in NUMERIC for n in i.value.split("..")]
        return all(text in said for text in texts) and all(number in said for number in numbers)

    def as_said(self) -> "Turn":
        """The same turn, what its act line repeats written as the words have it: xidan for Xidan."""
        items = tuple(self._as_said(item) for item in self.act.items)
        return replace(self, act=TurnAct(self.act.act, items))

    def _as_said(self, item: Item) -> Item:
        at = self.words.lower().find(item.value.lower()) if item.op in COPIED and item.value else -1
        return item if at < 0 else Item(item.op, self.words[at : at + len(item.value)])


@dataclass(frozen=True)
class TurnMaker:
    """Draws turns from a bank, endlessly."""

    bank: Bank
    names: v.Names

    @cached_property
    def by_act(self) -> dict[str, list[Row]]:
        """Frames by act."""
        out: dict[str, list[Row]] = {}
        for row in self.bank.frames:
            out.setdefault(row["act"], []).append(row)
        return out

    @cached_property
    def by_form(self) -> dict[tuple[str, str], list[Row]]:
        """Facility wordings and unknown wishes by (form, language); wishes are those without a facility."""
        out: dict[tuple[str, str], list[Row]] = {}
        for row in (*self.bank.wordings, *self.bank.wishes):
            if "{" in row["text"] and row["form"] != "ask":
                continue
            kind = row["form"] if "facility" in row else f"wish-{row['form']}"
            out.setdefault((kind, row["lang"]), []).append(row)
            if row["form"] in ("np", "vp") and len(row["text"]) <= SHORTEST[row["lang"]]:
                out.setdefault((kind.removesuffix(row["form"]) + SHORT, row["lang"]), []).append(row)
        return out

    def wording(self, form: str, lang: str, rng: random.Random) -> Row:
        """A facility's wording of a form, a noun now and then the database's own name; Chinese where a language has none."""
        if form == "np" and lang == "zh" and rng.random() < PLAIN_SHARE:
            name = rng.choice(FACILITIES)
            return {"facility": name, "form": form, "text": name, "lang": lang}
        return rng.choice(self.by_form.get((form, lang)) or self.by_form[form, "zh"])

    def turns(self, rng: random.Random, shares: dict[str, float] = SHARES) -> Iterator[Turn]:
        """Turns without end, of these kinds; those whose act line repeats what the words do not hold are left out."""
        acts = sorted(self.by_act)
        weights = [len(self.by_act[act]) ** 0.7 * OFTEN.get(act, 1) for act in acts]
        while True:
            kind = rng.choices(list(shares), list(shares.values()))[0]
            if kind == "frame":
                turn = self.from_frame(rng.choice(self.by_act[rng.choices(acts, weights)[0]]), rng)
            elif kind == "list":
                turn = self.from_frame(_list(rng), rng)
            elif kind == "asks":
                turn = self.asks_has(rng)
            elif kind == "mixed" and self.bank.wishes:
                turn = self.with_unknown(rng)
            elif kind == "contrast":
                turn = replace(self.from_frame(contrast(_language(rng), rng), rng), kind="contrast")
            elif kind == "along":
                turn = replace(self.from_frame(asked_along(_language(rng), rng), rng), kind="along")
            else:
                turn = self.from_wording(rng, unknown=kind == "unknown" and bool(self.bank.wishes))
            if turn.copies:
                yield turn.as_said()

    def from_frame(self, row: Row, rng: random.Random) -> Turn:
        """A frame with its marks filled, in a state that fits it."""
        only_asks = row["act"] in ("ask_field", "ask_has") and not (row["set"] or row["drop"])
        if only_asks and row["text"].count("{which") == 1 and rng.random() < NAMED_SHARE:
            return self._of_a_named_hotel(row, [], rng)
        if set(row["drop"]) >= _ANY_PLACE:  # 地点随便: of the places, those that stand are given up
            kept = rng.sample(sorted(_ANY_PLACE), rng.choice((1, 1, 1, 2)))
            row = row | {"drop": [what for what in row["drop"] if what not in _ANY_PLACE or what in kept]}
        before, shown = self._scene(row["act"], rng, points="{which" in row["text"])
        filled = fill_marks(row, self, before, shown, rng)
        before = stand_for(row, filled, before, self, rng)
        items = [*filled.items, *_implied(row, filled)]
        act = "by_name" if row["act"] in ("ask_field", "ask_has") and "name" in row["set"] else row["act"]
        if act in ("request", "refine") and items and all(item.op == "?" for item in items):
            act = "unsupported"
        return Turn(before, shown, _said(filled.text, row["lang"], rng), TurnAct(act, tuple(items)), row["act"])

    def from_wording(self, rng: random.Random, *, unknown: bool = False) -> Turn:
        """A facility's wording (or an unknown wish) in a short sentence, at the start or later."""
        form, lang = rng.choice(_FORMS_BY_NEED), "en" if rng.random() < 0.15 else "zh"
        row = self.wording(f"wish-{form}" if unknown else form, lang, rng)
        later = rng.random() < 0.45
        before, shown = self._scene("refine", rng) if later else ({}, ())
        item = wish_item(row) if unknown else Item("+", facility_value(row["facility"]))
        shapes = SHAPES[row["lang"]][form]
        shape = rng.choice([shape for shape in shapes if not (shown and shape == ASKED_OF_HOTELS)])
        act = "unsupported" if unknown else "refine" if before else "request"
        words = _said(shape.replace("{}", row["text"]), row["lang"], rng)
        return Turn(before, shown, words, TurnAct(act, (item,)), "unknown" if unknown else form)

    def with_unknown(self, rng: random.Random) -> Turn:
        """One or two unknown wishes, mostly as questions, in one breath with others."""
        lang = "en" if rng.random() < 0.2 else "zh"
        wishes = [
            self.wording(f"wish-{rng.choice(_FORMS_BY_NEED)}", lang, rng) for _ in range(rng.choice((1, 1, 1, 2)))
        ]
        turn = self.from_frame(mixed_frame([unknown_part(wish, rng) for wish in wishes], lang, rng), rng)
        items = (*turn.act.items, *map(wish_item, wishes))
        act = "unsupported" if all(item.op == "?" for item in items) else turn.act.act
        return replace(turn, act=TurnAct(act, items), kind="mixed")

    def asks_has(self, rng: random.Random) -> Turn:
        """Whether a hotel shown has a facility, in the bank's own questions."""
        lang = "en" if rng.random() < 0.15 else "zh"
        if rng.random() < ONLY_POINTS_SHARE:
            text = rng.choice(ONLY_POINTS[lang])
            return self.from_frame({"act": "ask_field", "text": text, "set": [], "drop": [], "lang": lang}, rng)
        row = self.wording("ask", lang, rng)
        if rng.random() < WORDED_SHARE:
            form = rng.choice(("np", "vp"))
            row = self.wording(form, lang, rng)
            row = row | {"form": "ask", "text": rng.choice(QUESTIONS[row["lang"]][form]).format(row["text"])}
        if rng.random() < NAMED_SHARE:
            return self._of_a_named_hotel(row, [Item("has:", facility_value(row["facility"]))], rng)
        before, shown = self._scene("ask_has", rng)
        if row["text"].startswith("{which}") and lang == "zh" and rng.random() < NAMED_SHARE:
            return self._of_the_only_hotel(row, rng)
        filled = fill_marks(row | {"act": "ask_has", "set": [], "drop": []}, self, before, shown, rng)
        items = (Item("has:", facility_value(row["facility"])), *filled.items)
        return Turn(before, shown, _said(filled.text, row["lang"], rng), TurnAct("ask_has", items), "ask")

    def _of_a_named_hotel(self, row: Row, asked: list[Item], rng: random.Random) -> Turn:
        """A question about a hotel that was not shown: it is looked up by its name, and the question answered."""
        name = v.asked_name(self.names, rng)
        plain = row | {
            "text": row["text"].replace("{which}", name),
            "act": row.get("act", "ask_has"),
            "set": [],
            "drop": [],
        }
        filled = fill_marks(plain, self, {}, (), rng)
        before, shown = self._scene("refine", rng) if rng.random() < 0.3 else ({}, ())
        items = (
            Item("name=", model_words(name)),
            *asked,
            *(i for i in filled.items if i.op not in ("#", "has:") or not asked),
        )
        return Turn(before, shown, _said(filled.text, row["lang"], rng), TurnAct("by_name", items), "by_name")

    def _of_the_only_hotel(self, row: Row, rng: random.Random) -> Turn:
        """有麻将吗, where one hotel was looked up: a question about it, not a wish."""
        name = v.hotel_name(self.names, rng)
        text = row["text"].removeprefix("{which}").lstrip("的，, ")
        item = Item("has:", facility_value(row["facility"]))
        words = _said(text, row["lang"], rng)
        return Turn({"name": v.short_name(name, rng)}, (name,), words, TurnAct("ask_has", (item,)), "ask")

    def _scene(self, act: str, rng: random.Random, *, points: bool = False) -> tuple[State, tuple[str, ...]]:
        """What stands before a turn of this kind: a state, and hotels shown, which one that points at them needs most times."""
        if act in ("request", "hello") and rng.random() < 0.9:
            return {}, ()
        seen = act in AFTER_RESULTS or rng.random() < (0.85 if points else LOOKED_UP if act == "by_name" else 0.22)
        shown = shown_names(self.names, rng) if seen else ()
        return random_state(self, rng), shown


def _language(rng: random.Random) -> str:
    return "en" if rng.random() < ENGLISH_SHARE else "zh"


def _list(rng: random.Random) -> Row:
    """A frame that lists several wishes."""
    if rng.random() < COMPACT_SHARE:
        return compact_list(rng)
    return english_list(rng) if _language(rng) == "en" else wish_list(rng)


def _implied(row: Row, filled: Filled) -> list[Item]:
    """What an act does without a mark: a class up, the order of ratings, the page before."""
    kinds = {item.op for item in filled.items}
    if row["act"] == "more" and not row["set"] and PREVIOUS.search(row["text"]):
        return [Item("prev")]
    if row["act"] != "better" or kinds & {"type=", "price>=", "price<=", "price=", "rating>=", "sort="}:
        return []
    return [Item("sort=", "rating_desc") if RATED.search(row["text"]) else Item("up")]


def _said(text: str, lang: str, rng: random.Random) -> str:
    """The words as they arrive: sometimes without punctuation, as by voice, or with a slip of a key."""
    text = " ".join(text.replace("的的", "的").split())
    roll = rng.random()
    if lang == "zh" and roll < 0.06:
        text = re.sub(r"[，。？！、]", "", text)
    elif roll < 0.15:
        text = text.rstrip("。.！!？?")
    elif lang == "en" and roll < 0.3:
        text = text.lower()
    return model_words(text)
