"""The report's tables and tiles as plain data, in Chinese or English."""

from collections.abc import Mapping, Sequence
from typing import Any

from chatbot.evaluation.reporting import labels
from chatbot.evaluation.reporting.changes import FigureChange, figure_changes


def metric_rows(
    figures: Sequence[dict[str, Any]],
    names: Sequence[str],
    pairs: Sequence[dict[str, Any]] = (),
    language: str = "zh",
) -> list[dict[str, Any]]:
    """A table's rows: each model's value and interval, and what each but the first tells against that one."""
    changes = figure_changes(pairs, figures[0]["counts"]["dialogues"])
    return [
        {
            "name": labels.label(labels.METRICS, name, language),
            "means": labels.explained(name, language),
            "key": name,
            "cells": [
                {
                    "value": labels.figure_text(name, f[name]),
                    "interval": labels.interval_text(name, f["intervals"].get(name)),
                }
                for f in figures
            ]
            + [_change(found.get(name), language) for found in changes.values()],
        }
        for name in names
    ]


def _change(found: FigureChange | None, language: str) -> dict[str, Any]:
    if found is None:
        return {"value": "—", "interval": ""}
    words = found.words(language)
    return {"value": found.change, "interval": f"{found.bounds} · {words}", "best": found.judged == "better"}


def highlights(figure: dict[str, Any], language: str = "zh") -> list[dict[str, str]]:
    """The few figures of one model that say most, each with its interval and what it means."""
    simulation = figure.get("simulation") or {}
    every, bounds = figure | simulation, figure["intervals"] | simulation.get("intervals", {})
    names = labels.METRICS | labels.SIMULATION
    return [
        {
            "name": labels.label(names, key, language),
            "value": labels.figure_text(key, every[key]),
            "interval": labels.interval_text(key, bounds.get(key)),
            "means": labels.label(labels.EXPLAINED, key, language),
        }
        for key in labels.HIGHLIGHTS
        if every.get(key) is not None
    ]


def simulation_rows(figures: Sequence[dict[str, Any]], language: str = "zh") -> list[dict[str, Any]]:
    """The simulated user's table; [] where none was asked for."""
    if not any(f.get("simulation") for f in figures):
        return []
    found = [f.get("simulation") or {} for f in figures]
    names = [name for name in labels.SIMULATION if any(name in s for s in found)]
    return [
        {
            "name": labels.label(labels.SIMULATION, name, language),
            "cells": [
                {
                    "value": labels.figure_text(name, s.get(name)),
                    "interval": labels.interval_text(name, s.get("intervals", {}).get(name)),
                }
                for s in found
            ],
        }
        for name in names
    ]


def culprit_rows(figures: Sequence[dict[str, Any]], language: str = "") -> list[dict[str, Any]]:
    """Whose fault the simulated user's failures were, a column a model; [] where that was not recorded."""
    return [
        {
            "name": _named(labels.CULPRITS, name, language),
            "cells": [
                {"value": ((f.get("simulation") or {}).get("culprits") or {}).get(name, 0), "interval": ""}
                for f in figures
            ],
        }
        for name in labels.entries_present(labels.CULPRITS, figures, "culprits")
    ]


def phenomenon_rows(figures: Sequence[dict[str, Any]], language: str = "") -> list[dict[str, Any]]:
    """How much of each kind of wording was understood, a column a model; [] where that was not recorded."""
    out = []
    for name in labels.entries_present(labels.PHENOMENA, figures, "phenomena"):
        found = [((f.get("simulation") or {}).get("phenomena") or {}).get(name) for f in figures]
        cells = [dict(zip(("value", "interval"), labels.share_text(share), strict=True)) for share in found]
        out.append({"name": _named(labels.PHENOMENA, name, language), "cells": cells})
    return out


def _named(table: Mapping[str, tuple[str, str]], name: str, language: str) -> str:
    """A name in one language, or in both where none is asked for."""
    return labels.label(table, name, language) if language else " ".join(table[name])


def failures(found: dict[str, int], language: str = "zh") -> dict[str, int]:
    """Reasons why simulated users gave up, in words."""
    out = {}
    for reason, count in found.items():
        what, _, fact = reason.partition(": ")
        about = f"（{labels.label(labels.FACTS, fact, language)}）" if fact else ""
        out[labels.label(labels.REASONS, what, language) + about] = count
    return out
