"""What a dialogue allows an act line to hold: values copied from the words, and only what stands is given up."""

import copy
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from chatbot.core.messages import Message, last_user_index
from chatbot.models.families.act_tokens import ACT_TOKENS, END, OP_TOKENS, OR, mark, values_of
from chatbot.understanding.amounts import Amount, amounts
from chatbot.understanding.dialogue_state import State
from chatbot.understanding.history import Context, context_of
from chatbot.understanding.named_hotels import named_whole
from chatbot.understanding.normalise import model_words
from chatbot.understanding.place_mentions import KINDS, place_mentions
from chatbot.understanding.turn_act import (
    ADD,
    BARE,
    COPIED,
    DROP,
    EXCLUDE,
    GROUPS,
    HOTELS,
    NUMERIC,
    OPERATORS,
    VALUED,
    Item,
    facility_value,
    numbered,
)

_LATIN = re.compile(r"[A-Za-z]{2}")
_PUNCTUATION = re.compile(r"[,，。;；!！?？、…]")
"""What no name of a hotel or a place goes across."""
_OTHER_UNIT = r"平?米|公里|平方|㎡|岁|分钟|小时|层|号楼|路公交|(?:km|m|minutes?|mins?|years? old)\b"
_NUMBER = re.compile(rf"(?<![\d.])\d+(?:\.\d+)?(?![\d.]*\d)(?! *(?:{_OTHER_UNIT}))")
"""A number that may be a price or a rating: no length, age, duration or storey."""
_OF_ONE = ("ask_field", "ask_has", "book")
"""Acts about a hotel: where the words name one that was shown, it is that one."""
_REPEATED = (ADD, DROP, EXCLUDE, "!type=", "!name=", "ask:", "has:", "?", "#", "!#")
"""Operators that may begin more than one item of a line."""
PLACE_OPS = tuple(f"{kind}=" for kind in KINDS)
MOST_NUMBERS = 24
"""Numbers of an utterance that can become values; ranges are pairs of them, and thousands would stall the machine."""
_STANDING = {"-type": ("type",), "-price": ("price_range_lower", "price_range_upper"), "-sort": ("sort_by",),
             "-rating": ("rating_range_lower", "rating_range_upper"), "-facilities": ("facilities",), "-exclude": ("exclude",),
             **{f"-{key}": (key,) for key in ("name", "address", "subway", "near")}}  # fmt: skip


