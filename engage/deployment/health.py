"""Is this deployment well: each thing that the service leans on."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from engage.foundation.office import Office
from engage.migrations import current_revision, latest_revision


@dataclass(frozen=True)
class Check:
    name: str
    well: bool
    detail: str


@dataclass(frozen=True)
class Health:
    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        return all(check.well for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        return {"healthy": self.healthy, **{check.name: asdict(check) for check in self.checks}}


def examine(office: Office) -> Health:
    """Each thing the service leans on, in the order to look at when it is ill."""
    return Health((_database(office), _lake(office), _notify(office)))


def _database(office: Office) -> Check:
    try:
        has, wants = current_revision(office.database), latest_revision(office.database)
    except SQLAlchemyError as error:
        return Check("database", well=False, detail=f"cannot be reached ({type(error).__name__})")
    if has != wants:
        return Check("database", well=False, detail=f"is at version {has}, not {wants}: run engage init")
    return Check("database", well=True, detail=f"reachable, at version {has}")


def _lake(office: Office) -> Check:
    try:
        probe = office.lake.stage(".probe")
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Check("lake", well=False, detail=f"cannot be written to: {error.strerror}")
    return Check("lake", well=True, detail="can be written to")


def _notify(office: Office) -> Check:
    """Without a key the service is well, but can only plan."""
    key = office.settings.notify_api_key.get_secret_value()
    return Check("notify", well=True, detail="a key is set" if key else "no key is set: nothing can be sent")
