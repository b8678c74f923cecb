"""systems whose lists are tied to properties, what people decided, and which gazetteer stood after which

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
        sa.UniqueConstraint("authority", "name", name=op.f("uq_crosswalk_system_authority_name")),
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
        sa.UniqueConstraint("system_id", "key", name=op.f("uq_crosswalk_decision_system_id_key")),
    )
    op.create_index(op.f("ix_crosswalk_decision_authority"), "crosswalk_decision", ["authority"])
    op.create_index(op.f("ix_crosswalk_decision_system_id"), "crosswalk_decision", ["system_id"])
    op.create_table(
        "gazetteer_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.String(16), nullable=False),
        sa.Column("before_id", sa.Integer(), nullable=True),
        sa.Column("snapshot_id", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gazetteer_version")),
        sa.UniqueConstraint("authority", "number", name=op.f("uq_gazetteer_version_authority_number")),
    )
    op.create_index(op.f("ix_gazetteer_version_authority"), "gazetteer_version", ["authority"])


def downgrade() -> None:
    op.drop_table("gazetteer_version")
    op.drop_table("crosswalk_decision")
    op.drop_table("crosswalk_system")
