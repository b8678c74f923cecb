"""whose a segment is, whether colleagues see it, and what it is for

Revision: 0029
Follows: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not by a batch: SQLite would make the table anew, which other tables point to.
    op.add_column("segment", sa.Column("owner_id", sa.Integer(), nullable=True))
    op.add_column("segment", sa.Column("shared", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("segment", sa.Column("note", sa.String(500), nullable=False, server_default=""))


def downgrade() -> None:
    for column in ("note", "shared", "owner_id"):
        op.drop_column("segment", column)
