"""The statistics of step 1 and 2 as plots: turns, arguments, prices and facilities, before and after augmentation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from chatbot.core.messages import Conversation
from chatbot.hotels.facilities import alternatives, match_facility
from chatbot.ui.data.shared import bars
from chatbot.ui.i18n.translate import in_language, translate

SHOWN = 12
PRICES = ("no_price", "band", "cap", "floor")
ARGUMENTS = {
    "name": ("名称", "name"),
    "type": ("类型", "type"),
    "facilities": ("设施", "facilities"),
    "price_range_lower": ("价格下限", "price from"),
    "price_range_upper": ("价格上限", "price to"),
    "rating_range_lower": ("评分下限", "rating from"),
    "rating_range_upper": ("评分上限", "rating to"),
    "address": ("地址", "address"),
    "subway": ("地铁", "subway"),
    "near": ("附近", "near"),
    "exclude": ("不要", "excluded"),
}


def plots(groups: Mapping[str, Sequence[Conversation]], who: Any) -> str:
    """All charts; the keys are words of this file (stats.before, stats.after)."""
    made: dict[str, dict[str, Mapping[str, int]]] = {}
    for name, conversations in groups.items():
        for title, counts in _counts(conversations, who).items():
            made.setdefault(title, {})[translate(who, name)] = counts
    frequent = Counter[str]()
    for counts in made["stats.facilities"].values():
        frequent.update(counts)
    first = [facility for facility, _ in frequent.most_common(SHOWN)]
    made["stats.facilities"] = {
        name: {label: counts.get(label, 0) for label in first} for name, counts in made["stats.facilities"].items()
    }
    return (
        '<div class="charts">'
        + "".join(bars(translate(who, title), series) for title, series in made.items())
        + "</div>"
    )


def _counts(conversations: Sequence[Conversation], who: Any) -> dict[str, Mapping[str, int]]:
    last = [calls[-1] for c in conversations if (calls := [m.call.arguments for m in c.messages if m.call])]
    turns = Counter(sum(m.role == "user" for m in c.messages) for c in conversations)
    by_turns = {str(n): turns[n] for n in range(1, 8)} | {
        translate(who, "stats.more"): sum(n for t, n in turns.items() if t >= 8)
    }
    used = Counter(key for arguments in last for key in arguments)
    prices = Counter(_price(arguments) for arguments in last)
    return {
        "stats.turns": by_turns,
        "stats.arguments": {in_language(who, names): used[key] for key, names in ARGUMENTS.items() if used[key]},
        "stats.prices": {translate(who, f"stats.{kind}"): prices[kind] for kind in PRICES},
        "stats.facilities": Counter(
            min(match_facility(str(word)) or {str(word)})
            for arguments in last
            for wish in arguments.get("facilities") or ()
            for word in alternatives(wish)
        ),
    }


def _price(arguments: dict[str, Any]) -> str:
    lower, upper = "price_range_lower" in arguments, "price_range_upper" in arguments
    return "band" if lower and upper else "floor" if lower else "cap" if upper else "no_price"
