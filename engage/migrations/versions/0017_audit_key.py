"""the audit log signed by a key of its own and only added to, and up to where it was found whole

Revision: 0017
Follows: 0014
"""

import sqlalchemy as sa
from alembic import op

import engage.foundation.database
from engage.foundation.audit import APPEND_ONLY, CHANGEABLE

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("audit_head") as head:
        head.add_column(sa.Column("keyed_from", sa.Integer(), nullable=True))
        head.add_column(sa.Column("seal", sa.String(64), nullable=False, server_default=""))
    op.create_table(
        "audit_checked",
        sa.Column("authority", sa.String(9), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", engage.foundation.database.Moment(timezone=True), nullable=False),
        sa.Column("seal", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("authority", name=op.f("pk_audit_checked")),
    )
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    for statement in CHANGEABLE[op.get_bind().dialect.name]:
        op.execute(statement)
    op.drop_table("audit_checked")
    with op.batch_alter_table("audit_head") as head:
        head.drop_column("seal")
        head.drop_column("keyed_from")
