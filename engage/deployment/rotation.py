"""Master keys changed while the service runs: what they wrap is wrapped anew, and what was encrypted or hashed
stays."""

from dataclasses import dataclass

from sqlmodel import col, select

from engage.foundation import audit, data_keys
from engage.foundation.data_keys import HASHING, DataKey
from engage.foundation.errors import InputRefused
from engage.foundation.identity import Authority
from engage.foundation.office import Office
from engage.foundation.words import plural

FIRST = (
    "Every key is wrapped by the newest, {newest}, already. Put a new one before it and start everything again, then "
    "run this: ENGAGE_SECRET_KEYS=NEW,OLD. A key is made by: engage keys new"
)


@dataclass(frozen=True)
class Rotated:
    newest: str  # fingerprint of the master key
    wrapped: int
    retired: tuple[str, ...]  # fingerprints of those that wrap nothing any more
    dropped: int = 0

    @property
    def message(self) -> str:
        done = f"{plural(self.wrapped, 'key')} wrapped by {self.newest}."
        if self.dropped:
            return f"{done} {plural(self.dropped, 'old key')} removed from the key file."
        held = ", ".join(self.retired)
        return f"{done} Of no more use: {held}. Drop what you no longer trust." if held else done


@dataclass(frozen=True)
class MasterKey:
    fingerprint: str
    wraps: int
    newest: bool


def listed(office: Office) -> list[MasterKey]:
    """Those that stand here, and those that the data needs besides. Opens nothing, so it also helps with wrong ones."""
    standing = office.master_keys()
    wraps: dict[str, int] = dict.fromkeys(standing.fingerprints if standing else (), 0)
    if data_keys.read(office.database, HASHING):
        with office.database.reading() as session:
            for by in session.exec(select(DataKey.wrapped_by).where(col(DataKey.destroyed_at).is_(None))):
                wraps[by] = wraps.get(by, 0) + 1
    newest = standing.fingerprints[0] if standing else ""
    return [MasterKey(each, count, each == newest) for each, count in wraps.items()]


def rotate(office: Office, *, drop_old: bool = False) -> Rotated:
    """Begun again after a crash it goes on; while it goes on, both keys open. `drop_old` then takes the old ones out of
    the key file."""
    masters = office.keys.masters
    if not drop_old and not _under_way(office):
        if masters.file is None:
            raise InputRefused(FIRST.format(newest=masters.fingerprints[0]))
        masters.renew()
    wrapped = data_keys.wrap_again(office.database, office.keys, office.clock.now())
    newest, *retired = masters.fingerprints
    dropped = _drop(office, newest) if drop_old else 0
    found = Rotated(newest, wrapped, tuple(retired), dropped)
    _record(office, found)
    return found


def _under_way(office: Office) -> bool:
    with office.database.reading() as session:
        return bool(data_keys.waiting(session, office.keys.masters.fingerprints[0]))


def _drop(office: Office, newest: str) -> int:
    """While nobody else can wrap a key."""
    masters = office.keys.masters
    if masters.file is None:
        raise InputRefused(
            "The keys stand in ENGAGE_SECRET_KEYS: take the old ones out there, and start everything again."
        )
    with office.database.session() as session:
        data_keys.establish(session, office.keys, office.clock.now())
        if data_keys.waiting(session, newest):
            raise InputRefused("A key was wrapped by an old one at this moment. Run it again.")
        return masters.drop(newest)


def _record(office: Office, found: Rotated) -> None:
    with office.database.session() as session:
        for authority in session.exec(select(Authority.code).order_by(Authority.code)):
            audit.record(
                session, authority=authority, at=office.clock.now(), actor="command", act="rotate keys",
                subject=f"key {found.newest}", wrapped=found.wrapped, dropped=found.dropped,
            )  # fmt: skip
