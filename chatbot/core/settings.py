"""Settings from the environment or a .env file, in one place, so that no module reads os.environ itself."""

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from chatbot.core.errors import InputError

CpuDtype = Literal["auto", "fp32", "bf16"]
EngineName = Literal["auto", "transformers", "onnx"]
Names = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(
        lambda given: [n for n in given.replace(",", " ").split() if n] if isinstance(given, str) else given
    ),
]
"""A list that the environment writes with commas or spaces."""
DATA = Path(__file__).resolve().parent.parent.parent / "data"


class Settings(BaseSettings):
    """Every field can be set as CHATBOT_<NAME>; the OpenAI ones also by their usual names."""

    model_config = SettingsConfigDict(env_prefix="CHATBOT_", env_file=".env", extra="ignore", populate_by_name=True)

    workspace: Path = Path("workspace")
    hotels: Path = DATA / "hotel_db.json"
    base: Path = DATA / "models" / "hotel-mini-base"
    tuned: Path = DATA / "models" / "hotel-mini"
    """The shipped model: the base has not heard spoken wishes, this one has."""
    review_url: str = ""
    folders: str = ""
    """Folders besides the workspace from which the page may train and measure, written as in PATH."""
    cpu_dtype: CpuDtype = "auto"
    """The numbers in which a CPU computes; auto: answers in fp32, training in bf16 where it pays (docs/figures.md)."""
    engine: EngineName = "auto"
    """What computes a local model's answers; auto: ONNX Runtime where it can, else transformers (docs/serving.md)."""
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")
    api_key: SecretStr | None = None
    """The key for an address that a run names itself; OPENAI_API_KEY goes to the host of OPENAI_BASE_URL alone."""
    key_hosts: Names = ()
    """More hosts (`host` or `host:port`) that OPENAI_API_KEY may be sent to."""
    private_hosts: Names = ()
    """Hosts (`host` or `host:port`) that a typed address may name although they are private, as a vLLM on this machine."""
    allowed_hosts: Names = ()
    """Names (`host` or `host:port`) by which browsers may open the page, beside those of this machine."""
    openai_model: str = "gpt-4o-mini"
    openai_system: bool = True
    """Whether an endpoint's model is told its task in a system message; a model that was fine-tuned here must not be."""
    upload_quota_mb: int = Field(default=2_000, ge=1)
    """What one person may upload within a day."""
    keep_days: int = Field(default=0, ge=0)
    """After so many days what people said in Chat and was kept with their feedback is forgotten; 0: never by itself."""
    log: Literal["text", "json"] = "text"
    """text: what went wrong; json: a line a request as well, for a machine to read."""
    metrics_token: SecretStr | None = None
    """Who gives it may read /metrics from another machine."""
    on_spaces: str | None = Field(default=None, validation_alias="SPACE_ID")
    space_host: str | None = Field(default=None, validation_alias="SPACE_HOST")

    @property
    def accounts(self) -> Path:
        """The file that holds who may log in."""
        return self.workspace / "accounts.json"

    @property
    def allowed_folders(self) -> list[Path]:
        """`folders`, one by one."""
        return [Path(folder) for folder in self.folders.split(os.pathsep) if folder]

    @property
    def access(self) -> Path:
        """The database of open sessions, tokens and tries to log in."""
        return self.workspace / "access.sqlite"

    def folder(self, *parts: str) -> Path:
        """A folder of the workspace, made if it is not there yet."""
        path = self.workspace.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def review_address(self, workspace: Path | None = None) -> str:
        """The review's database: the one that is set, else a file in the workspace (or in one that is given)."""
        return self.review_url or f"sqlite:///{(workspace or self.folder()) / 'review.sqlite'}"


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        InputError: a value that no setting takes.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"CHATBOT_{str(first['loc'][0]).upper()}"
        raise InputError("core.setting", value=first["input"], name=name, reason=first["msg"]) from error


def override_settings(**fields: str) -> None:
    """Fix settings for this process and those that it starts, as an option does: over its environment and .env file."""
    os.environ.update({f"CHATBOT_{name.upper()}": value for name, value in fields.items()})
    settings.cache_clear()
