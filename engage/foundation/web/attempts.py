"""Failed tries to sign in, counted in the database for every process that answers: by account and by address.

Neither count alone may keep a person out for good. A browser that its owner has signed in with before is counted by
itself, and a link from an administrator is counted by nobody.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Field, Session, SQLModel, col, delete, select

from engage.foundation.database import Moment

LASTS = timedelta(minutes=15)
OF_ACCOUNT, OF_BROWSER, OF_ADDRESS = 10, 10, 100  # a council's officers often share one address


class Attempt(SQLModel, table=True):
    """How often it went wrong within one quarter of an hour, by the keyed hash of whom or where."""

    key: str = Field(primary_key=True, max_length=64)
    failed: int = 0
    ends: datetime = Field(sa_type=Moment, index=True)


def any_spent(session: Session, limits: Iterable[tuple[str, int]], now: datetime) -> bool:
    """Whether one of these has failed as often as it may; each is a key with its limit."""
    return any(_failed(session, key, now) >= most for key, most in limits)


def _failed(session: Session, key: str, now: datetime) -> int:
    found = session.exec(select(Attempt).where(Attempt.key == key, col(Attempt.ends) > now)).first()
    return found.failed if found else 0


def count(session: Session, keys: Iterable[str], now: datetime) -> None:
    session.exec(delete(Attempt).where(col(Attempt.ends) <= now))
    for key in sorted(keys):  # in one order, so that two processes do not wait for each other
        found = session.get(Attempt, key, with_for_update=True) or Attempt(key=key, ends=now + LASTS)
        found.failed += 1
        session.add(found)
    session.flush()


def forget(session: Session, keys: Iterable[str]) -> None:
    session.exec(delete(Attempt).where(col(Attempt.key).in_(list(keys))))
