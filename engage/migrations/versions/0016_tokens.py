"""tokens of other systems, and how often the service answered

Revision: 0016
Follows: 0014
"""

import sqlalchemy as sa
from alembic import op

import engage.foundation.database

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = engage.foundation.database.Moment(timezone=True)


def upgrade() -> None:
    op.create_table(
        "system_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("system", sa.String(60), nullable=False),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["authority"], ["authority.code"], name=op.f("fk_system_token_authority_authority")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_system_token")),
        sa.UniqueConstraint("key", name=op.f("uq_system_token_key")),
    )
    op.create_index(op.f("ix_system_token_authority"), "system_token", ["authority"])
    op.create_table(
        "answered",
        sa.Column("method", sa.String(8), nullable=False),
        sa.Column("route", sa.String(120), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answers", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("slow", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("method", "route", "status", name=op.f("pk_answered")),
    )


def downgrade() -> None:
    op.drop_table("answered")
    op.drop_index(op.f("ix_system_token_authority"), table_name="system_token")
    op.drop_table("system_token")
