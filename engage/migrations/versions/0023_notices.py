"""notes beside the acts of a campaign, copies of it, and emails to colleagues

Revision: 0023
Follows: 0019
"""

import sqlalchemy as sa
from alembic import op

import engage.foundation.database

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

MOMENT = engage.foundation.database.Moment(timezone=True)


def upgrade() -> None:
    op.create_table(
        "campaign_note",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(400), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_note_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("campaign_id", "entry", name=op.f("pk_campaign_note")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(12), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("words", sa.String(600), nullable=False),
        sa.Column("path", sa.String(120), nullable=False),
        sa.Column("reference", sa.String(32), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("tried_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_notice_account_id_account")),
        sa.ForeignKeyConstraint(["authority"], ["authority.code"], name=op.f("fk_notice_authority_authority")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("reference", name=op.f("uq_notice_reference")),
    )
    for column in ("authority", "account_id", "state"):
        op.create_index(op.f(f"ix_notice_{column}"), "notice", [column], unique=False)
    op.create_table(
        "notice_choice",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(12), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_notice_choice_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "about", name=op.f("pk_notice_choice")),
    )
    # Not by a batch: SQLite would make the table anew, which other tables point to.
    op.add_column("campaign", sa.Column("copied_from", sa.Integer(), nullable=True))
    op.add_column("campaign", sa.Column("result_told_at", MOMENT, nullable=True))
    with op.batch_alter_table("outline") as outline:
        outline.add_column(sa.Column("copied_from", sa.Integer(), nullable=True))
        outline.create_foreign_key(op.f("fk_outline_copied_from_campaign"), "campaign", ["copied_from"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("outline") as outline:
        outline.drop_constraint(op.f("fk_outline_copied_from_campaign"), type_="foreignkey")
        outline.drop_column("copied_from")
    for column in ("result_told_at", "copied_from"):
        op.drop_column("campaign", column)
    op.drop_table("notice_choice")
    op.drop_table("notice")
    op.drop_table("campaign_note")
