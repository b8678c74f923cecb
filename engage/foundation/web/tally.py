"""How often and how fast the service answered, by route: counted in each process and added up in the database, so that
the sums are whole, whichever process is asked and however often they start anew.

What residents say is in no count, as one more would tell of one opt-out: routes by which it comes or is entered are
not counted, and of their faults all together are.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from threading import Lock

from anyio import to_thread
from litestar import Litestar
from sqlalchemy import BigInteger
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Field, Session, SQLModel, col, select

from engage.foundation.logs import log
from engage.foundation.office import Office

EVERY = 10.0  # seconds between additions to the database
SLOW = 1.0  # seconds
SERVICE = ("/assets", "/health", "/metrics")  # asked for by machines all day
UNTOLD = ("/r/", "/notify/", "/replies", "/suppressions", "/person")
ANY_UNTOLD = "not told"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
Key = tuple[str, str, int]
Sum = tuple[int, float, int]


class Answered(SQLModel, table=True):
    method: str = Field(primary_key=True, max_length=8)
    route: str = Field(primary_key=True, max_length=120)
    status: int = Field(primary_key=True)
    answers: int = Field(sa_type=BigInteger)
    seconds: float
    slow: int = Field(sa_type=BigInteger)  # of the answers, those that took over a second


class Tally:
    """Of one process."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._lock = Lock()
        self._sums: dict[Key, Sum] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        if route.startswith(SERVICE) or (route.startswith(UNTOLD) and status < 500):
            return
        told = ANY_UNTOLD if route.startswith(UNTOLD) else route
        self._add({(method if method in METHODS else "other", told, status): (1, seconds, int(seconds > SLOW))})

    def _add(self, sums: dict[Key, Sum]) -> None:
        with self._lock:
            for key, (answers, seconds, slow) in sums.items():
                before = self._sums.get(key, (0, 0.0, 0))
                self._sums[key] = (before[0] + answers, before[1] + seconds, before[2] + slow)

    def add_up(self) -> None:
        """What was counted since the last time; kept for the next where the database is away."""
        with self._lock:
            counted, self._sums = self._sums, {}
        if not counted:
            return
        try:
            with self._office.database.session() as session:
                _written(session, counted)
        except SQLAlchemyError as error:
            self._add(counted)
            log().warning("counts not written", why=type(error).__name__)

    async def keep_adding_up(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await to_thread.run_sync(self.add_up)


def _written(session: Session, counted: dict[Key, Sum]) -> None:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    new = dialect.insert(Answered)
    added = {name: col(getattr(Answered, name)) + new.excluded[name] for name in ("answers", "seconds", "slow")}
    rows = [
        {"method": method, "route": route, "status": status, "answers": answers, "seconds": seconds, "slow": slow}
        for (method, route, status), (answers, seconds, slow) in sorted(counted.items())  # so that none wait in a ring
    ]
    session.execute(new.on_conflict_do_update(index_elements=["method", "route", "status"], set_=added), rows)


def sums(session: Session) -> Iterable[Answered]:
    return session.exec(select(Answered).order_by(Answered.route, Answered.method, col(Answered.status))).all()


@contextlib.asynccontextmanager
async def adding_up(app: Litestar) -> AsyncIterator[None]:
    """While the application runs, and once at its end."""
    tally: Tally = app.state.tally
    task = asyncio.create_task(tally.keep_adding_up())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await to_thread.run_sync(tally.add_up)
