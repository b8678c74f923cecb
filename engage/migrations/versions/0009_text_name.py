"""what stands before each text at GOV.UK Notify, and the parts each text was counted as

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('authority', schema=None) as batch_op:
        batch_op.add_column(sa.Column('text_name', sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True))
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('parts', sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_column('parts')
    with op.batch_alter_table('authority', schema=None) as batch_op:
        batch_op.drop_column('text_name')
