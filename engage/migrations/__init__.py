"""The shape of the database, version by version (Alembic): which it has and which this program wants, read without
Alembic, whose import every command would wait for."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa

from engage.foundation.database import Database

VERSIONS = Path(__file__).parent / "versions"


def current_revision(database: Database) -> str | None:
    """None where no version of Engage has been here."""
    with database.engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


@cache
def latest_revision() -> str:
    """Of this program, whatever the database. Versions are one line, and their names are in its order."""
    return max(path.stem.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))
