"""A PostgreSQL of our own for the tests, on a free port, and `database_url`: the same test on both databases."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/usr/pgsql-*/bin",
)
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB"


def binaries() -> Path:
    """Where initdb and pg_ctl are; the tests fail with the one command to install them, rather than skip."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    if config := shutil.which("pg_config"):
        folder = Path(subprocess.run([config, "--bindir"], check=True, capture_output=True, text=True).stdout.strip())
        if (folder / "initdb").exists():
            return folder
    for place in PLACES:
        for folder in sorted(Path("/").glob(place.lstrip("/")), reverse=True):
            if (folder / "initdb").exists():
                return folder
    pytest.fail("These tests need PostgreSQL. Install it with: sudo apt-get install -y postgresql", pytrace=False)


def _user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _run(*command: str | Path, user: str | None) -> None:
    log = subprocess.run(
        [str(part) for part in command], user=user, capture_output=True, text=True, cwd="/", check=False
    )
    if log.returncode:
        pytest.fail(f"{command[0]} failed:\n{log.stdout}{log.stderr}", pytrace=False)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A cluster for this test process: `postgresql+psycopg://…/postgres`."""
    folder, user = binaries(), _user()
    home = Path(tempfile.mkdtemp(prefix="engage-pg-"))
    if user:
        shutil.chown(home, user)
    data = home / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _run(folder / "initdb", "-D", data, "-U", "engage", "-A", "trust", "-E", "UTF8", "--no-sync", user=user)
    options = f"-p {port} -h 127.0.0.1 -k {home} {FAST}"
    _run(folder / "pg_ctl", "-D", data, "-o", options, "-l", home / "log", "-w", "start", user=user)
    try:
        yield f"postgresql+psycopg://engage@127.0.0.1:{port}/postgres"
    finally:
        _run(folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop", user=user)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def new_database(server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a database that is gone after the block."""
    name = f"engage_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield server.rsplit("/", 1)[0] + f"/{name}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(scope="session")
def filled_postgres(postgres_url: str) -> Iterator[str]:
    """The name of a database with all tables known now, to be copied: much faster than making them for each test."""
    with new_database(postgres_url) as url:
        engine = sa.create_engine(url)
        SQLModel.metadata.create_all(engine)
        engine.dispose()
        yield url.rsplit("/", 1)[1]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'engage.sqlite'}"
        return
    with new_database(request.getfixturevalue("postgres_url")) as url:
        yield url
