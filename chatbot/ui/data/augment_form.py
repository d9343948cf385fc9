"""What is chosen in step 2 of the Data tab, by name, and the configuration of the run that it makes."""

import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from chatbot.core.errors import InputError
from chatbot.core.jobs import FOLDER_MARK
from chatbot.corpus.augmentation.config import AugmentConfig
from chatbot.corpus.augmentation.prompts import checked_prompt, edited_prompts, prompt
from chatbot.ui.data.files import DataFiles

NO_SECOND_PARSER = "-"
"""The choice of no model beside the word list."""


@dataclass(frozen=True)
class AugmentForm:
    """The form as the page sends it; an empty field is None or ""."""

    mode: str
    operations: list[str]
    followup_share: float | None
    new: float | None
    seed: float | None
    second_parser: str | None
    name: str | None
    model: str | None
    base_url: str | None
    cap: float | None
    price_in: str | None
    price_out: str | None
    prompt_of: str | None = None
    prompt_text: str | None = None
    chosen_run: str | None = None
    key: str = field(default="", repr=False)

    def given(self) -> dict[str, Any]:
        """What was filled in, without the key, which no configuration holds, the prompt on screen, which is kept with the others, and the list."""
        aside = ("key", "prompt_of", "prompt_text", "chosen_run")
        values = {name: value for name, value in asdict(self).items() if name not in aside and value not in (None, "")}
        return values | ({"second_parser": ""} if self.second_parser == NO_SECOND_PARSER else {})

    def config(self, files: DataFiles) -> AugmentConfig:
        """A run on this workspace's corpus, with the prompts as they stand now.

        Raises:
            InputError: there is no corpus yet, or a field or the prompt does not fit.
        """
        from chatbot.corpus.augmentation.run import config_of

        if not files.corpus.exists():
            raise InputError("ui.no_corpus")
        texts = edited_prompts(files.prompts)
        if self.prompt_of and self.prompt_text is not None:  # what stands on the page counts, saved or not
            texts[self.prompt_of] = checked_prompt(self.prompt_of, self.prompt_text)
        paths = {"corpus": files.corpus, "hotels": files.settings.hotels, "cache": files.answers}
        fixed = {
            "out": FOLDER_MARK,
            "texts": {op: text for op, text in texts.items() if text != prompt(op)},
            "run": secrets.token_hex(8),
        }
        return config_of(self.given() | {name: path.resolve() for name, path in paths.items()} | fixed)
