"""What is chosen in step 2 of the Data tab, by name, and the configuration of the run that it makes."""

from dataclasses import asdict, dataclass, field
from typing import Any

from chatbot.core.errors import InputError
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.ui.data.files import DataFiles

NO_EAR = "-"
"""The choice of no model beside the word list."""


@dataclass(frozen=True)
class AugmentForm:
    """The form as the page sends it; an empty field is None or ""."""

    mode: str
    operations: list[str]
    followup_share: float | None
    new: float | None
    seed: float | None
    ear: str | None
    model: str | None
    base_url: str | None
    cap: float | None
    price_in: str | None
    price_out: str | None
    key: str = field(default="", repr=False)

    def given(self) -> dict[str, Any]:
        """What was filled in, without the key, which no configuration holds."""
        values = {name: value for name, value in asdict(self).items() if name != "key" and value not in (None, "")}
        return values | ({"ear": ""} if self.ear == NO_EAR else {})

    def config(self, files: DataFiles) -> AugmentConfig:
        """The run on this workspace's corpus.

        Raises:
            InputError: there is no corpus yet, or a field does not fit.
        """
        from chatbot.corpus.augmentation.run import config_of

        if not files.corpus.exists():
            raise InputError("ui.no_corpus")
        paths = {
            "corpus": files.corpus,
            "out": files.augmented,
            "hotels": files.settings.hotels,
            "prompts": files.prompts,
        }
        return config_of(self.given() | {name: path.resolve() for name, path in paths.items()})
