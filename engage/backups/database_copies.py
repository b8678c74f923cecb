"""A database copied while others write to it, and put back whole or not at all: SQLite by its own backup, PostgreSQL by
pg_dump and pg_restore, whose errors may repeat rows, so that only their first line is told."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import select

from engage.backups.manifest import Part, part
from engage.foundation.data_keys import HASHING, DataKey
from engage.foundation.database import Database
from engage.foundation.errors import InputRefused
from engage.foundation.folders import PRIVATE_FILE, claim, own_folder
from engage.foundation.identity import Authority
from engage.foundation.lake import Snapshot

LEDGER, ROUNDS, DUMP = "database/engage.sqlite", "database/work.sqlite", "database/engage.dump"
TOOLS = ("pg_dump", "pg_restore", "psql")


@dataclass
class Described:
    """What the copy of a database says of itself."""

    revision: str
    authorities: list[str]
    master_keys: list[str]
    hashing_key: str
    wanted: set[str] = field(default_factory=set)  # files of the lake that must be there
    beside: set[str] = field(default_factory=set)  # and those named in a report, which retention may have taken


def describe(connection: sa.Connection) -> Described:
    keys = connection.execute(select(DataKey.id, DataKey.wrapped_by, DataKey.fingerprint, DataKey.destroyed_at)).all()
    revision = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
    found = Described(
        revision=str(revision),
        authorities=list(connection.execute(select(Authority.code).order_by(Authority.code)).scalars()),
        master_keys=sorted({row.wrapped_by for row in keys if row.destroyed_at is None}),
        hashing_key=next((row.fingerprint for row in keys if row.id == HASHING), ""),
    )
    for path, report, undone in connection.execute(select(Snapshot.path, Snapshot.report, Snapshot.undone_at)):
        (found.beside if undone else found.wanted).add(path)  # purge removes the file of an import undone
        found.beside |= {value for value in _texts(report) if _lies_in_lake(value)}
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _lies_in_lake(text: str) -> bool:
    """`E07000193/register/….parquet`, as `Lake.adopt` names files."""
    parts = text.split("/")
    return len(parts) == 3 and len(parts[0]) == 9 and parts[0].isalnum() and ".." not in parts and "." in parts[2]


def copy(database: Database, home: Path, folder: Path) -> tuple[Described, dict[str, Part]]:
    own_folder(folder / "database")
    return (_copy_sqlite if database.embedded else _dump)(database, home, folder)


def _copy_sqlite(database: Database, home: Path, folder: Path) -> tuple[Described, dict[str, Part]]:
    sources = {LEDGER: Path(database.url.removeprefix("sqlite:///")), ROUNDS: home / "work.sqlite"}
    for name, source in sources.items():
        if source.is_file():
            _back_up(source, claim(folder / name))
    engine = sa.create_engine(f"sqlite:///{folder / LEDGER}")
    with engine.connect() as connection:
        described = describe(connection)
    engine.dispose()
    return described, {name: part(folder / name) for name in sources if (folder / name).is_file()}


def _back_up(source: Path, target: Path) -> None:
    """In one step: beside a log it is a reader like others, and in several it would begin again with each write."""
    with _opened(source) as live, _opened(target) as copied:
        live.backup(copied, pages=-1)
        copied.execute("PRAGMA journal_mode=DELETE").close()  # one file
    with target.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def _dump(database: Database, _home: Path, folder: Path) -> tuple[Described, dict[str, Part]]:
    """Rows and what they say of the lake as of one moment, by a snapshot that pg_dump shares."""
    with (
        database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
    ):
        snapshot = connection.execute(sa.text("SELECT pg_export_snapshot()")).scalar_one()
        described = describe(connection)
        _run(
            database, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}",
            f"--file={claim(folder / DUMP)}", f"--dbname={_target(database)}",
        )  # fmt: skip
    with (folder / DUMP).open("rb") as file:
        os.fsync(file.fileno())
    return described, {DUMP: part(folder / DUMP)}


def _target(database: Database) -> str:
    url = sa.make_url(database.url)
    return url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _environment(database: Database) -> dict[str, str]:
    """The password where no list of processes shows it."""
    password = sa.make_url(database.url).password
    return {**os.environ, "PGCONNECT_TIMEOUT": "10", "PGTZ": "UTC"} | (
        {"PGPASSWORD": str(password)} if password else {}
    )


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise InputRefused(
            f"{name} is not on the PATH: copies of PostgreSQL need its own programs, of the server's version or newer."
        )
    return found


def _run(database: Database, name: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL's with our own arguments  # nosec B603
        [_tool(name), *arguments], env=_environment(database), capture_output=True, text=True, check=False
    )
    _demand_done(name, done.returncode, done.stderr)


def _demand_done(name: str, code: int, said: str) -> None:
    if code:
        first = next(iter(said.strip().splitlines()), f"{name} ended with {code}")
        raise InputRefused(f"{first[:200]}. Nothing was kept of it.")


def unreadable(folder: Path) -> str:
    """What is wrong with the database of a copy, read from its beginning to its end; empty where nothing is."""
    if (folder / DUMP).is_file():
        done = subprocess.run(  # noqa: S603 - as above  # nosec B603
            [_tool("pg_restore"), "--file=/dev/null", str(folder / DUMP)], capture_output=True, text=True, check=False
        )
        return "" if done.returncode == 0 else f"{DUMP} cannot be read by pg_restore."
    for name in (LEDGER, ROUNDS):
        if (folder / name).is_file() and not _sound(folder / name):
            return f"{name} is no sound SQLite database."
    return ""


def _sound(path: Path) -> bool:
    """Read as it lies, so that nothing is written beside it."""
    try:
        connection = sqlite3.connect(f"file:{path.absolute()}?mode=ro&immutable=1", uri=True)
        try:
            return bool(connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok")
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return False


def demand_empty(database: Database) -> None:
    if not database.exists:
        return
    inspector = sa.inspect(database.engine)
    tables = [name for schema in ("public", "dbos") for name in _tables(inspector, schema, database)]
    if tables:
        raise InputRefused(
            f"The database holds {len(tables)} tables already. A copy is put back into an empty one alone: make a new "
            "one and name it in ENGAGE_DATABASE_URL. Nothing was changed."
        )


def _tables(inspector: sa.Inspector, schema: str, database: Database) -> Sequence[str]:
    if database.embedded:
        return inspector.get_table_names() if schema == "public" else []
    return inspector.get_table_names(schema) if schema in inspector.get_schema_names() else []


def put_back(folder: Path, database: Database, home: Path, script: str) -> None:
    """With what `script` does, in one transaction: a copy without its marks never stands."""
    if database.embedded:
        _put_back_sqlite(folder, Path(database.url.removeprefix("sqlite:///")), home, script)
    else:
        _load(folder / DUMP, database, script)


def _put_back_sqlite(folder: Path, target: Path, home: Path, script: str) -> None:
    if (folder / ROUNDS).is_file():
        _place(folder / ROUNDS, home / "work.sqlite", "")
    _place(folder / LEDGER, target, script)


def _place(source: Path, target: Path, script: str) -> None:
    staged = own_folder(target.parent) / f".{target.name}.restoring"
    staged.unlink(missing_ok=True)
    shutil.copyfile(source, claim(staged))
    staged.chmod(PRIVATE_FILE)
    with _opened(staged) as connection:
        connection.executescript(f"BEGIN;{script}COMMIT;")
    with staged.open("rb") as file:
        os.fsync(file.fileno())
    staged.replace(target)


def _load(dump: Path, database: Database, script: str) -> None:
    reading = [_tool("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(dump)]
    writing = [
        _tool("psql"), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null",
        f"--dbname={_target(database)}",
    ]  # fmt: skip
    with (
        subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as read,  # noqa: S603 - as above  # nosec B603
        subprocess.Popen(  # noqa: S603 - as above  # nosec B603
            writing, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(database)
        ) as write,
    ):
        assert read.stdout
        assert write.stdin
        assert write.stderr
        with suppress(BrokenPipeError):  # psql has said why
            shutil.copyfileobj(read.stdout, write.stdin)
            write.stdin.flush()
            if read.wait():  # before psql commits what came so far
                write.kill()
                raise InputRefused(f"{dump.name} cannot be read by pg_restore. Nothing was kept of it.")
            write.stdin.write(f"RESET search_path;{script}".encode())  # which the dump has emptied
        with suppress(BrokenPipeError):
            write.stdin.close()
        said = write.stderr.read().decode(errors="replace")
        _demand_done("psql", write.wait(), said)
