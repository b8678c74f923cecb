"""who the Electoral Registration Officer is, and how residents reach the office

Revision: 0014
Follows: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

COLUMNS = {"officer": 120, "phone": 40, "email": 320}


def upgrade() -> None:
    with op.batch_alter_table("authority") as authority:
        for name, length in COLUMNS.items():
            authority.add_column(sa.Column(name, sa.String(length), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("authority") as authority:
        for name in COLUMNS:
            authority.drop_column(name)
