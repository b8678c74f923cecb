"""Copies of all that is kept, and what came back from one: whoever was written to since the copy was made stands at
GOV.UK Notify and not in its ledger, so nothing leaves before the two were held against each other."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import BigInteger
from sqlmodel import Field, Session, SQLModel, col, select

from campaigns.notify.messages import RETENTION
from campaigns.records.models import MESSAGES, MessageState
from campaigns.records.reply import Reply
from engage.foundation.database import Moment
from engage.foundation.office import Office

TOLD_FOR = timedelta(days=14)  # after which officers know what cannot be known
of = MESSAGES.c


class Backup(SQLModel, table=True):
    """A copy that was made whole. The copy itself does not hold its own row."""

    id: int | None = Field(default=None, primary_key=True)
    copied_at: datetime = Field(sa_type=Moment)
    files: int
    bytes: int = Field(sa_type=BigInteger)


class Restoration(SQLModel, table=True):
    """One authority's data put back from a copy. Nothing of it leaves before `held_at`."""

    id: int | None = Field(default=None, primary_key=True)
    authority: str = Field(max_length=9, index=True)
    copied_at: datetime = Field(sa_type=Moment)
    restored_at: datetime = Field(sa_type=Moment)
    ready_at: datetime | None = Field(default=None, sa_type=Moment)  # once what was due to be forgotten was
    listed_at: datetime | None = Field(default=None, sa_type=Moment)  # when Notify's list was read back to the copy
    asked_to: int = 0  # the last message that Notify was asked for by its reference
    held_at: datetime | None = Field(default=None, sa_type=Moment)
    agreed_at: datetime | None = Field(default=None, sa_type=Moment)
    agreed_by: str = Field(default="", max_length=80)
    agreed_words: str = Field(default="", max_length=400)

    def provable(self, now: datetime) -> bool:
        """Whether Notify's list still goes back to the copy, so that its silence proves something."""
        return now - self.copied_at < RETENTION

    def may_be_held(self, now: datetime) -> bool:
        return self.provable(now) or self.agreed_at is not None


class Departed(SQLModel, table=True):
    """A message in Notify's list that left after the copy was made and that its ledger did not know: its wave was not
    planned yet."""

    reference: str = Field(primary_key=True, max_length=32)
    notify_id: str = Field(max_length=36)
    status: str = Field(max_length=40)
    created_at: datetime = Field(sa_type=Moment)


DEPARTED = SQLModel.metadata.tables[str(Departed.__tablename__)]


def is_held(authority: str) -> sa.ColumnElement[bool]:
    """Whether what an authority sends is held back, as a condition of any query."""
    waits = (col(Restoration.authority) == authority) & col(Restoration.held_at).is_(None)
    return sa.exists(sa.select(col(Restoration.id)).where(waits))


def held(session: Session, authority: str) -> bool:
    return bool(session.execute(sa.select(is_held(authority))).scalar())


def waiting(session: Session) -> list[Restoration]:
    query = select(Restoration).where(col(Restoration.held_at).is_(None)).order_by(col(Restoration.id))
    return list(session.exec(query))


def ready(session: Session, now: datetime) -> None:
    """What was due to be forgotten is, so that what was put back may be shown."""
    session.execute(sa.update(Restoration).where(col(Restoration.ready_at).is_(None)).values(ready_at=now))


def newest(session: Session, authority: str) -> Restoration | None:
    query = select(Restoration).where(Restoration.authority == authority).order_by(col(Restoration.id).desc())
    return session.exec(query.limit(1)).first()


def lately(session: Session, now: datetime, authority: str | None = None) -> Restoration | None:
    """One of which officers still have to be told; the first that holds something back, else the newest."""
    query = select(Restoration).where(col(Restoration.held_at).is_(None) | (col(Restoration.held_at) > now - TOLD_FOR))
    if authority is not None:
        query = query.where(Restoration.authority == authority)
    found = session.exec(query.order_by(col(Restoration.id).desc())).all()
    return next((each for each in found if each.held_at is None), found[0] if found else None)


def last_backup(session: Session) -> Backup | None:
    return session.exec(select(Backup).order_by(col(Backup.id).desc()).limit(1)).first()


def departed(session: Session) -> dict[str, str]:
    """References of what left and no ledger knew, by the part that says which message it is."""
    return {reference[8:]: reference for reference in session.exec(select(Departed.reference))}


def take_departed(office: Office, session: Session, wave_id: int, references: Iterable[str]) -> None:
    """Of messages just planned, those that left before the restoration did leave: they stand as accepted."""
    now = office.clock.now()
    found = session.exec(select(Departed).where(col(Departed.reference).in_(list(references)))).all()
    for each in found:
        mine = (of.wave_id == wave_id) & (of.reference == each.reference)
        session.execute(
            sa.update(MESSAGES).where(mine).values(
                state=MessageState.accepted.value, notify_id=each.notify_id, status=each.status, copies=1, attempts=1,
                claimed_at=each.created_at, sent_at=each.created_at, listed_at=now,
            )
        )  # fmt: skip


def unexplained(session: Session) -> int:
    """How many left that no message here is, as their campaign was made or launched after the copy."""
    name = DEPARTED.c.reference
    ours = (
        sa.select(of.id).where(of.reference == name),
        sa.select(col(Reply.id)).where(col(Reply.answer_reference) == name),
    )
    known = sa.or_(*(each.exists() for each in ours))
    return int(session.execute(sa.select(sa.func.count()).select_from(DEPARTED).where(~known)).scalar_one())


def left_since(session: Session, reference: str) -> bool:
    return session.get(Departed, reference) is not None
