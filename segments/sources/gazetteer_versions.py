"""Which gazetteer stood after which, in an order without gaps: what other systems read the changes of properties by.

Whatever makes another snapshot the current one (an import, an undo) notes it in its own transaction, after the audit
log has put the acts of one authority in a row. `stamp` tells a version from one of the same number that a restored copy
no longer has.
"""

import secrets
from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation.clock import at_london
from engage.foundation.database import Moment
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot, current


class GazetteerVersion(SQLModel, table=True):
    """From the snapshot `before` to `snapshot_id`; None where there was no gazetteer."""

    __tablename__ = "gazetteer_version"
    __table_args__ = (UniqueConstraint("authority", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    number: int
    stamp: str = Field(max_length=16)
    before_id: int | None = None
    snapshot_id: int | None = None
    at: datetime = Field(sa_type=Moment)


def note(session: Session, authority: str, at: datetime) -> None:
    """That the current gazetteer is another one than was noted last, if it is."""
    session.flush()
    if not _is_another(session, authority):
        return
    session.exec(select(Authority).where(Authority.code == authority).with_for_update()).first()
    if _is_another(session, authority):  # looked at again, as nobody else can note one now
        now, last = current(session, authority, "gazetteer"), newest(session, authority)
        now_id, last_id = now.id if now else None, last.snapshot_id if last else None
        session.add(GazetteerVersion(
            authority=authority, number=last.number + 1 if last else 1, stamp=secrets.token_hex(8), before_id=last_id,
            snapshot_id=now_id, at=at,
        ))  # fmt: skip


def _is_another(session: Session, authority: str) -> bool:
    now, last = current(session, authority, "gazetteer"), newest(session, authority)
    return (now.id if now else None) != (last.snapshot_id if last else None)


def newest(session: Session, authority: str) -> GazetteerVersion | None:
    query = select(GazetteerVersion).where(GazetteerVersion.authority == authority)
    return session.exec(query.order_by(col(GazetteerVersion.number).desc()).limit(1)).first()


def since(session: Session, authority: str, day: date) -> list[GazetteerVersion]:
    """Those noted from the beginning of a day on."""
    query = select(GazetteerVersion).where(
        GazetteerVersion.authority == authority, GazetteerVersion.at >= at_london(day, 0)
    )
    return list(session.exec(query.order_by(col(GazetteerVersion.number))))


def numbered(session: Session, authority: str, number: int) -> GazetteerVersion | None:
    query = select(GazetteerVersion).where(
        GazetteerVersion.authority == authority, GazetteerVersion.number == number
    )  # fmt: skip
    return session.exec(query).first()


def snapshots(session: Session, version: GazetteerVersion) -> tuple[Snapshot | None, Snapshot | None]:
    """What it came from and what it came to."""
    before = session.get(Snapshot, version.before_id) if version.before_id else None
    return before, session.get(Snapshot, version.snapshot_id) if version.snapshot_id else None
