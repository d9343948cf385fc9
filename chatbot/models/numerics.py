"""In which numbers a device computes, decided in one place from one setting: no processor changes a result unasked."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from chatbot.core.errors import InputError
from chatbot.core.settings import CpuDtype, settings

_TRAINS_FASTER_IN_BF16 = ("amx_bf16",)
"""CPU features (`torch.cpu.get_capabilities`) with which bf16 was measured to train faster: docs/figures.md."""


def default_device() -> str:
    """The fastest device of this machine: "cuda" or "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def available_memory(device: str) -> int:
    """Bytes that are free on a device now."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info()[0])
    free = kernel_bytes("/proc/meminfo", "MemAvailable")
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if free is None else free


def kernel_bytes(file: str, name: str) -> int | None:
    """A size that Linux tells in a line of kB (/proc/meminfo, /proc/self/status); None where it is not told."""
    try:
        lines = Path(file).read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), None)


def default_dtype(device: str, wanted: CpuDtype | None = None) -> torch.dtype:
    """The dtype that a model answers in: on a GPU bf16 (fp16 on older ones); on any CPU fp32, unless set to bf16.

    Args:
        wanted: instead of the setting.
    """
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16 if (wanted or settings().cpu_dtype) == "bf16" else torch.float32


def training_dtype(device: str) -> torch.dtype:
    """The dtype of weights in training: a GPU's default; on a CPU fp32, where only autocast may compute in less."""
    return default_dtype(device, "fp32")


@dataclass(frozen=True)
class TrainingNumerics:
    """What a training step computes in, as a run's record keeps it.

    Attributes:
        device: "cuda" or "cpu".
        weights: dtype of the base's weights, e.g. "float32".
        autocast: dtype of the products under autocast; None where they are computed in that of the weights.
    """

    device: str
    weights: str
    autocast: str | None

    @property
    def bf16(self) -> bool:
        """Whether a step computes under bf16 autocast."""
        return self.autocast == "bfloat16"


def training_numerics(
    before: Mapping[str, Any] | None = None,
    *,
    device: str | None = None,
    wanted: CpuDtype | None = None,
    capabilities: Mapping[str, Any] | None = None,
) -> TrainingNumerics:
    """What a run computes in: on a CPU as the setting says; by itself bf16 autocast only where it was measured to pay.

    Args:
        before: the same run's record where it goes on: it keeps its numbers, whatever machine that is.
        device: instead of this machine's fastest.
        wanted: instead of the setting.
        capabilities: a CPU's features by name, instead of this one's.

    Raises:
        InputError: the setting asks for others than the run began with.
    """
    device, wanted = device or default_device(), wanted or settings().cpu_dtype
    autocast = "bfloat16" if _autocast(device, wanted, capabilities) else None
    begun = before.get("autocast") if before and before.get("device") == device else autocast
    if begun != autocast and wanted != "auto":
        raise InputError("models.dtype_changed", value=wanted, begun=_told(begun))
    return TrainingNumerics(device, dtype_name(training_dtype(device)), begun)


def recorded_numerics(record: Path) -> dict[str, Any] | None:
    """What a run computed in, from its JSON record; None where it has not begun or its record says nothing of it."""
    found = json.loads(record.read_text(encoding="utf-8")).get("numerics") if record.is_file() else None
    return dict(found) if found else None


def _autocast(device: str, wanted: CpuDtype, capabilities: Mapping[str, Any] | None) -> bool:
    if device.startswith("cuda"):
        return bool(default_dtype(device) == torch.bfloat16)
    if wanted != "auto":
        return wanted == "bf16"
    known = torch.cpu.get_capabilities() if capabilities is None else capabilities
    return any(bool(known.get(name)) for name in _TRAINS_FASTER_IN_BF16)


def _told(autocast: str | None) -> str:
    return f"{autocast} autocast" if autocast else "no autocast"


def dtype_name(dtype: torch.dtype) -> str:
    """A dtype as records name it, e.g. "float32"."""
    return str(dtype).removeprefix("torch.")
