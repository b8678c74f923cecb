"""copies made and restored, and what a worker sees of the clock and the queue

Revision: 0019
Follows: 0014
"""

import sqlalchemy as sa
from alembic import op

import engage.foundation.database

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MOMENT = engage.foundation.database.Moment(timezone=True)


def upgrade() -> None:
    op.create_table(
        "backup",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("copied_at", MOMENT, nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup")),
    )
    op.create_table(
        "restoration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("copied_at", MOMENT, nullable=False),
        sa.Column("restored_at", MOMENT, nullable=False),
        sa.Column("ready_at", MOMENT, nullable=True),
        sa.Column("listed_at", MOMENT, nullable=True),
        sa.Column("asked_to", sa.Integer(), nullable=False),
        sa.Column("held_at", MOMENT, nullable=True),
        sa.Column("agreed_at", MOMENT, nullable=True),
        sa.Column("agreed_by", sa.String(80), nullable=False),
        sa.Column("agreed_words", sa.String(400), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restoration")),
    )
    op.create_index("ix_restoration_authority", "restoration", ["authority"], unique=False)
    op.create_table(
        "departed",
        sa.Column("reference", sa.String(32), nullable=False),
        sa.Column("notify_id", sa.String(36), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_departed")),
    )
    with op.batch_alter_table("watch") as watch:
        watch.add_column(sa.Column("clock_off", sa.Float(), nullable=True))
        watch.add_column(sa.Column("queued_since", MOMENT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("watch") as watch:
        watch.drop_column("queued_since")
        watch.drop_column("clock_off")
    op.drop_table("departed")
    op.drop_index("ix_restoration_authority", "restoration")
    op.drop_table("restoration")
    op.drop_table("backup")
