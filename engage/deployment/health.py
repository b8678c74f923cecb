"""Is this deployment well: each thing that the service leans on, in the order to look at when it is ill.

Quickly, for `/health` and whoever looks often: without the network and without reading files, from the database, from
the disk and from what the workers wrote down. Afresh, with `deep`: GOV.UK Notify is asked, the disk written to, and
what `DEEP` lists besides.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from campaigns.notify.client import service
from campaigns.notify.errors import NotifyError
from campaigns.notify.messages import RETENTION, Notify
from campaigns.records import copies
from campaigns.records.models import Message, Watch
from campaigns.sending import outages
from engage.deployment import lake_files, permissions
from engage.foundation import audit
from engage.foundation.database import Database
from engage.foundation.errors import SettingsInvalid
from engage.foundation.lake import Snapshot
from engage.foundation.office import Office
from engage.foundation.privacy import load_keys
from engage.foundation.words import moment, number, plural
from engage.migrations import current_revision, latest_revision

CLOCK_OFF = 20.0  # seconds; at 30 Notify refuses every message
QUEUE_OLD = timedelta(days=1)
LEAST_FREE = 500_000_000  # bytes, as a table of homes and a database's log need room at once
WRITTEN = 1 << 20  # bytes, by `deep`
ANEW = 5.0  # seconds for which a deployment that was well is taken to be
NOBODYS = "engage-check"  # a reference that no message has


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


def examine(office: Office, *, deep: bool = False) -> Health:
    database = _database(office.database)
    if not database.well:
        return Health((database, _home(office), _disk(office), Check("notify", well=True, detail=_key(office))))
    keys = _keys(office)
    with office.database.reading() as session:
        found = {
            check.name: check
            for check in (
                database, keys, *_audit(office, keys), _home(office), _disk(office), _lake(office, session),
                *_sending(office, session), _backup(office, session), *_restored(office, session),
            )
        }  # fmt: skip
    if deep:
        found |= {check.name: check for look in DEEP for check in look(office)}
    return Health(tuple(found.values()))


_SEEN: WeakKeyDictionary[Office, tuple[float, Health]] = WeakKeyDictionary()


def lately(office: Office) -> Health:
    """Well for `ANEW` seconds where it was well, for who asks often; what was ill is looked at each time, and whether
    the database answers, as nothing here goes on without it."""
    at, health = _SEEN.get(office, (0.0, None))
    if not (health and health.healthy and time.monotonic() - at < ANEW and _answers(office.database)):
        health = examine(office)
        _SEEN[office] = time.monotonic(), health
    return health


def _answers(database: Database) -> bool:
    try:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("select 1")
    except SQLAlchemyError:
        return False
    return True


def _database(database: Database) -> Check:
    try:
        has, wants = current_revision(database), latest_revision()
    except SQLAlchemyError as error:
        return Check("database", well=False, detail=f"cannot be reached ({type(error).__name__})")
    if has != wants:
        return Check("database", well=False, detail=f"is at version {has}, not {wants}: run engage init")
    return Check("database", well=True, detail=f"reachable, at version {has}")


def _home(office: Office) -> Check:
    wrong = permissions.of_home(office)
    return Check("home", well=not wrong, detail=wrong or "no other user of this machine reaches it")


def _disk(office: Office, written: int = 1) -> Check:
    """A full disk takes new names and no more bytes."""
    try:
        probe = office.lake.stage(".probe")
        try:
            probe.write_bytes(bytes(written))
            same = probe.read_bytes() == bytes(written)
        finally:
            probe.unlink(missing_ok=True)
        free = shutil.disk_usage(probe.parent).free
    except OSError as error:
        return Check("disk", well=False, detail=f"the lake cannot be written to: {error.strerror}")
    if not same:
        return Check("disk", well=False, detail="the disk of the lake gives back other bytes than were written")
    return Check("disk", well=free >= LEAST_FREE, detail=f"can be written to, {free / 1e9:,.1f} GB free")


def _lake(office: Office, session: Session) -> Check:
    """Whether each file that counts is there; of what was undone a purge removes them."""
    paths = session.exec(select(Snapshot.path).where(col(Snapshot.undone_at).is_(None))).all()
    lost = [path for path in paths if not (office.lake.root / path).is_file()]
    if lost:
        told = f"{number(len(lost))} of {plural(len(paths), 'file')} not there, the first lake/{lost[0]}"
        return Check("lake", well=False, detail=f"{told}: restore them from a copy")
    return Check("lake", well=True, detail=f"{plural(len(paths), 'file')}, all there")


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


def _audit(office: Office, keys: Check) -> Iterator[Check]:
    """What is new since the last look; with other keys than those of the data nothing can be said."""
    if not keys.well:
        return
    wrong = audit.unsound(office.database, office.clock.now())
    told = "; ".join(f"{code}: {verdict.message}" for code, verdict in wrong.items())
    yield Check("audit", well=not wrong, detail=told or "nobody changed what is new since the last look")


def _key(office: Office) -> str:
    """Without a key the service is well, but can only plan."""
    key = office.settings.notify_api_key.get_secret_value()
    return "a key is set" if key else "no key is set: nothing can be sent"


def _sending(office: Office, session: Session) -> Iterator[Check]:
    """As the workers last saw it."""
    workers = outages.awake(office, session)
    ill = {outage.kind: outage.words for outage in outages.outages(office, session)}
    running = plural(len(workers), "worker") + " running" if workers else "none is running, and none is needed now"
    nobody = "no worker is running that could say"
    fine = {
        "worker": running, "notify": _key(office) + (", and it answers" if workers else ""),
        "pace": "as set" if workers else nobody, "callbacks": "none is overdue" if workers else nobody,
    }  # fmt: skip
    for kind, words in fine.items():
        yield Check(kind, well=kind not in ill, detail=ill.get(kind, words))
    yield _clock(next((watch.clock_off for watch in workers if watch.clock_off is not None), None))
    yield _queue(office, workers)


def _clock(off: float | None) -> Check:
    if off is None:
        return Check("clock", well=True, detail="no worker is running that has heard GOV.UK Notify’s")
    told = f"{abs(off):.0f} seconds {'behind' if off > 0 else 'ahead of'} GOV.UK Notify’s"
    if abs(off) < CLOCK_OFF:
        return Check("clock", well=True, detail=f"within {max(abs(off), 1):.0f} s of GOV.UK Notify’s")
    return Check("clock", well=False, detail=f"{told}, which refuses all from 30 on: set this machine’s clock")


def _queue(office: Office, workers: Sequence[Watch]) -> Check:
    since = min((watch.queued_since for watch in workers if watch.queued_since), default=None)
    if since is None:
        return Check("queue", well=True, detail="nothing waits that may leave" if workers else "no worker says")
    old = office.clock.now() - since > QUEUE_OLD
    return Check("queue", well=not old, detail=f"what may leave has waited since {moment(since)}")


def _backup(office: Office, session: Session) -> Check:
    """Ill where what was imported has been here for longer than a copy may be old, and none is younger."""
    days, last = office.settings.backup_days, copies.last_backup(session)
    told = f"the last was made on {moment(last.copied_at)}" if last else "none has been made (engage backup create)"
    if not days or office.settings.rehearsal:
        return Check("backup", well=True, detail=told)
    before = office.clock.now() - timedelta(days)
    first = session.exec(select(Snapshot.made_at).order_by(col(Snapshot.made_at)).limit(1)).first()
    fresh = last is not None and last.copied_at > before
    well = fresh or first is None or first > before
    return Check("backup", well=well, detail=told if well else f"{told}, and one is due every {plural(days, 'day')}")


def _restored(office: Office, session: Session) -> Iterator[Check]:
    now = office.clock.now()
    if found := copies.lately(session, now):
        yield Check("restored", well=found.held_at is not None, detail=outages.told(found, now))


def _disk_afresh(office: Office) -> Iterator[Check]:
    yield _disk(office, WRITTEN)


def _notify_afresh(office: Office) -> Iterator[Check]:
    """Without a key there is nobody to ask."""
    try:
        notify = service(office.settings)
        if notify is None:
            return
        notify.find(NOBODYS)
        yield Check("notify", well=True, detail=f"answers; {_kind_of_key(office, notify)}")
    except (NotifyError, SettingsInvalid) as error:
        yield Check("notify", well=False, detail=str(error))
        return
    yield _clock(getattr(notify, "clock_off", None))


def _kind_of_key(office: Office, notify: Notify) -> str:
    """Notify says it of no key. But each kind of key lists its own messages alone, and only a live one's cost."""
    lately = col(Message.sent_at) > office.clock.now() - RETENTION
    billed = select(Message.reference).where(lately, col(Message.cost) > 0).order_by(col(Message.id).desc())
    with office.database.reading() as session:
        reference = session.exec(billed.limit(1)).first()
    if reference is None:
        return "whether its key is a live one shows once a text or letter was billed"
    same = bool(notify.find(reference))
    return "its key is a live one" if same else "its key is of another kind than the one that sent before"


# What `--deep` asks besides: each gives checks, which take the place of those of the same name.
DEEP: tuple[Callable[[Office], Iterable[Check]], ...] = (_disk_afresh, content, _notify_afresh)
