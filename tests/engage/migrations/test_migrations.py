"""Models and migrated schema agree, and every migration goes down as it went up."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from engage import migrations
from engage.foundation.database import Database
from engage.migrations.tables import METADATA


@pytest.fixture
def database(database_url: str) -> Database:
    return Database(database_url)


def test_models_and_migrated_schema_agree(database: Database) -> None:
    migrations.upgrade(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    database.close()


def test_up_down_and_up_again(database: Database) -> None:
    migrations.upgrade(database)
    assert migrations.current_revision(database) == migrations.latest_revision()
    command.downgrade(migrations.configuration(database), "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    migrations.upgrade(database)
    assert "message" in inspect(database.engine).get_table_names()
    database.close()
