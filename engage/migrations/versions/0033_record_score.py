"""what was learnt from who registered between two registers

Revision: 0033
Follows: 0030
"""

import sqlalchemy as sa
from alembic import op

from engage.foundation.database import Moment

revision = "0033"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "record_score",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("earlier", sa.Date(), nullable=False),
        sa.Column("later", sa.Date(), nullable=False),
        sa.Column("homes", sa.Integer(), nullable=False),
        sa.Column("registered", sa.Integer(), nullable=False),
        sa.Column("lift", sa.Float(), nullable=False),
        sa.Column("lift_fixed", sa.Float(), nullable=False),
        sa.Column("gain", sa.Float(), nullable=False),
        sa.Column("gain_error", sa.Float(), nullable=False),
        sa.Column("better", sa.Boolean(), nullable=False),
        sa.Column("coefficients", sa.JSON(), nullable=False),
        sa.Column("learnt_at", Moment(), nullable=False),
        sa.Column("learnt_by", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(["authority"], ["authority.code"], name=op.f("fk_record_score_authority_authority")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_score")),
    )
    op.create_index(op.f("ix_record_score_authority"), "record_score", ["authority"])


def downgrade() -> None:
    op.drop_table("record_score")
