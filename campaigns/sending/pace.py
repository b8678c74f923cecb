"""One pace for every worker of a deployment: Notify's limit counts a key's requests, from wherever they come.

Each takes half a second of slots at a time under a lock on one row, in turn, by the database's clock. A pause after a
RateLimitError moves the row, so it holds for all within that half second; a worker that starts again finds the row
where it was and begins without a burst.
"""

import time

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from campaigns.notify.pace import first_free
from campaigns.records.models import Pace
from engage.foundation.database import Database
from engage.foundation.identity import fingerprint
from engage.foundation.office import Office

PACE = SQLModel.metadata.tables[str(Pace.__tablename__)]


class SharedBook:
    def __init__(self, office: Office) -> None:
        settings = office.settings
        self._database = office.database
        self._key = fingerprint(f"{settings.notify_base_url} {settings.notify_api_key.get_secret_value()}")

    def take(self, slots: int, gap: float) -> float:
        with self._database.session() as session:
            free_at, now = self._locked(session)
            first = first_free(free_at, now)
            self._write(session, first + slots * gap)
        return first - now

    def hold(self, seconds: float) -> None:
        with self._database.session() as session:
            free_at, now = self._locked(session)
            self._write(session, max(first_free(free_at, now), now + seconds))

    def _locked(self, session: Session) -> tuple[float, float]:
        """What the row says, ours alone until the transaction ends, and the time it is then."""
        query = sa.select(PACE.c.free_at).where(PACE.c.key == self._key).with_for_update()
        free_at = session.execute(query).scalar()
        if free_at is None:
            dialect = sqlite if self._database.embedded else postgresql
            session.execute(dialect.insert(PACE).on_conflict_do_nothing().values(key=self._key, free_at=0.0))
            free_at = session.execute(query).scalar_one()
        return free_at, epoch(self._database, session)

    def _write(self, session: Session, free_at: float) -> None:
        session.execute(sa.update(PACE).where(PACE.c.key == self._key).values(free_at=free_at))


def epoch(database: Database, session: Session) -> float:
    """Seconds since 1970 by the database's clock, which is the same for workers on machines whose clocks differ."""
    if database.embedded:
        return time.time()
    return float(session.execute(sa.select(sa.extract("epoch", sa.func.clock_timestamp()))).scalar_one())
