"""systems whose lists are tied to properties, and what people decided of single addresses

Revision: 0027
Follows: 0019
"""

import sqlalchemy as sa
from alembic import op

import engage.foundation.database

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

MOMENT = engage.foundation.database.Moment(timezone=True)


def upgrade() -> None:
    op.create_table(
        "crosswalk_system",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=False),
        sa.Column("confirmed_by", sa.String(80), nullable=False),
        sa.Column("settles", sa.Boolean(), nullable=False),
        sa.Column("stopped_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crosswalk_system")),
        sa.UniqueConstraint("authority", "name", name=op.f("uq_crosswalk_system_authority")),
    )
    op.create_index(op.f("ix_crosswalk_system_authority"), "crosswalk_system", ["authority"])
    op.create_table(
        "crosswalk_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("system_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("uprn", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.String(20), nullable=False),
        sa.Column("foremost", sa.BigInteger(), nullable=True),
        sa.Column("sampled", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(
            ["system_id"], ["crosswalk_system.id"], name=op.f("fk_crosswalk_decision_system_id_crosswalk_system")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crosswalk_decision")),
        sa.UniqueConstraint("system_id", "key", name=op.f("uq_crosswalk_decision_system_id")),
    )
    op.create_index(op.f("ix_crosswalk_decision_authority"), "crosswalk_decision", ["authority"])
    op.create_index(op.f("ix_crosswalk_decision_system_id"), "crosswalk_decision", ["system_id"])


def downgrade() -> None:
    op.drop_table("crosswalk_decision")
    op.drop_table("crosswalk_system")
