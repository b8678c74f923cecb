"""plans being set up, task by task

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import engage.foundation.database

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('outline',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('authority', sqlmodel.sql.sqltypes.AutoString(length=9), nullable=False),
    sa.Column('answers', sa.JSON(), nullable=False),
    sa.Column('begun_by', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.Column('changed_at', engage.foundation.database.Moment(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outline'))
    )
    with op.batch_alter_table('outline', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outline_authority'), ['authority'], unique=False)


def downgrade() -> None:
    op.drop_table('outline')
