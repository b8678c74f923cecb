"""pages that somebody pinned, and what they typed into a form when their sign-in had ended

Revision: 0022
Follows: 0019
"""

import sqlalchemy as sa
from alembic import op

import engage.foundation.database

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MOMENT = engage.foundation.database.Moment(timezone=True)


def upgrade() -> None:
    op.create_table(
        "pin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(120), nullable=False),
        sa.Column("title", sa.String(160), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_pin_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pin")),
        sa.UniqueConstraint("account_id", "path", name=op.f("uq_pin_account_id_path")),
    )
    op.create_index("ix_pin_account_id", "pin", ["account_id"], unique=False)
    op.create_table(
        "kept_form",
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(300), nullable=False),
        sa.Column("page", sa.String(300), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_kept_form_account_id_account")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_kept_form")),
    )
    op.create_index("ix_kept_form_account_id", "kept_form", ["account_id"], unique=False)
    op.create_index("ix_kept_form_until", "kept_form", ["until"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_kept_form_until", "kept_form")
    op.drop_index("ix_kept_form_account_id", "kept_form")
    op.drop_table("kept_form")
    op.drop_index("ix_pin_account_id", "pin")
    op.drop_table("pin")
