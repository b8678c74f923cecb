"""The shape of the database, version by version (Alembic), and how to bring one up to date."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engage.foundation.database import Database


def configuration(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = database.engine
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    command.upgrade(configuration(database), revision)


def current_revision(database: Database) -> str | None:
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def known_revisions(database: Database) -> set[str]:
    return {each.revision for each in ScriptDirectory.from_config(configuration(database)).walk_revisions()}


@cache
def latest_revision() -> str | None:
    """Of this version of Engage, whatever the database."""
    return ScriptDirectory(str(Path(__file__).parent)).get_current_head()
