"""How much rank a fine-tuning really uses: the singular values of what training changed in each matrix, measured once and shipped."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chatbot.core.errors import InputError
from chatbot.core.settings import DATA

RECORD = DATA / "lesson" / "delta.json"


@dataclass(frozen=True)
class Delta:
    """The change of one matrix: its singular values, the largest first."""

    values: list[float]

    def kept(self, rank: int) -> float:
        """The share (0–1) of the change, in squares, that its best approximation of a rank keeps."""
        squares = [value**2 for value in self.values]
        return sum(squares[:rank]) / sum(squares)

    def rank_for(self, share: float) -> int:
        """The smallest rank that keeps so much."""
        return next(rank for rank in range(1, len(self.values) + 1) if self.kept(rank) >= share)


def delta(layer: int, matrix: str, record: Path = RECORD) -> Delta:
    """The recorded change of a matrix; layers count from 0.

    Raises:
        InputError: the record does not hold it.
    """
    try:
        found = json.loads(record.read_text(encoding="utf-8"))["values"][f"{layer}.{matrix}"]
    except (OSError, KeyError, json.JSONDecodeError) as error:
        raise InputError("lesson.record", value=f"{layer}.{matrix}", path=record) from error
    return Delta(found)


def record_deltas(before: Path, after: Path, record: Path = RECORD) -> None:
    """Measure all linear layers of two checkpoints of one model, one trained on from the other, and write the record."""
    values = {name: [float(f"{value:.4g}") for value in found] for name, found in _changes(before, after)}
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps({"base": before.name, "values": values}) + "\n", encoding="utf-8")


def _changes(before: Path, after: Path) -> Iterator[tuple[str, list[float]]]:
    import torch
    from safetensors.torch import load_file

    old, new = (load_file(folder / "model.safetensors") for folder in (before, after))
    for name in sorted(old):
        if name.endswith("_proj.weight"):
            _, _, layer, _, matrix, _ = name.split(".")
            yield f"{layer}.{matrix}", torch.linalg.svdvals(new[name].float() - old[name].float()).tolist()
