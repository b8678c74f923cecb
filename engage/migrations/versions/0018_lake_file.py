"""the checksum of every file of the lake

Revision: 0018
Follows: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lake_file",
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.String(64), nullable=False),
        sa.Column("coming", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_lake_file")),
    )


def downgrade() -> None:
    op.drop_table("lake_file")
