"""How to bring a database up to date."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from engage.foundation.database import Database
from engage.migrations import VERSIONS


def configuration(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = database.engine
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    command.upgrade(configuration(database), revision)


def known_revisions(database: Database) -> set[str]:
    return {each.revision for each in ScriptDirectory.from_config(configuration(database)).walk_revisions()}
