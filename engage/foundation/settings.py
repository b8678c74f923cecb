"""Settings from the environment (`ENGAGE_…`); a bad value stops the start and says what would do."""

import os
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from engage.foundation.errors import SettingsInvalid

DATABASE_SCHEMES = ("sqlite:///", "postgresql+psycopg://")
DUCKDB = "duckdb"
_HOST = r"[\w.-]+:\d{1,5}"
SPARK_MASTER = re.compile(
    rf"spark://{_HOST}(,{_HOST})*|local-cluster\[[1-9]\d*,[1-9]\d*,[1-9]\d*\]|local(\[([1-9]\d*|\*)\])?"
)
EXAMPLES = {
    "home": "/srv/engage",
    "database_url": "postgresql+psycopg://engage@db/engage or sqlite:////srv/engage/engage.sqlite",
    "engine": "duckdb, or a Spark master such as spark://spark.example.gov.uk:7077",
    "secret_keys": "two Fernet keys, newest first, separated by a comma",
    "notify_api_key": "name-<service id>-<secret>, as GOV.UK Notify shows it once",
    "notify_base_url": "https://api.notifications.service.gov.uk",
    "base_url": "https://register.example.gov.uk",
    "notify_pace": "40",
    "rehearsal_time": "2026-06-01T09:00:00+01:00",
}


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ENGAGE_", extra="ignore", hide_input_in_errors=True)

    home: Path = Field(Path("var"), description="Folder of the database, the lake, the inbox and the keys.")
    database_url: str = Field("", description="Database; empty means a SQLite file in the home folder.")
    engine: str = Field(DUCKDB, description="What computes households and counts: duckdb, or a Spark master.")
    secret_keys: Annotated[list[SecretStr], NoDecode] = Field(
        default_factory=list,
        description="Fernet keys, newest first; empty means a key file made in the home folder.",
    )
    notify_api_key: SecretStr = Field(SecretStr(""), description="GOV.UK Notify API key; empty sends nothing.")
    notify_base_url: str = Field(
        "https://api.notifications.service.gov.uk", description="Where GOV.UK Notify or the stand-in answers."
    )
    notify_callback_token: SecretStr = Field(
        SecretStr(""), description="Bearer token GOV.UK Notify presents with each receipt."
    )
    notify_pace: float = Field(40, gt=0, le=1000, description="Messages a second over all workers.")
    breaker_after: int = Field(200, ge=1, description="Messages of a wave after which how it is answered is judged.")
    breaker_stops: float = Field(
        5, gt=0, le=100,
        description="Percent of a wave answered by STOP or an unsubscribe above which it pauses by itself.",
    )  # fmt: skip
    breaker_refused: float = Field(
        20, gt=0, le=100,
        description="Percent of a wave sent to addresses or numbers that do not exist above which it pauses by itself.",
    )  # fmt: skip
    base_url: str = Field("http://127.0.0.1:8000", description="Address at which people reach this service.")
    inbox_kept_days: int = Field(
        30, ge=0, description="Days for which files of the inbox lie in done or set-aside before they are removed."
    )
    session_hours: int = Field(8, ge=1, le=24, description="Hours after which a person signs in again.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    demo: bool = Field(False, description="Show the demo data banner.")
    rehearsal_time: datetime | None = Field(None, description="Pretend the service started at this moment.")

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        return [part for part in value.split(",") if part] if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(DATABASE_SCHEMES):
            msg = f"it must begin with {' or '.join(DATABASE_SCHEMES)}"
            raise ValueError(msg)
        return value

    @field_validator("engine")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        if value != DUCKDB and not SPARK_MASTER.fullmatch(value):
            msg = "it must be duckdb, or a Spark master: spark://HOST:PORT, local[CORES] or local-cluster[N,CORES,MB]"
            raise ValueError(msg)
        return value

    @field_validator("notify_base_url", "base_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            msg = "it must begin with http:// or https://"
            raise ValueError(msg)
        return value.rstrip("/")

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.home.absolute() / 'engage.sqlite'}"

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")


SECRET_FIELDS = {"secret_keys", "notify_api_key", "notify_callback_token"}


def load(**overrides: object) -> Settings:
    """Read the environment, or raise SettingsInvalid naming each bad variable, its value and an example."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks each
    except ValidationError as error:
        raise SettingsInvalid(_explain(error, overrides)) from None


def _explain(error: ValidationError, overrides: dict[str, object]) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_context=False):
        field = str(problem["loc"][0])
        variable = f"ENGAGE_{field.upper()}"
        raw = "(hidden)" if field in SECRET_FIELDS else repr(overrides.get(field, os.environ.get(variable, "")))
        reason = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{variable} is {raw}: {reason}. Example: {EXAMPLES.get(field, 'see docs/operators/settings.md')}")
    return "\n".join(lines)
