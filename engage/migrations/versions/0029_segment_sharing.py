"""whose a segment is, whether colleagues see it, and what it is for

Revision: 0029
Follows: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("segment") as segment:
        segment.add_column(sa.Column("owner_id", sa.Integer(), nullable=True))
        segment.add_column(sa.Column("shared", sa.Boolean(), nullable=False, server_default=sa.true()))
        segment.add_column(sa.Column("note", sa.String(500), nullable=False, server_default=""))
    with op.batch_alter_table("segment") as segment:
        segment.alter_column("shared", server_default=None)
        segment.alter_column("note", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("segment") as segment:
        segment.drop_column("note")
        segment.drop_column("shared")
        segment.drop_column("owner_id")
