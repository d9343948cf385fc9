"""What is chosen on the Fine-tune tab before a start, by name, and the run's configuration that it makes."""

from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.settings import Settings
from chatbot.core.storage.names import inside, open_folders
from chatbot.training.config import FinetuneConfig


@dataclass(frozen=True)
class FinetuneForm:
    """The form as the page sends it: an empty field is None, or a 0; `rest` is what else a loaded file says."""

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
    keep: float | None = None
    scheduler: str | None = None
    modules: str | None = None
    loraplus: float | None = None
    neftune: float | None = None
    call_weight: float | None = None
    tracker: str | None = None
    rslora: bool = False
    dora: bool = False
    allow_cut: bool = False
    rest: dict[str, Any] = field(default_factory=dict)

    def within(self, settings: Settings) -> "FinetuneForm":
        """The form with its paths made whole.

        Raises:
            InputError: no base or no data was chosen, or one lies where the page may not read.
        """
        folders = open_folders(settings)
        base, data = (str(inside(path, folders)) for path in self._paths())
        paths = {name: str(inside(path, folders)) for name in PATHS if (path := self.rest.get(name))}
        return replace(self, base=base, data=data, rest=self.rest | paths)

    def config(self, out: Path = Path()) -> FinetuneConfig:
        """The run's configuration.

        Raises:
            InputError: no base or no data was chosen.
            ValidationError: a field is out of range.
        """
        self._paths()
        return FinetuneConfig.model_validate(self.rest | self.given() | {"out": out})

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
            if name != "rest"
            and value not in (None, "")
            and (value or FinetuneConfig.model_fields[name].default is not None)
        }


PATHS = ("eval_data", "start")
"""Fields of a file that name what the page may have to read."""
OWN = ("out", "hotels")
"""What a run of the page gets from the page, whatever a file says."""
PLAIN = ("base", "data", "method", "allow_cut")
ADVANCED = tuple(one.name for one in fields(FinetuneForm) if one.name not in (*PLAIN, "rest"))
"""The fields that a preset fills."""
VARIANTS = ADVANCED[ADVANCED.index("keep") :]
"""Those of them that few people change."""
