"""One training by several processes: accelerate's configuration files, the shipped ones or a team's own, as a command that runs them."""

import re
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from chatbot.core.errors import InputError
from chatbot.core.settings import DATA, Settings

SHIPPED = DATA / "accelerate"
METHODS = {"FSDP": ("lora", "adalora"), "DEEPSPEED3": ("lora",)}
"""Where the weights themselves are spread, the methods that can be: 4-bit weights and learned prompts need a whole base in each process."""
ADDRESS = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Launch:
    """How a training is spread.

    Attributes:
        file: accelerate's configuration (`accelerate config` writes one).
        processes: on all hosts together; the file's number where None.
        address: of the first host, where there are several; the file's where empty.
    """

    file: Path
    processes: int | None = None
    address: str = ""

    def __post_init__(self) -> None:
        """Raises InputError where the file is none of accelerate's, or the address can be no host's."""
        if not isinstance(self._said.get("num_processes"), int):
            raise InputError("training.launch_file", value=self.file.name)
        if self.address and not ADDRESS.fullmatch(self.address):
            raise InputError("training.launch_address", value=self.address)

    @property
    def hosts(self) -> int:
        """How many machines take part."""
        return int(self._said.get("num_machines") or 1)

    @property
    def processes_here(self) -> int:
        """Processes of each host."""
        return max(1, (self.processes or int(self._said["num_processes"])) // self.hosts)

    def words(self, rank: int = 0) -> list[str]:
        """What stands between `python -m` and the command's own words on the host of this rank."""
        words = ["accelerate.commands.launch", "--config_file", str(self.file)]
        if self.processes:
            words += ["--num_processes", str(self.processes)]
        if self.hosts > 1:
            words += ["--machine_rank", str(rank)]
            words += ["--main_process_ip", self.address] if self.address else []
        return [*words, "-m"]

    def refuse_unfit(self, method: str, gpus: int) -> None:
        """Raise InputError where this machine lacks the GPUs or the package, or the method can't be spread so."""
        found = self._said
        kind = str(found.get("distributed_type"))
        if kind != "MULTI_CPU" and not found.get("use_cpu") and gpus < self.processes_here:
            raise InputError("training.launch_gpus", name=self.file.stem, wanted=self.processes_here, gpus=gpus)
        if kind == "DEEPSPEED":
            if find_spec("deepspeed") is None:
                raise InputError("training.launch_package", name="deepspeed")
            kind += str((found.get("deepspeed_config") or {}).get("zero_stage"))
        if method not in METHODS.get(kind, (method,)):
            raise InputError("training.launch_method", method=method, name=self.file.stem, choices=METHODS[kind])

    @cached_property
    def _said(self) -> dict[str, Any]:
        try:
            found = yaml.safe_load(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise InputError("training.launch_file", value=self.file.name) from error
        return found if isinstance(found, dict) else {}


def launch_files(settings: Settings) -> dict[str, Path]:
    """Name → configuration: the shipped ones, and over them those in the workspace's folder `accelerate`."""
    folders = (SHIPPED, settings.workspace / "accelerate")
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}
