"""posters, what is pressed on their pages, lots by which wards get posters, and the council's name in Welsh

Revision: 0021
Follows: 0019
"""

import sqlalchemy as sa
from alembic import op

import engage.foundation.database

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

MOMENT = engage.foundation.database.Moment(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("authority") as authority:
        authority.add_column(sa.Column("name_cy", sa.String(120), nullable=False, server_default=""))
    op.create_table(
        "poster",
        sa.Column("code", sa.String(7), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("ward", sa.String(9), nullable=False),
        sa.Column("ward_name", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(["authority"], ["authority.code"], name=op.f("fk_poster_authority_authority")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_poster_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_poster")),
    )
    op.create_index(op.f("ix_poster_authority"), "poster", ["authority"])
    op.create_index(op.f("ix_poster_campaign_id"), "poster", ["campaign_id"])
    op.create_table(
        "poster_day",
        sa.Column("poster", sa.String(7), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("what", sa.String(12), nullable=False),
        sa.Column("presses", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["poster"], ["poster.code"], name=op.f("fk_poster_day_poster_poster")),
        sa.PrimaryKeyConstraint("poster", "day", "what", name=op.f("pk_poster_day")),
    )
    op.create_table(
        "poster_lot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("wards", sa.JSON(), nullable=False),
        sa.Column("drawn", sa.JSON(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("register_snapshot", sa.Integer(), nullable=False),
        sa.Column("homes_snapshot", sa.Integer(), nullable=False),
        sa.Column("drawn_at", MOMENT, nullable=False),
        sa.Column("drawn_by", sa.String(80), nullable=False),
        sa.Column("counted", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["authority"], ["authority.code"], name=op.f("fk_poster_lot_authority_authority")),
        sa.ForeignKeyConstraint(
            ["register_snapshot"], ["snapshot.id"], name=op.f("fk_poster_lot_register_snapshot_snapshot")
        ),
        sa.ForeignKeyConstraint(
            ["homes_snapshot"], ["snapshot.id"], name=op.f("fk_poster_lot_homes_snapshot_snapshot")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poster_lot")),
    )
    op.create_index(op.f("ix_poster_lot_authority"), "poster_lot", ["authority"])


def downgrade() -> None:
    op.drop_table("poster_lot")
    op.drop_table("poster_day")
    op.drop_table("poster")
    with op.batch_alter_table("authority") as authority:
        authority.drop_column("name_cy")
