"""replies, what waits for them, and the wording that answers HELP

Revision: 0011
Follows: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("contact", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("uprn", sa.BigInteger(), nullable=True),
        sa.Column("sender", sa.String(800), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("meaning", sa.String(20), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("done_by", sa.String(80), nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("answer", sa.String(8), nullable=False),
        sa.Column("answer_reference", sa.String(32), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["authority"], ["authority.code"], name=op.f("fk_reply_authority_authority")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_reply_message_id_message")),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], name=op.f("fk_reply_owner_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
        sa.UniqueConstraint("authority", "kind", "source", name=op.f("uq_reply_authority_kind_source")),
    )
    op.create_index("ix_reply_list", "reply", ["authority", "open", "id"])
    op.create_index("ix_reply_answer", "reply", ["answer"])
    op.create_table(
        "hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("reply_id", sa.Integer(), nullable=False),
        sa.Column("contact", sa.String(64), nullable=False),
        sa.Column("uprn", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["reply_id"], ["reply.id"], name=op.f("fk_hold_reply_id_reply")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index(op.f("ix_hold_authority"), "hold", ["authority"])
    op.create_index(op.f("ix_hold_reply_id"), "hold", ["reply_id"])
    op.create_table(
        "help_wording",
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("template", sa.String(36), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("chosen_by", sa.String(80), nullable=False),
        sa.Column("chosen_by_id", sa.Integer(), nullable=True),
        sa.Column("chosen_at", MOMENT, nullable=False),
        sa.Column("approved_by", sa.String(80), nullable=False),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["authority"], ["authority.code"], name=op.f("fk_help_wording_authority_authority")),
        sa.ForeignKeyConstraint(["chosen_by_id"], ["account.id"], name=op.f("fk_help_wording_chosen_by_id_account")),
        sa.PrimaryKeyConstraint("authority", name=op.f("pk_help_wording")),
    )
    with op.batch_alter_table("response") as response:
        response.add_column(sa.Column("reply_id", sa.Integer(), nullable=True))
        response.create_foreign_key(op.f("fk_response_reply_id_reply"), "reply", ["reply_id"], ["id"])
        response.create_index(op.f("ix_response_reply_id"), ["reply_id"])


def downgrade() -> None:
    with op.batch_alter_table("response") as response:
        response.drop_index(op.f("ix_response_reply_id"))
        response.drop_constraint(op.f("fk_response_reply_id_reply"), type_="foreignkey")
        response.drop_column("reply_id")
    for table in ("help_wording", "hold", "reply"):
        op.drop_table(table)