class ActConstraint:
    """Makes guides for one tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer

    @cached_property
    def ids(self) -> dict[str, int]:
        """Mark → id."""
        marks = (*ACT_TOKENS, *OP_TOKENS, OR, END, *(v for op in OP_TOKENS for v in values_of(op[5:-2])))
        return {text: int(self.tokenizer.convert_tokens_to_ids(text)) for text in marks}

    def start(
        self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], least: int = 0, *, must_call: bool = False
    ) -> "ActGuide":
        """Begin a generation for the last thing that the user said, of `least` items at the least."""
        at = last_user_index(messages)
        words = messages[at].content if messages else ""
        return ActGuide(self, context_of(messages[:at]), model_words(words), least)

    def encode(self, text: str) -> list[int]:
        """Text as ids, nothing in it special."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return ids

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Where each id of a text stands in it: first and last character, the last not included."""
        found: list[tuple[int, int]] = self.tokenizer(
            text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True
        )["offset_mapping"]
        return found

    def begins(self, text: str) -> frozenset[int]:
        """Places among the ids of a text where a copy may begin or end, its end included: never within a character
        (rare ones are several bytes) nor within a Latin word."""
        starts = [start for start, _ in self.offsets(text)]
        whole = (at for at in range(1, len(starts)) if starts[at] != starts[at - 1])
        return frozenset((0, len(starts), *(at for at in whole if not _LATIN.match(text, starts[at] - 1))))


class ActGuide:
    """Follows one act line: an act, then items, each an operator and its value."""

    def __init__(self, owner: ActConstraint, context: Context, words: str, least: int = 0) -> None:
        self.left = least
        self.owner, self.ids = owner, owner.ids
        self.names = {i: text for text, i in self.ids.items()}
        self.words = owner.encode(words)
        self.begins = owner.begins(words)
        self.marks = {token for token in self.words if _PUNCTUATION.search(owner.tokenizer.decode([token]))}
        numbers = list(dict.fromkeys(_NUMBER.findall(words)))[:MOST_NUMBERS]
        self.numbers = [owner.encode(number) for number in numbers]
        self.ranges = [
            owner.encode(f"{low}..{high}") for low in numbers for high in numbers if float(low) < float(high)
        ]
        self.read = {
            kind: {op: [owner.encode(value) for value in values] for op, values in found.items()}
            for kind, found in sure_bounds(words).items()
        }
        self.places = _places(self.words, words, owner.offsets(words))
        self.standing, self.shown = _standing(context.state), len(context.records)
        self.named = {str(at + 1) for at in named_whole(context.shown[: len(HOTELS)], words)}
        """Numbers of the shown hotels whose whole names stand in the words."""
        self.counted = numbered(words)
        self.act, self.op, self.value = "", "", list[int]()
        self.begun = False
        self.used: set[str] = set()
        self.said: set[tuple[str, str]] = set()
        self.given_up: set[tuple[int, ...]] = set()

    def copy(self) -> "ActGuide":
        """A guide that goes on from here by itself."""
        other = copy.copy(self)
        other.used, other.said, other.given_up = set(self.used), set(self.said), set(self.given_up)
        return other

    def mask(self, logits: torch.Tensor) -> None:
        """Rule out, in place, what may not come next. `logits` has shape (vocabulary,)."""
        keep = torch.full_like(logits, -torch.inf)
        allowed = list(self.allowed())
        keep[allowed] = logits[allowed]
        logits.copy_(keep)

    def accept(self, token: int) -> None:
        """Take note of the chosen token."""
        text = self.names.get(token, "")
        self.begun = True
        if text.startswith("<|op:"):
            if self.op == DROP:
                self.given_up.add(tuple(self.value))
            self.op, self.value = text[5:-2], []
            self.used.add(self.op)
            self.left -= 1
        elif text.startswith("<|act:"):
            self.op, self.value, self.act = "", [], text[6:-2]
        else:
            self.value = [*self.value, token]
            self.said.add((self.op, text))

    def allowed(self) -> set[int]:
        """Ids that may come next."""
        if not self.begun:
            return {self.ids[text] for text in ACT_TOKENS}
        op, after = self.op, self._next_item()
        if not op or op in BARE:
            return after
        if op in self.places:
            return self._one_of(self.places[op], after)
        if op in COPIED:
            return self._copies(after)
        if op in NUMERIC:
            return self._counts(after)
        return self._closed(op, after)

    def _next_item(self) -> set[int]:
        """The operators that make sense now, and the end."""
        unsaid = self.named and "#" not in self.used and (self.act in _OF_ONE or self.used & {"ask:", "has:"})
        return {
            *([self.ids[END]] if self.left <= 0 and not unsaid else []),
            *(self.ids[mark("op", op)] for op in OPERATORS if self._open(op)),
        }

    def _open(self, op: str) -> bool:
        """Whether an operator may begin an item; what is told at once is asked first: this is most of a step's work here."""
        if op in self.used and op not in _REPEATED:
            return False
        if op in NUMERIC:
            return op in self.read[_kind(op)] if _kind(op) in self.read else bool(self.numbers)
        if op in _STANDING:
            return op in self.standing
        if op in VALUED and not any(self._sensible(op, text) for text in values_of(op)):
            return False
        if op in ("#", "!#"):
            return self.shown > 0
        if op in COPIED and op != "?" and not self.words:
            return False
        return op not in PLACE_OPS or bool(self.places.get(op, True))

    def _copies(self, after: set[int]) -> set[int]:
        """What continues a stretch of the words; it begins and ends with whole characters, two at least."""
        size = len(self.value)
        spots = [at for at in self.begins if self.words[at : at + size] == self.value]
        whole = any(at + size in self.begins for at in spots) and self._is_word() if size else self.op == "?"
        more = {self.words[at + size] for at in spots if at + size < len(self.words)}
        if self.op != "?":
            more -= self.marks
        return more | (after if whole or not more else set())

    def _is_word(self) -> bool:
        """Whether what was copied so far can be a name or a place: no single letter or character is one."""
        return len(self.owner.tokenizer.decode(self.value).strip()) > 1

    def _counts(self, after: set[int]) -> set[int]:
        choices = self.numbers + (self.ranges if self.op in ("price=", "rating=") else [])
        return self._one_of(self.read.get(_kind(self.op), {}).get(self.op, choices), after)

    def _one_of(self, choices: Sequence[list[int]], after: set[int]) -> set[int]:
        """What continues one of the choices, and what may follow a whole one."""
        size = len(self.value)
        fitting = [choice for choice in choices if choice[:size] == self.value]
        more = {choice[size] for choice in fitting if len(choice) > size}
        return more | (after if any(len(choice) == size for choice in fitting) else set())

    def _closed(self, op: str, after: set[int]) -> set[int]:
        """A value of a closed list; facilities may be joined by “or”."""
        last = self.names.get(self.value[-1], "") if self.value else OR
        values = [text for text in values_of(op) if self._sensible(op, text)]
        if last == OR:
            return {self.ids[text] for text in values}
        another = op in (ADD, DROP, EXCLUDE, "has:") and len(self.value) < 12 and values
        if op == ADD and tuple(self.value) in self.given_up and another:
            after = set()  # nobody gives up and asks for the same in one breath, but for a choice that holds it: one of the two will do
        return after | ({self.ids[OR]} if another else set())

    def _sensible(self, op: str, text: str) -> bool:
        word = text[4:-2]
        if op == "#" and self.named and self.act != "compare":
            return word in self.named and (op, text) not in self.said
        if op in ("#", "!#"):
            return not word.isdigit() or int(word) <= self.shown or word in self.counted
        if op == DROP and f"+{word}" not in self.standing:
            return False
        if (op, text) in self.said:  # no choice between a gym and a gym or a pool; no hotel is pointed at twice
            return False
        if op == DROP and (ADD, text) in self.said:
            return False
        asked = (other[4:-2] for at, other in self.said if at == ADD)
        return op != ADD or bool(self.value) or not any(_one_of_a_kind(word, other) for other in asked)


