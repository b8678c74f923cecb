"""who is signed in where, second factors, and who somebody is at the council's own sign-in

Revision: 0015
Follows: 0014
"""

import sqlalchemy as sa
from alembic import op

import engage.foundation.database

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = engage.foundation.database.Moment(timezone=True)


def of_account(table: str) -> tuple[sa.Column, sa.ForeignKeyConstraint]:
    name = op.f(f"fk_{table}_account_id_account")
    return (
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=name),
    )


def upgrade() -> None:
    op.add_column("account", sa.Column("provider_subject", sa.String(64), nullable=True))
    op.create_index(op.f("ix_account_provider_subject"), "account", ["provider_subject"], unique=True)
    op.create_table(
        "sign_in",
        sa.Column("key", sa.String(32), nullable=False),
        *of_account("sign_in"),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("begun", "seen", "ends")),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("browser", sa.String(40), nullable=False),
        sa.Column("by_provider", sa.Boolean(), nullable=False),
        sa.Column("provider_session", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in")),
    )
    for column in ("account_id", "ends", "provider_session"):
        op.create_index(op.f(f"ix_sign_in_{column}"), "sign_in", [column])
    op.create_table(
        "second_factor",
        *of_account("second_factor"),
        sa.Column("secret", sa.String(400), nullable=False),
        sa.Column("confirmed", MOMENT, nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("digest", sa.String(64), nullable=False),
        *of_account("recovery_code"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_account_id"), "recovery_code", ["account_id"])
    op.create_table(
        "sign_out_token",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("ends", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_sign_out_token")),
    )
    op.create_index(op.f("ix_sign_out_token_ends"), "sign_out_token", ["ends"])


def downgrade() -> None:
    for table in ("sign_out_token", "recovery_code", "second_factor", "sign_in"):
        op.drop_table(table)
    op.drop_index(op.f("ix_account_provider_subject"), "account")
    op.drop_column("account", "provider_subject")
