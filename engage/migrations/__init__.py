"""The shape of the database, version by version (Alembic), and how to bring one up to date."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import campaigns.records.copies
import campaigns.records.models  # each import adds its tables to the metadata
import campaigns.records.reply
import campaigns.records.visits  # noqa: F401
import engage.accounts.provider
import engage.accounts.second_factor
import engage.foundation.access.tokens
import engage.foundation.audit
import engage.foundation.identity
import engage.foundation.lake
import engage.foundation.web.askers.attempts
import engage.foundation.web.askers.sign_ins
import engage.foundation.web.kept_forms
import engage.foundation.web.tally
import engage.home.pins  # noqa: F401
import segments.audiences.segments
import segments.crosswalk.systems
import segments.importing.intake
import segments.linking.review
import segments.records.agreements
import segments.safeguards.suppression
import segments.sources.gazetteer_versions
import segments.standing.integration
import segments.standing.schedule  # noqa: F401
from engage.foundation.database import METADATA, Database

__all__ = ["METADATA", "current_revision", "known_revisions", "latest_revision", "upgrade"]


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
