"""Settings from the environment or a .env file, in one place, so that no module reads os.environ itself."""

from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

DATA = Path(__file__).resolve().parent.parent.parent / "data"


class Settings(BaseSettings):
    """Every field can be set as CHATBOT_<NAME>; the OpenAI ones also by their usual names."""

    model_config = SettingsConfigDict(env_prefix="CHATBOT_", env_file=".env", extra="ignore", populate_by_name=True)

    workspace: Path = Path("workspace")
    hotels: Path = DATA / "hotel_db.json"
    base: Path = DATA / "models" / "hotel-mini"
    adapter: Path = DATA / "adapters" / "hotel-mini"
    review_url: str = ""
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")
    openai_model: str = "gpt-4o-mini"
    openai_system: bool = True
    """Whether an endpoint's model is told its task in a system message; a model that was fine-tuned here must not be."""
    on_spaces: str | None = Field(default=None, validation_alias="SPACE_ID")

    @property
    def accounts(self) -> Path:
        """The file that holds who may log in."""
        return self.workspace / "accounts.json"

    def folder(self, *parts: str) -> Path:
        """A folder of the workspace, made if it is not there yet."""
        path = self.workspace.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
