"""Operational state in SQLite (embedded) or PostgreSQL, through one session factory."""

import json
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    TypeDecorator,
    any_,
    bindparam,
    event,
    func,
    select,
)
from sqlalchemy import create_engine as sqlalchemy_engine
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlmodel import Session, SQLModel

from engage.foundation.errors import InputRefused
from engage.foundation.folders import PRIVATE_FILE, own_folder

# Names for constraints, so that a migration can drop one on either database.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA: MetaData = SQLModel.metadata


class Moment(TypeDecorator[datetime]):
    """A moment in UTC that comes back with its time zone from SQLite too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


REMEMBERED = 60.0  # seconds after a change was refused for which pages say that none can be made


class Database:
    def __init__(self, url: str, info: dict[str, Any] | None = None) -> None:
        """`info` goes with every session: under `keys` what opens the keys, by which the audit log is signed."""
        self.url = url
        self._info = info or {}
        self._refused = -REMEMBERED
        self.engine = create_engine(url)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on any error."""
        with Session(self.engine, expire_on_commit=False, info=self._info) as session, session.begin():
            yield session

    @contextmanager
    def bulk(self) -> Iterator[Session]:
        """A transaction among many of thousands of rows each."""
        with (
            self.engine.connect() as connection,
            _long_log(connection),
            Session(connection, expire_on_commit=False, info=self._info) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads, for as long as it takes: on SQLite it keeps nobody from writing meanwhile."""
        reading = self.engine.execution_options(reading=True)
        with Session(reading, expire_on_commit=False, info=self._info) as session, session.begin():
            yield session

    @contextmanager
    def erasing(self) -> Iterator[Session]:
        """A transaction of which SQLite leaves nothing in its file or its log: what it writes over or deletes is gone.
        PostgreSQL keeps old rows until it vacuums."""
        with (
            self.engine.connect() as connection,
            Session(connection, expire_on_commit=False, info=self._info) as session,
        ):
            own = connection.connection.driver_connection
            if self.embedded and own is not None:
                own.execute("PRAGMA secure_delete=ON").close()
            try:
                with session.begin():
                    yield session
            finally:
                if self.embedded and own is not None:
                    own.execute("PRAGMA secure_delete=OFF").close()
                    own.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

    def vacuum(self) -> bool:
        """So that what was changed or deleted lies in the files no more, but for PostgreSQL's own log; False where
        others are at work there, as SQLite then waits in vain."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            own: Any = connection.connection.driver_connection
            try:
                own.execute("VACUUM").close()
                if self.embedded:
                    own.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            except connection.dialect.loaded_dbapi.OperationalError:
                return False
        return True

    @property
    def exists(self) -> bool:
        """Whether there is anything to connect to; asking leaves no file behind."""
        return not self.embedded or Path(self.url.removeprefix("sqlite:///")).is_file()

    def refused(self) -> None:
        """A change was, which pages then say before anybody types another."""
        self._refused = time.monotonic()

    @property
    def takes_no_changes(self) -> bool:
        return time.monotonic() - self._refused < REMEMBERED

    @property
    def embedded(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        self.engine.dispose()


def among(column: Column[Any], values: Collection[Any], *, embedded: bool) -> ColumnElement[bool]:
    """`column IN values` with one parameter, as hundreds are else rendered and parsed each time."""
    if embedded:
        return column.in_(select(func.json_each(json.dumps(list(values))).table_valued("value").c.value))
    return column == any_(bindparam(None, list(values), type_=ARRAY(column.type)))


CONNECTED_WITHIN = 10  # seconds, where a server says nothing at all


def create_engine(url: str) -> Engine:
    # Parameters hold personal data, which an error message or a log must never show.
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        own_folder(path.parent)
        engine = sqlalchemy_engine(url, hide_parameters=True, connect_args={"timeout": 30})
        event.listen(engine, "connect", lambda connection, _record: _close_to_others(connection, path))
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_writing)
    else:
        engine = sqlalchemy_engine(
            url, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=20,
            connect_args={"connect_timeout": CONNECTED_WITHIN},
        )  # fmt: skip
    event.listen(engine, "handle_error", _say_what_cannot_be_kept)
    return engine


def _say_what_cannot_be_kept(context: ExceptionContext) -> None:
    """A number, day or text beyond what either database takes was given by somebody, and is no fault of ours."""
    if isinstance(context.original_exception, (OverflowError, UnicodeEncodeError)) or isinstance(
        context.sqlalchemy_exception, DataError
    ):
        raise InputRefused("A number, a date or a text in it is beyond what can be kept. Nothing was changed.")


def _close_to_others(connection: Any, path: Path) -> None:
    """Before its log is made, which takes its rights. Never by opening the file: closing that again would end every
    lock that SQLite holds on it in this process."""
    connection.execute("PRAGMA schema_version").close()  # which makes the file
    with suppress(PermissionError):  # another user's, whom the start of the service tells of
        path.chmod(PRIVATE_FILE)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    # FULL, as a commit must outlive a power cut: the ledger says that a message leaves before it does.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}").close()


LOG_PAGES, LONG_LOG_PAGES = 1000, 32_000  # the first is SQLite's own choice; 4 kB each


@contextmanager
def _long_log(connection: Connection) -> Iterator[None]:
    """SQLite copies its log into the database more rarely, which for rows that go to the same few pages again and again
    is less to write. A longer log would make each small transaction slower, so it is long for this connection only."""
    own = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or own is None:
        yield
        return
    own.execute(f"PRAGMA wal_autocheckpoint={LONG_LOG_PAGES}").close()
    try:
        yield
    finally:
        own.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}").close()


READ_ONLY = "25006"  # of PostgreSQL: a standby, or a server that was told to take no changes


def refuses_changes(error: DBAPIError) -> bool:
    """Whether the database can be read and takes no changes: a standby, or a file that nobody here may write."""
    told = error.orig
    return getattr(told, "sqlstate", "") == READ_ONLY or "readonly database" in str(told)


def _begin_writing(connection: Any) -> None:
    # A transaction that reads first and writes later fails with "database is locked" if another wrote
    # between; taking the write lock at the start makes it wait its turn instead.
    reads = connection.get_execution_options().get("reading", False)
    try:
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
    except OperationalError as error:
        if not refuses_changes(error):
            raise
        connection.exec_driver_sql("BEGIN")  # so that what only reads goes on; what writes is refused then
