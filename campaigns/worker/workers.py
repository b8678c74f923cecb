"""Which worker processes live, over one PostgreSQL: each says so every few seconds, by the database's clock."""

import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
import structlog
from sqlmodel import SQLModel

from campaigns.records.models import Worker
from campaigns.sending.pace import epoch
from engage.foundation.database import Database

WORKERS = SQLModel.metadata.tables[str(Worker.__tablename__)]
BEAT = 10.0  # seconds
GONE = 60.0  # seconds without a word after which others take up what it left
log = structlog.get_logger()


@contextmanager
def enrolled(database: Database) -> Iterator[str]:
    """A name no other worker ever had, among those that live while the block lasts."""
    name, left = uuid.uuid4().hex, threading.Event()
    if database.embedded:  # one worker, so whatever another left is its own to take up
        yield name
        return
    _beat(database, name)
    pulse = threading.Thread(target=_pulse, args=(database, name, left), name="pulse", daemon=True)
    pulse.start()
    try:
        yield name
    finally:
        left.set()
        pulse.join()
        with database.session() as session:
            session.execute(sa.delete(WORKERS).where(WORKERS.c.id == name))


def _pulse(database: Database, name: str, left: threading.Event) -> None:
    while not left.wait(BEAT):
        try:
            _beat(database, name)
        except sa.exc.SQLAlchemyError as error:
            log.warning("pulse missed", why=type(error).__name__)


def _beat(database: Database, name: str) -> None:
    with database.session() as session:
        now = epoch(database, session)
        seen = session.execute(sa.update(WORKERS).where(WORKERS.c.id == name).values(seen=now))
        if not getattr(seen, "rowcount", 0):
            session.execute(sa.insert(WORKERS).values(id=name, host=socket.gethostname()[:120], seen=now))


def alive(database: Database) -> set[str]:
    """The names of those heard of lately; the others are struck off."""
    with database.session() as session:
        gone = WORKERS.c.seen < epoch(database, session) - GONE
        session.execute(sa.delete(WORKERS).where(gone))
        return set(session.execute(sa.select(WORKERS.c.id)).scalars())
