"""The lookout of a worker: each half minute, beside its work, it writes down what it sees for those who read
`campaigns.sending.outages`.

It asks GOV.UK Notify something small, as nothing else may be asked for hours, and counts what the worker got done.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
import structlog
from sqlmodel import SQLModel

from campaigns.notify.errors import ForEverybody, NotifyError
from campaigns.notify.messages import Notify
from campaigns.records.models import Watch
from campaigns.sending import outages
from campaigns.sending.pace import epoch
from engage.foundation.office import Office

EVERY = 30.0  # seconds
ANSWERS_WITHIN = 10.0  # seconds
NOBODYS = "engage-lookout"  # a reference that no message has
FORGOTTEN = 600.0  # seconds after which what a worker saw that is gone is removed
WATCHES = SQLModel.metadata.tables[str(Watch.__tablename__)]
log = structlog.get_logger()


class Tally(Protocol):
    """What the worker has got done since it started."""

    handled: int  # messages of which it is known what became of them
    lost: int  # messages whose sending got no answer


class Lookout:
    def __init__(self, office: Office, notify: Notify, tally: Tally) -> None:
        self._office, self._notify, self._tally = office, notify, tally
        self.worker = uuid.uuid4().hex
        self._before = (time.monotonic(), tally.handled, tally.lost)
        self._was_ready = False
        self._away_since: datetime | None = None
        self._asking: Future[Any] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="lookout-asks")

    def look(self) -> None:
        """Look once, and write it down."""
        now, handled, lost = time.monotonic(), self._tally.handled, self._tally.lost
        at, handled_then, lost_then = self._before
        self._before = (now, handled, lost)
        says = self._asked() or _unanswered(handled - handled_then, lost - lost_then)
        self._away_since = (self._away_since or self._office.clock.now()) if says else None
        with self._office.database.reading() as session:
            ready = outages.ready(self._office, session)
            silent = outages.silent_since(self._office, session)
            queued = outages.queued_since(session) if ready else None
        waited, self._was_ready = ready and self._was_ready, ready
        self._write(
            notify=says[:200], notify_since=self._away_since, silent_since=silent, waiting=waited,
            rate=(handled - handled_then) / max(now - at, 1.0), clock_off=getattr(self._notify, "clock_off", None),
            queued_since=queued,
        )  # fmt: skip

    def _asked(self) -> str:
        """What is wrong with GOV.UK Notify; empty where it answers. A question that hangs is not asked twice."""
        if self._asking is None or self._asking.done():
            self._asking = self._pool.submit(lambda: self._notify.find(NOBODYS))
        wait([self._asking], timeout=ANSWERS_WITHIN)
        if not self._asking.done():
            return "it does not answer."
        error = self._asking.exception()
        if error is None:
            return ""
        if isinstance(error, ForEverybody):
            return f"{error.what} ({error.said}). {error.remedy}."
        return str(error) if isinstance(error, NotifyError) else f"it could not be asked ({type(error).__name__})."

    def _write(self, **saw: Any) -> None:
        with self._office.database.session() as session:
            seen = epoch(self._office.database, session)
            mine = WATCHES.c.worker == self.worker
            gone = WATCHES.c.seen < seen - FORGOTTEN
            session.execute(sa.delete(WATCHES).where(gone if not self._office.database.embedded else ~mine))
            if not getattr(session.execute(sa.update(WATCHES).where(mine).values(seen=seen, **saw)), "rowcount", 0):
                session.execute(sa.insert(WATCHES).values(worker=self.worker, seen=seen, **saw))

    def leave(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._office.database.session() as session:
            session.execute(sa.delete(WATCHES).where(WATCHES.c.worker == self.worker))


def _unanswered(handled: int, lost: int) -> str:
    return f"of the last {lost} messages none got an answer." if lost and not handled else ""


@contextmanager
def watching(office: Office, notify: Notify, tally: Tally) -> Iterator[Lookout]:
    """In a thread of its own, which a long step of the work does not hold up, while the block lasts."""
    lookout, left = Lookout(office, notify, tally), threading.Event()
    keeping = threading.Thread(target=_keep, args=(lookout, left), name="lookout", daemon=True)
    keeping.start()
    try:
        yield lookout
    finally:
        left.set()
        keeping.join()
        _try(lookout.leave)


def _keep(lookout: Lookout, left: threading.Event) -> None:
    following = time.monotonic()
    while not left.is_set():
        _try(lookout.look)
        following = max(following + EVERY, time.monotonic())
        left.wait(following - time.monotonic())


def _try(act: Callable[[], None]) -> None:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever is wrong once, as the database away, it looks again
        log.warning("lookout missed", why=type(error).__name__)
