"""one answer that settles a street or a building

Revision: 0008
Follows: 0007
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('link_answer', schema=None) as batch_op:
        batch_op.add_column(sa.Column('follows', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('link_answer', schema=None) as batch_op:
        batch_op.drop_column('follows')
