"""What is chosen on the Fine-tune tab before a start, by name, and the run's configuration that it makes."""

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.settings import Settings
from chatbot.core.storage.names import inside, open_folders
from chatbot.training.config import FinetuneConfig


@dataclass(frozen=True)
class FinetuneForm:
    """The form as the page sends it: an empty field is None, or a 0."""

    base: str | None
    data: str | None
    method: str
    epochs: float | None = None
    max_steps: float | None = None
    learning_rate: float | None = None
    batch_size: float | None = None
    accumulation: float | None = None
    max_length: float | None = None
    rank: float | None = None
    alpha: float | None = None
    target_rank: float | None = None
    virtual_tokens: float | None = None
    eval_every: float | None = None
    eval_limit: float | None = None
    first_eval: float | None = None
    patience: float | None = None
    seed: float | None = None
    allow_cut: bool = False

    def within(self, settings: Settings) -> "FinetuneForm":
        """The form with its paths made whole.

        Raises:
            InputError: no base or no data was chosen, or one lies where the page may not read.
        """
        folders = open_folders(settings)
        base, data = (str(inside(path, folders)) for path in self._paths())
        return replace(self, base=base, data=data)

    def config(self, out: Path = Path()) -> FinetuneConfig:
        """The run's configuration.

        Raises:
            InputError: no base or no data was chosen.
            ValidationError: a field is out of range.
        """
        self._paths()
        return FinetuneConfig.model_validate(self.given() | {"out": out})

    def _paths(self) -> tuple[str, str]:
        if not self.base:
            raise InputError("ui.no_base")
        if not self.data:
            raise InputError("ui.no_data")
        return self.base, self.data

    def given(self) -> dict[str, Any]:
        """What was filled in; a 0 counts as empty where the default leaves the field to the method."""
        return {
            name: int(value) if isinstance(value, float) and value.is_integer() else value
            for name, value in asdict(self).items()
            if value not in (None, "") and (value or FinetuneConfig.model_fields[name].default is not None)
        }


ADVANCED = tuple(
    field.name for field in fields(FinetuneForm) if field.name not in ("base", "data", "method", "allow_cut")
)
"""The fields that a preset fills."""