def _places(ids: list[int], words: str, offsets: list[tuple[int, int]]) -> dict[str, list[list[int]]]:
    """What each operator of a place may copy; {} where the words tell of no place, so that any stretch may be one."""
    starts = {start: at for at, (start, _) in reversed(list(enumerate(offsets)))}
    ends = {end: at + 1 for at, (_, end) in enumerate(offsets)}
    out: dict[str, list[list[int]]] = {op: [] for op in PLACE_OPS}
    found = place_mentions(words)
    for mention in found:
        if mention.start in starts and mention.end in ends:
            for kind in mention.kinds:
                out[f"{kind}="].append(ids[starts[mention.start] : ends[mention.end]])
    return out if any(out.values()) else {}


def _one_of_a_kind(one: str, other: str) -> bool:
    """Whether two facilities are two readings of one wish: nobody asks for two kinds of wifi or breakfast."""
    names = [set(GROUPS.get(word, (word,))) for word in (one, other)]
    return any(all(found & set(GROUPS[kind]) for found in names) for kind in ("无线", "早餐"))


def _kind(op: str) -> str:
    return op.rstrip("<>=~")


def sure_bounds(words: str) -> dict[str, dict[str, list[str]]]:
    """Prices and ratings whose direction the words say: kind → operator → values; what is open is left to the model."""
    out: dict[str, dict[str, list[str]]] = {}
    unsure = set[str]()
    for found in amounts(words):
        item = _bound_of(found)
        if item is None:
            unsure.add(found.kind)
        else:
            out.setdefault(found.kind, {}).setdefault(item.op, []).append(item.value)
    return {kind: ops for kind, ops in out.items() if kind not in unsure}


def _bound_of(found: Amount) -> Item | None:
    """An amount as an item of the act line; None where its direction is open."""
    if found.currency != "CNY" or found.how == "exact":
        return None
    if found.lower is not None and found.upper is not None:
        if found.how == "about":
            return Item("price~", f"{(found.lower + found.upper) / 2:g}") if found.kind == "price" else None
        return Item(f"{found.kind}=", f"{found.lower:g}..{found.upper:g}")
    if found.lower is not None:
        return Item(f"{found.kind}>=", f"{found.lower:g}")
    return Item(f"{found.kind}<=", f"{found.upper:g}")


def _standing(state: State) -> set[str]:
    """What can be given up: drop operators of the slots that stand, and +facility for each facility that stands."""
    out = {op for op, keys in _STANDING.items() if any(state.get(key) for key in keys)}
    left = state.get("exclude") or {}
    for facility in (*(state.get("facilities") or ()), *(left.get("facilities") or ())):
        out |= {f"+{part}" for part in facility_value(facility).split("/")}
    return out | ({"-type"} if left.get("type") else set())
