"""The bank's whole dialogues as turns: every state is a person's, the act line is what leads from one state to the next."""

import random
import re
from collections.abc import Iterator, Sequence

from chatbot.corpus.phrasebank.bank import Row
from chatbot.corpus.phrasebank.marks import unknown_wish
from chatbot.corpus.phrasebank.states import shown_names
from chatbot.corpus.phrasebank.turns import PREVIOUS, RATED, Turn
from chatbot.corpus.phrasebank.values import Names
from chatbot.understanding.derive_act import derive_act
from chatbot.understanding.dialogue_state import State, needs_search, next_state
from chatbot.understanding.normalise import model_words
from chatbot.understanding.turn_act import HOTELS, Item, facility_value

ASKING = {"ask_field", "compare", "book", "cancel", "superlative"}
ONLY_POINTS = re.compile(r"(?:那|不让。|嗯,?)?(?:第?[一二三四五]|头一|末|后一|最后)(?:[家个间号]|那家)+呢[?？]?")
MOST_SHOWN = 5
UNLABELLED = {"ask_has", "unsupported"}
"""Acts whose facility or wish most dialogues do not name: without "has" or "wish" their turns are context, not examples."""
_PRICED = re.compile(r"贵|貴|便宜|贱|最平|平[𠮶嗰]|cheap|dear|expensive|pric(?:e?y|ier|iest)", re.I)
"""Words that choose a hotel by its price, whatever is asked of it."""
_LEFT_OPEN = re.compile(r"列表[^，；。]{0,6}[没不]|要问酒店|打电话问|not in the list")
"""Words of `needs` that tell of an unknown wish beside the others."""


def dialogue_turns(dialogue: Row, names: Names, rng: random.Random, *, whole: bool = False) -> Iterator[Turn]:
    """The turns of a dialogue that can be examples, with hotels that might have been shown.

    Args:
        whole: leave out turns with an unknown wish whose words nobody noted: their act lines say less than was said.
    """
    state: State = {}
    shown: tuple[str, ...] = ()
    for at, row in enumerate(dialogue["turns"]):
        words, after = model_words(row["user"]), row["state"]
        shown = _with_named(row, words, shown, rng)
        act = row.get("act")
        if act is None and after == state:
            continue
        turn = derive_act(state, after, words, act, _questions(row, words, shown))
        noted = bool(row.get("has") or row.get("wish"))
        open_ = whole and not noted and _LEFT_OPEN.search(row.get("needs") or "")
        if (noted or act not in UNLABELLED) and not open_ and _same(next_state(state, turn, shown), after):
            yield Turn(state, shown, words, turn, "dialogue")
        if needs_search(state, turn, after):
            shown = shown_names(names, rng, _pointed_at(dialogue["turns"][at + 1 :]))
        state = after


def _pointed_at(turns: Sequence[Row]) -> int:
    """How many hotels must have been shown for what the turns after a search point at: 第三家 is none of two."""
    most = 1
    for row in turns:
        which = str(row.get("about") or "").split(",")
        most = max([most, *(int(number) for number in which if number.isdigit())])
        most = max(most, 2 if row.get("about") == "all" or len(which) > 1 else 1)
        if row["search"]:
            break
    return min(most, MOST_SHOWN)


def _same(one: State, other: State) -> bool:
    """Whether two states are equal, facilities in any order."""
    first, second = ({**s, "facilities": sorted(map(str, s.get("facilities") or ()))} for s in (one, other))
    return first == second


def _with_named(row: Row, words: str, shown: tuple[str, ...], rng: random.Random) -> tuple[str, ...]:
    """The hotels shown, with the one that the turn names among them."""
    about = str(row.get("about") or "")
    if not shown or about in ("", "all") or about.split(",", maxsplit=1)[0] in HOTELS or about not in words:
        return shown
    at = rng.randrange(len(shown))
    return (*shown[:at], about, *shown[at + 1 :])


def _questions(row: Row, words: str, shown: tuple[str, ...]) -> list[Item]:
    out = [Item("prev")] if row.get("act") == "more" and not row["search"] and PREVIOUS.search(words) else []
    fields = row.get("fields") or [row[key] for key in ("field", "field2", "field3") if row.get(key)]
    if ONLY_POINTS.fullmatch(words):  # what is asked was said a turn before, which the example does not show
        fields = []
    best = _best(row, words)
    out += [Item("top:", best)] if best else []
    out += [Item("ask:", name) for name in dict.fromkeys(fields) if not best.startswith(name)]
    out += [Item("has:", facility_value(facility)) for facility in row.get("has", ())]
    out += [unknown_wish(wish) for wish in row.get("wish", ())]
    if row.get("act") not in ASKING and not fields and not row.get("has"):
        return out
    about = str(row.get("about") or ("all" if best else ""))
    for which in about.split(",") if about else []:
        if which in HOTELS:
            out.append(Item("#", which))
        elif which in shown:
            out.append(Item("#", str(shown.index(which) + 1)))
    return out


def _best(row: Row, words: str) -> str:
    """Which of the hotels shown is meant by being the cheapest, the dearest or the best rated of them; "" where it is none."""
    if not row.get("order") or row["search"] or row.get("act") == "compare":
        return ""
    rated = RATED.search(words) and not _PRICED.search(words)
    field = row.get("field") if row.get("act") == "superlative" else "rating" if rated else "price"
    return f"{field}_{row['order']}" if field in ("price", "rating") else ""
