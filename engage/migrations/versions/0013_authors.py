"""who wrote a campaign, which approvals came by a command, and failed tries to sign in

Revision: 0013
Follows: 0012
"""

import json
import re

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

WROTE = ("create campaign", "change campaign", "submit campaign")


def upgrade() -> None:
    op.create_table(
        "campaign_author",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_author_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_campaign_author_account_id_account")),
        sa.PrimaryKeyConstraint("campaign_id", "account_id", name=op.f("pk_campaign_author")),
    )
    op.create_table(
        "attempt",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_ends"), "attempt", ["ends"])
    for table, column in (
        ("approval", sa.Column("by_command", sa.Boolean(), nullable=False, server_default=sa.false())),
        ("outline", sa.Column("written_by", sa.JSON(), nullable=False, server_default="[]")),
    ):
        op.add_column(table, column)
    _remember_authors()


def _remember_authors() -> None:
    """Of what was planned before: by the audit log, where the number of an account ends each label."""
    bind = op.get_bind()
    known = set(bind.execute(sa.text("SELECT id FROM account")).scalars())
    campaigns = set(bind.execute(sa.text("SELECT id FROM campaign")).scalars())
    acts = sa.text("SELECT subject, actor FROM audit_entry WHERE act IN :acts").bindparams(
        sa.bindparam("acts", WROTE, expanding=True)
    )
    pairs = {(_number(subject), _number(actor)) for subject, actor in bind.execute(acts)}
    for campaign, account in sorted(pair for pair in pairs if None not in pair):
        if campaign in campaigns and account in known:
            bind.execute(sa.text("INSERT INTO campaign_author VALUES (:c, :a)"), {"c": campaign, "a": account})
    for outline, begun_by in bind.execute(sa.text("SELECT id, begun_by FROM outline")).all():
        if (account := _number(begun_by)) in known:
            written = sa.text("UPDATE outline SET written_by = :w WHERE id = :i")
            bind.execute(written, {"w": json.dumps([account]), "i": outline})


def _number(label: str) -> int | None:
    found = re.search(r" (\d{1,9})$", label)
    return int(found[1]) if found else None


def downgrade() -> None:
    with op.batch_alter_table("outline") as outline:
        outline.drop_column("written_by")
    with op.batch_alter_table("approval") as approval:
        approval.drop_column("by_command")
    op.drop_index(op.f("ix_attempt_ends"), "attempt")
    op.drop_table("attempt")
    op.drop_table("campaign_author")
