"""keys that snapshots are encrypted with, and by which hashing key each was made

Revision: 0012
Follows: 0011
"""

import sqlalchemy as sa
from alembic import op

import engage.foundation.database

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = engage.foundation.database.Moment(timezone=True)


def upgrade() -> None:
    op.create_table(
        "data_key",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("wrapped", sa.String(255), nullable=False),
        sa.Column("wrapped_by", sa.String(16), nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("destroyed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_key")),
    )
    op.create_index(op.f("ix_data_key_subject"), "data_key", ["subject"])
    op.create_table(
        "snapshot_key",
        sa.Column("snapshot_id", sa.Integer(), nullable=False),
        sa.Column("hashed_by", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_snapshot_key")),
    )


def downgrade() -> None:
    op.drop_table("snapshot_key")
    op.drop_index(op.f("ix_data_key_subject"), table_name="data_key")
    op.drop_table("data_key")
