"""Counts of one process, in the text form that Prometheus reads."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
"""Seconds: the edges of the histogram's buckets."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[tuple[str, str], ...]


@dataclass
class _Times:
    """A histogram of one set of labels."""

    buckets: list[int] = field(default_factory=lambda: [0] * len(BOUNDS))
    sum: float = 0.0
    count: int = 0

    def add(self, seconds: float) -> None:
        self.sum, self.count = self.sum + seconds, self.count + 1
        for at, bound in enumerate(BOUNDS):
            self.buckets[at] += seconds <= bound


class Metrics:
    """Counters, histograms of seconds, and gauges that are asked when somebody reads."""

    def __init__(self, gauges: Mapping[str, tuple[str, Callable[[], float]]] | None = None) -> None:
        """`gauges`: name → (what it is, how it is asked)."""
        self._gauges = dict(gauges or {})
        self._counts: dict[str, dict[Labels, int]] = {}
        self._times: dict[str, dict[Labels, _Times]] = {}
        self._lock = threading.Lock()

    def count(self, name: str, **labels: str) -> None:
        """One more."""
        with self._lock:
            row = self._counts.setdefault(name, {})
            key = tuple(sorted(labels.items()))
            row[key] = row.get(key, 0) + 1

    def time(self, name: str, seconds: float, **labels: str) -> None:
        """One more, which took so many seconds."""
        with self._lock:
            self._times.setdefault(name, {}).setdefault(tuple(sorted(labels.items())), _Times()).add(seconds)

    def text(self) -> str:
        """All of it."""
        with self._lock:
            lines = [line for name, rows in sorted(self._counts.items()) for line in _counted(name, rows)]
            lines += [line for name, rows in sorted(self._times.items()) for line in _timed(name, rows)]
        for name, (told, asked) in sorted(self._gauges.items()):
            lines += [f"# HELP {name} {told}", f"# TYPE {name} gauge", f"{name} {asked():g}"]
        return "\n".join(lines) + "\n"


def _counted(name: str, rows: Mapping[Labels, int]) -> list[str]:
    return [f"# TYPE {name} counter", *(f"{name}{_labels(key)} {n}" for key, n in sorted(rows.items()))]


def _timed(name: str, rows: Mapping[Labels, _Times]) -> list[str]:
    out = [f"# TYPE {name} histogram"]
    for key, times in sorted(rows.items()):
        edges = [*zip(map(str, BOUNDS), times.buckets, strict=True), ("+Inf", times.count)]
        out += [f"{name}_bucket{_labels((*key, ('le', edge)))} {n}" for edge, n in edges]
        out += [f"{name}_sum{_labels(key)} {times.sum:g}", f"{name}_count{_labels(key)} {times.count}"]
    return out


def _labels(key: Labels) -> str:
    if not key:
        return ""
    told = (f'{name}="{_escaped(value)}"' for name, value in key)
    return "{" + ",".join(told) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
