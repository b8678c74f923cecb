"""Settings from the environment (`ENGAGE_…`); a bad value stops the start and says what would do."""

import ipaddress
import os
import re
from datetime import datetime
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from engage.foundation.errors import SettingsInvalid

DATABASE_SCHEMES = ("sqlite:///", "postgresql+psycopg://")
DUCKDB = "duckdb"
_HOST = r"[\w.-]+:\d{1,5}"
SPARK_MASTER = re.compile(
    rf"spark://{_HOST}(,{_HOST})*|sc://{_HOST}|local-cluster\[[1-9]\d*,[1-9]\d*,[1-9]\d*\]|local(\[([1-9]\d*|\*)\])?"
)
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
LOOPBACK = ("localhost", "127.0.0.1", "::1")  # for what watches the service on its own machine, and the demo
# Variables beside the settings: for options of commands (`engage.commands.caller`), and of the tests.
OPTIONS = ("ENGAGE_AUTHORITY", "ENGAGE_AS")
OF_TESTS = ("ENGAGE_CHROMIUM", "ENGAGE_EXAMPLES", "ENGAGE_PICTURES", "ENGAGE_SHARED", "ENGAGE_SOAK_CLOCK")
GROUP = re.compile(r".*[^=\s]\s*=\s*[a-z][a-z ]*(@[A-Z0-9]{9})?")
MADE_UP = "made-up"  # a file in a home folder whose people do not exist
EXAMPLES = {
    "home": "/srv/engage",
    "database_url": "postgresql+psycopg://engage@db/engage or sqlite:////srv/engage/engage.sqlite",
    "engine": "duckdb, spark://spark.example.gov.uk:7077, or sc://sail.example.gov.uk:50051",
    "secret_keys": "two Fernet keys, newest first, separated by a comma",  # nosec B105  # an example
    "notify_api_key": "name-<service id>-<secret>, as GOV.UK Notify shows it once",
    "notify_base_url": "https://api.notifications.service.gov.uk",
    "base_url": "https://register.example.gov.uk",
    "hosts": "register.example.gov.uk, engage.internal",
    "trusted_proxies": "127.0.0.1, 10.0.0.0/24",
    "upload_quota": "2000",
    "notice_template": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
    "notify_pace": "40",
    "oidc_issuer": "https://login.example.gov.uk/tenant/v2.0",
    "oidc_client_id": "engage",
    "oidc_groups": "Electoral Services=officer; Electoral Services Managers=approver@E07000193",
    "rehearsal_time": "2026-06-01T09:00:00+01:00",
}


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ENGAGE_", extra="ignore", hide_input_in_errors=True)

    home: Path = Field(Path("var"), description="Folder of the database, the lake, the inbox and the keys.")
    database_url: str = Field("", description="Database; empty means a SQLite file in the home folder.")
    engine: str = Field(
        DUCKDB,
        description="What computes the homes of all authorities: duckdb, a Spark master, or a Spark Connect server.",
    )
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
    notice_template: str = Field(
        "",
        description="Template at GOV.UK Notify, by its id, of emails to colleagues, with ((subject)), ((words)) and "
        "((link)); empty sends none.",
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
    hosts: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Names under which this service answers, beside that of ENGAGE_BASE_URL and this machine's own.",
    )
    inbox_kept_days: int = Field(
        30, ge=0, description="Days for which files of the inbox lie in done or set-aside before they are removed."
    )
    upload_quota: int = Field(
        2000, ge=1, description="Megabytes that files of one authority may take while they wait for a decision."
    )
    trusted_proxies: Annotated[list[IPv4Network | IPv6Network], NoDecode] = Field(
        default_factory=list,
        description="Addresses or networks of proxies whose X-Forwarded-For is believed; empty means none.",
    )
    backup_days: int = Field(
        7, ge=0, description="Days after which a copy is due (engage backup create); 0 where copies are made otherwise."
    )
    session_hours: int = Field(8, ge=1, le=24, description="Hours after which a person signs in again.")
    second_factor: bool = Field(
        True, description="Ask for a code of an app at each sign-in with a password; never in the demo."
    )
    local_accounts: Literal["everybody", "administrators"] = Field(
        "everybody", description="Who may sign in with a password where the council's own sign-in is set up."
    )
    oidc_issuer: str = Field("", description="The council's own sign-in: its issuer; empty means there is none.")
    oidc_client_id: str = Field("", description="The name that the council's own sign-in knows Engage by.")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="The secret that the council's own sign-in gave Engage."
    )
    oidc_groups: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="GROUP=ROLE, or GROUP=ROLE@CODE, separated by semicolons; the first that somebody is in counts.",
    )
    oidc_groups_claim: str = Field("groups", description="The claim of the ID token that names somebody's groups.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    demo: bool = Field(False, description="Show the demo data banner.")
    rehearsal_time: datetime | None = Field(None, description="Pretend the service started at this moment.")

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        return [part for part in value.split(",") if part] if isinstance(value, str) else value

    @field_validator("hosts", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("oidc_groups", mode="before")
    @classmethod
    def _split_groups(cls, value: object) -> object:
        """By semicolons, as the name of a group may hold commas: CN=Officers,OU=Elections."""
        return [part.strip() for part in value.split(";") if part.strip()] if isinstance(value, str) else value

    @field_validator("notice_template")
    @classmethod
    def _template_id(cls, value: str) -> str:
        if value and not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value):
            msg = "it must be the id of a template, as GOV.UK Notify shows it"
            raise ValueError(msg)
        return value

    @field_validator("oidc_groups")
    @classmethod
    def _each_with_a_role(cls, value: list[str]) -> list[str]:
        if wrong := next((part for part in value if not GROUP.fullmatch(part)), None):
            msg = f"{wrong!r} must be GROUP=ROLE or GROUP=ROLE@CODE"
            raise ValueError(msg)
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _closed_to_others(cls, value: str) -> str:
        if value and not value.startswith("https://") and not is_loopback(value):
            msg = "it must begin with https://"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """A provider that nobody could come in by is half set up."""
        for field in ("oidc_client_id", "oidc_groups"):
            if self.oidc_issuer and not getattr(self, field):
                msg = f"ENGAGE_{field.upper()} is empty, but ENGAGE_OIDC_ISSUER is set. Example: {EXAMPLES[field]}"
                raise ValueError(msg)
        return self

    @field_validator("hosts")
    @classmethod
    def _names(cls, value: list[str]) -> list[str]:
        if wrong := [name for name in value if not HOST_NAME.fullmatch(name)]:
            msg = f"{wrong[0]!r} is no name of a host: give it without a scheme, a port or a star"
            raise ValueError(msg)
        return [name.lower() for name in value]

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
            msg = (
                "it must be duckdb, or a Spark master: spark://HOST:PORT, local[CORES] or local-cluster[N,CORES,MB], "
                "or a Spark Connect server: sc://HOST:PORT"
            )
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
    def rehearsal(self) -> bool:
        """Whether anything here is made up, the borough or the time, so that no message may really leave."""
        return self.demo or self.rehearsal_time is not None or (self.home / MADE_UP).exists()

    @property
    def asks_second_factor(self) -> bool:
        return self.second_factor and not self.demo

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")

    def cookie(self, name: str) -> str:
        """A browser takes `__Host-` only over https, from this very host and for all of it, so that neither another
        site of the council's domain nor somebody on the way can plant one."""
        return f"__Host-{name}" if self.secure_cookies else name

    @property
    def known_hosts(self) -> frozenset[str]:
        own = urlsplit(self.base_url).hostname or ""
        return frozenset({own, *self.hosts, *LOOPBACK})


SECRET_FIELDS = {"secret_keys", "notify_api_key", "notify_callback_token", "oidc_client_secret"}


def load(**overrides: object) -> Settings:
    """Read the environment, or raise SettingsInvalid naming each bad variable, its value and an example."""
    if unknown := [_unknown(name) for name in sorted(os.environ) if not _known(name)]:
        raise SettingsInvalid("\n".join(unknown))
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks each
    except ValidationError as error:
        raise SettingsInvalid(_explain(error, overrides)) from None
    if settings.notify_api_key.get_secret_value():
        demand_at_home(settings)
    return settings


def variables() -> list[str]:
    """All that begin with ENGAGE_ and mean something."""
    return [*(f"ENGAGE_{field.upper()}" for field in Settings.model_fields), *OPTIONS, *OF_TESTS]


def _known(name: str) -> bool:
    """Upper or lower case, as pydantic reads them."""
    return not name.upper().startswith("ENGAGE_") or name.upper() in variables()


def _unknown(name: str) -> str:
    """Without its value, which may be a key under a mistyped name."""
    nearest = get_close_matches(name.upper(), variables(), n=1, cutoff=0.0)
    return f"{name} is no setting of Engage, so it would have no effect. Did you mean {nearest[0]}? Else remove it."


def demand_at_home(settings: Settings) -> None:
    """A rehearsal speaks to a stand-in on this machine only: residents must not hear of a made-up borough or day."""
    if not settings.rehearsal or is_loopback(settings.notify_base_url):
        return
    raise SettingsInvalid(
        f"ENGAGE_NOTIFY_BASE_URL is {settings.notify_base_url!r}: this is a rehearsal ({_rehearsed(settings)}), which "
        "never speaks to GOV.UK Notify itself. Expected the stand-in on this machine. Example: http://127.0.0.1:6011"
    )


def _rehearsed(settings: Settings) -> str:
    if settings.rehearsal_time is not None:
        return "ENGAGE_REHEARSAL_TIME is set"
    return "ENGAGE_DEMO is set" if settings.demo else f"all contacts in {settings.home} are made up"


def is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _explain(error: ValidationError, overrides: dict[str, object]) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_context=False):
        if not problem["loc"]:  # of several settings: it names them itself
            lines.append(problem["msg"].removeprefix("Value error, "))
            continue
        field = str(problem["loc"][0])
        variable = f"ENGAGE_{field.upper()}"
        raw = "(hidden)" if field in SECRET_FIELDS else repr(overrides.get(field, os.environ.get(variable, "")))
        reason = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{variable} is {raw}: {reason}. Example: {EXAMPLES.get(field, 'see docs/operators/settings.md')}")
    return "\n".join(lines)
