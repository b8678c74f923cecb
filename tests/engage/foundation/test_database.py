from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from engage.foundation.database import LOG_PAGES, LONG_LOG_PAGES, Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'engage.sqlite'}")


def log_pages(session: Session) -> int:
    return int(session.connection().exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one())


def test_the_log_is_long_for_a_transaction_of_thousands_of_rows_alone(database: Database) -> None:
    with database.session() as session:
        assert log_pages(session) == LOG_PAGES
        session.connection().exec_driver_sql("CREATE TABLE thing (id INTEGER PRIMARY KEY)")
    with database.bulk() as session:
        assert log_pages(session) == LONG_LOG_PAGES
        session.connection().exec_driver_sql("INSERT INTO thing VALUES (1)")
    with pytest.raises(IntegrityError), database.bulk() as session:
        session.connection().exec_driver_sql("INSERT INTO thing VALUES (2), (1)")
    with database.session() as session:
        assert log_pages(session) == LOG_PAGES
        assert session.connection().exec_driver_sql("SELECT id FROM thing").scalars().all() == [1]
    database.close()


def test_a_database_file_and_its_log_are_the_services_alone(tmp_path: Path) -> None:
    """Without the file being opened and closed beside SQLite, which would end its locks."""
    database = Database(f"sqlite:///{tmp_path / 'home' / 'engage.sqlite'}")
    with database.engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE one (number INTEGER)"))
        connection.commit()
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "home").iterdir()}
    assert modes == dict.fromkeys(("engage.sqlite", "engage.sqlite-wal", "engage.sqlite-shm"), 0o600)
    database.close()
