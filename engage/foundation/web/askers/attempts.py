"""Failed tries to sign in, counted in the database for every process that answers: by account and by address.

Neither count alone may keep a person out for good. A browser that its owner has signed in with before is counted by
itself, a code of the second factor beside the password by the address it comes from, and a link from an administrator
by nobody.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, delete, update

from engage.foundation.database import Moment

LASTS = timedelta(minutes=15)
OF_ACCOUNT, OF_BROWSER, OF_ADDRESS = 10, 10, 100  # a council's officers often share one address
OF_CODE, PAST_LOCK = 10, 5  # of a million codes, three hold at a time


class Attempt(SQLModel, table=True):
    """How often it went wrong within one quarter of an hour, by the keyed hash of whom or where."""

    key: str = Field(primary_key=True, max_length=64)
    failed: int = 0
    ends: datetime = Field(sa_type=Moment, index=True)


def taken(session: Session, limits: Mapping[str, int], now: datetime) -> bool:
    """Count one more try for each of these keys, unless one of them has failed as often as it may. Before the password
    is looked at, so that nobody gets more tries by making them at once."""
    forget_over(session, now)
    counts = [_locked(session, key, now) for key in sorted(limits)]  # in one order: two processes never wait in a ring
    if any(found.failed >= limits[found.key] for found in counts):
        return False
    for found in counts:
        found.failed += 1
    return True


def _locked(session: Session, key: str, now: datetime) -> Attempt:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    row = dialect.insert(Attempt).on_conflict_do_nothing().values(key=key, failed=0, ends=now + LASTS)
    session.execute(row)
    return session.get_one(Attempt, key, with_for_update=True, populate_existing=True)


def succeeded(session: Session, own: str, *shared: str) -> None:
    """Of the account or browser nothing is held any more; of the address others' tries are."""
    forget(session, own)
    counted = col(Attempt.key).in_(shared)
    session.exec(update(Attempt).where(counted).values(failed=col(Attempt.failed) - 1))


def forget_over(session: Session, now: datetime) -> None:
    session.exec(delete(Attempt).where(col(Attempt.ends) <= now))


def forget(session: Session, key: str) -> None:
    session.exec(delete(Attempt).where(col(Attempt.key) == key))
