"""agreements on the use of the council's own records

Revision: 0026
Follows: 0019
"""

import sqlalchemy as sa
from alembic import op

from engage.foundation.database import Moment

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "record_agreement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(80), nullable=False),
        sa.Column("told_at", Moment(), nullable=False),
        sa.Column("told_by", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority"], ["authority.code"], name=op.f("fk_record_agreement_authority_authority")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_agreement")),
    )
    op.create_index(op.f("ix_record_agreement_authority"), "record_agreement", ["authority"])


def downgrade() -> None:
    op.drop_table("record_agreement")
