"""When two calls mean the same: slots compared as they were written, and by what they mean."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from chatbot.hotels.facilities import canonical
from chatbot.hotels.query import HOTEL_TYPES

Slot = tuple[str, str]
"""A slot's name and one value of it; a list is one slot for each entry, exclude.type a slot of its own."""

ABSENT = "—"
EXCLUDE = "exclude."


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _written(value: object) -> str:
    """A value as it was written; 4 and 4.0 are the same number in JSON."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.12g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _meant(key: str, value: object) -> str:
    """A value by what it means: numbers as numbers, widths, case and spaces of text ignored, 经济 as 经济型."""
    if key.endswith(("_lower", "_upper")) and (number := _number(value)) is not None:
        return f"{number:.12g}"
    text = "".join(unicodedata.normalize("NFKC", _written(value)).split()).lower()
    if key == "type":
        return next((t for t in HOTEL_TYPES if text.startswith(t[:2])), text)
    return text


def _facility(wish: object) -> str:
    """One wish for a facility by the canonical names any of which fulfils it; a word that means none stands for itself."""
    words = wish if isinstance(wish, list | tuple) else [wish]
    return "|".join(sorted(canonical(_written(word) for word in words)))


def _values(key: str, value: object, exact: bool) -> Iterable[str]:
    slot = key.removeprefix(EXCLUDE)
    values = value if key != slot or slot == "facilities" else [value]
    values = values if isinstance(values, list | tuple) else [values]
    return {_written(v) if exact else _facility(v) if slot == "facilities" else _meant(slot, v) for v in values}


def _flat(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with the lists of `exclude` as arguments of their own; what is no object stays as it is."""
    out = dict(arguments)
    if isinstance(excluded := out.get("exclude"), dict):
        out |= {f"{EXCLUDE}{key}": value for key, value in out.pop("exclude").items()} if excluded else {}
    return out


def slots(arguments: Mapping[str, Any] | None, *, exact: bool = False) -> frozenset[Slot]:
    """The slots of a call's arguments (untrusted); null, "" and [] are no slot.

    Args:
        arguments: the arguments, or None for no call.
        exact: compare values as written instead of canonically.
    """
    filled = {k: v for k, v in _flat(arguments or {}).items() if v not in (None, "", [], (), {})}
    return frozenset((key, value) for key, given in filled.items() for value in _values(key, given, exact))


def convlab_equal(predicted: Mapping[str, Any] | None, gold: Mapping[str, Any] | None) -> bool:
    """Whether two states agree in ConvLab's sense: the same slots are filled, and each shares at least one value.

    ConvLab-3, `convlab/dst/evaluate_unified_datasets.py`: values are lower-cased, spaces removed, alternatives divided by
    "|", and one common alternative is enough. The facilities of a state take the place of alternatives.
    """

    def by_slot(arguments: Mapping[str, Any] | None) -> dict[str, set[str]]:
        out: dict[str, set[str]] = {}
        for key, value in slots(arguments, exact=True):
            out.setdefault(key, set()).add("".join(value.split()).lower())
        return out

    mine, theirs = by_slot(predicted), by_slot(gold)
    return mine.keys() == theirs.keys() and all(mine[key] & theirs[key] for key in mine)


def lab_counts(predicted: Mapping[str, Any] | None, gold: Mapping[str, Any] | None) -> tuple[int, int, int]:
    """(correct, predicted, gold) slots as `evaluator.py` of agiclass/fine-tuning-lab counts them.

    A list counts one for each entry, any other value one; a predicted entry is right where it is `in` the gold value,
    so a part of a gold text counts as well, and a facility written twice counts twice.
    """

    def count(arguments: Mapping[str, Any] | None) -> int:
        return sum(len(v) if isinstance(v, list) else 1 for v in (arguments or {}).values())

    correct = 0
    for key, value in (predicted or {}).items():
        if value is None or key not in (gold or {}):
            continue
        target = (gold or {})[key]
        if isinstance(value, list):
            correct += sum(
                entry in target
                for entry in value
                if isinstance(target, list) or (isinstance(target, str) and isinstance(entry, str))
            )
        else:
            correct += int(value == target)
    return correct, count(predicted), count(gold)


def confusions(predicted: frozenset[Slot], gold: frozenset[Slot]) -> Counter[tuple[str, str, str]]:
    """(slot, gold value, predicted value) of every disagreement; a value that has no counterpart stands against ABSENT."""
    out: Counter[tuple[str, str, str]] = Counter()
    for key in sorted({k for k, _ in predicted ^ gold}):
        missing = sorted(v for k, v in gold - predicted if k == key)
        extra = sorted(v for k, v in predicted - gold if k == key)
        if len(missing) == len(extra) == 1:
            out[key, missing[0], extra[0]] += 1
        else:
            out.update([(key, v, ABSENT) for v in missing] + [(key, ABSENT, v) for v in extra])
    return out
