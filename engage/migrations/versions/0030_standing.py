"""the improvement schedule, how the gazetteer stood month by month, and how services rely on it

Revision: 0030
Follows: 0029
"""

import sqlalchemy as sa
from alembic import op

import engage.foundation.database

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

MOMENT = engage.foundation.database.Moment(timezone=True)


def upgrade() -> None:
    op.create_table(
        "improvement_schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("levels", sa.JSON(), nullable=False),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.Column("entered_by", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_improvement_schedule")),
    )
    op.create_index(op.f("ix_improvement_schedule_authority"), "improvement_schedule", ["authority"])
    op.create_table(
        "standing_month",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("measured", sa.JSON(), nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_month")),
        sa.UniqueConstraint("authority", "month", name=op.f("uq_standing_month_authority_month")),
    )
    op.create_index(op.f("ix_standing_month_authority"), "standing_month", ["authority"])
    op.create_table(
        "service_integration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("area", sa.String(40), nullable=False),
        sa.Column("relies", sa.String(10), nullable=False),
        sa.Column("current", sa.String(10), nullable=False),
        sa.Column("updated", sa.String(10), nullable=False),
        sa.Column("said_at", MOMENT, nullable=False),
        sa.Column("said_by", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_integration")),
    )
    op.create_index(op.f("ix_service_integration_authority"), "service_integration", ["authority"])


def downgrade() -> None:
    for table in ("service_integration", "standing_month", "improvement_schedule"):
        op.drop_table(table)
