"""Alembic's environment: the engine is the caller's, the metadata is every room's."""

from alembic import context

from engage.migrations.tables import METADATA

with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
