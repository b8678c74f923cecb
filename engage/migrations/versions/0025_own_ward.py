"""the ward an account sees first, and whether it asked for an email when a result is in

Revision: 0025
Follows: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not by a batch: SQLite would make the table anew, which other tables point to.
    op.add_column("account", sa.Column("ward", sa.String(9), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("account", "ward")
