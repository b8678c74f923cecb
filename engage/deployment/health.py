"""Is this deployment well: each thing that the service leans on."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from campaigns.sending import outages
from engage.deployment import lake_files, permissions
from engage.foundation import audit
from engage.foundation.errors import SettingsInvalid
from engage.foundation.office import Office
from engage.foundation.privacy import load_keys
from engage.foundation.words import plural
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
    database = _database(office)
    keys = (_keys(office),) if database.well else ()
    sending = _sending(office) if database.well else (Check("notify", well=True, detail=_key(office)),)
    log = (_audit(office),) if database.well and all(check.well for check in keys) else ()
    return Health((database, *keys, *log, _home(office), _lake(office), *sending))


def _database(office: Office) -> Check:
    try:
        has, wants = current_revision(office.database), latest_revision(office.database)
    except SQLAlchemyError as error:
        return Check("database", well=False, detail=f"cannot be reached ({type(error).__name__})")
    if has != wants:
        return Check("database", well=False, detail=f"is at version {has}, not {wants}: run engage init")
    return Check("database", well=True, detail=f"reachable, at version {has}")


def _home(office: Office) -> Check:
    wrong = permissions.of_home(office)
    return Check("home", well=not wrong, detail=wrong or "no other user of this machine reaches it")


def _lake(office: Office) -> Check:
    try:
        probe = office.lake.stage(".probe")
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Check("lake", well=False, detail=f"cannot be written to: {error.strerror}")
    return Check("lake", well=True, detail="can be written to")


def content(office: Office) -> tuple[Check, ...]:
    """Every file of the lake read whole, and every audit log from its beginning, which takes its time."""
    found, now = lake_files.examine(office), office.clock.now()
    with office.database.reading() as session:
        codes = audit.chains(session)
    logs = {code: audit.verify_all(office.database, code, now) for code in codes}
    told = "; ".join(f"{code}: {verdict.message}" for code, verdict in logs.items())
    return (
        Check("files", well=found.sound, detail=found.sentence),
        Check("logs", well=all(verdict.intact for verdict in logs.values()), detail=told or "there are none yet"),
    )


def _keys(office: Office) -> Check:
    """As they stand now, not as this process opened them."""
    try:
        fingerprint = load_keys(office.settings, office.database).fingerprint
    except SettingsInvalid as error:
        return Check("keys", well=False, detail=str(error))
    return Check("keys", well=True, detail=f"those of the data here, whose hashing key is {fingerprint}")


def _audit(office: Office) -> Check:
    """What is new since the last look."""
    wrong = audit.unsound(office.database, office.clock.now())
    told = "; ".join(f"{code}: {verdict.message}" for code, verdict in wrong.items())
    return Check("audit", well=not wrong, detail=told or "nobody changed what is new since the last look")


def _key(office: Office) -> str:
    """Without a key the service is well, but can only plan."""
    key = office.settings.notify_api_key.get_secret_value()
    return "a key is set" if key else "no key is set: nothing can be sent"


def _sending(office: Office) -> tuple[Check, ...]:
    """As the workers last saw it."""
    with office.database.reading() as session:
        workers = outages.awake(office, session)
        ill = {outage.kind: outage.words for outage in outages.outages(office, session)}
    running = plural(len(workers), "worker") + " running" if workers else "none is running, and none is needed now"
    nobody = "no worker is running that could say"
    fine = {
        "worker": running, "notify": _key(office) + (", and it answers" if workers else ""),
        "pace": "as set" if workers else nobody, "callbacks": "none is overdue" if workers else nobody,
    }  # fmt: skip
    return tuple(Check(kind, well=kind not in ill, detail=ill.get(kind, words)) for kind, words in fine.items())
