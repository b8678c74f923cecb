"""lists of homes to call at, and what was found there

Revision: 0024
Follows: 0019
"""

import sqlalchemy as sa
from alembic import op

import engage.foundation.database

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

MOMENT = engage.foundation.database.Moment(timezone=True)


def upgrade() -> None:
    op.create_table(
        "canvass_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("code", sa.String(8), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("homes", sa.Integer(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("given_to", sa.Integer(), nullable=True),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("forgotten_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["authority"], ["authority.code"], name=op.f("fk_canvass_list_authority_authority")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_canvass_list_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["given_to"], ["account.id"], name=op.f("fk_canvass_list_given_to_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canvass_list")),
        sa.UniqueConstraint("code", name=op.f("uq_canvass_list_code")),
    )
    op.create_index("ix_canvass_list_authority", "canvass_list", ["authority"], unique=False)
    op.create_table(
        "canvass_home",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("line", sa.String(6), nullable=False),
        sa.Column("uprn", sa.BigInteger(), nullable=False),
        sa.Column("street", sa.String(200), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("noted_at", MOMENT, nullable=True),
        sa.Column("noted_by", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["canvass_list.id"], name=op.f("fk_canvass_home_list_id_canvass_list")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canvass_home")),
        sa.UniqueConstraint("list_id", "line", name=op.f("uq_canvass_home_list_id_line")),
        sa.UniqueConstraint("list_id", "uprn", name=op.f("uq_canvass_home_list_id_uprn")),
    )
    op.create_index("ix_canvass_home_list_id", "canvass_home", ["list_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_canvass_home_list_id", "canvass_home")
    op.drop_table("canvass_home")
    op.drop_index("ix_canvass_list_authority", "canvass_list")
    op.drop_table("canvass_list")
