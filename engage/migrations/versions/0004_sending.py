"""one pace and one list of workers for all, what Notify's own list showed and what it cost

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import engage.foundation.database

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('pace',
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('free_at', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_pace'))
    )
    op.create_table('worker',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
    sa.Column('host', sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
    sa.Column('seen', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_worker'))
    )
    with op.batch_alter_table('campaign', schema=None) as batch_op:
        batch_op.add_column(sa.Column('tripped_at', engage.foundation.database.Moment(timezone=True), nullable=True))
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('listed_at', engage.foundation.database.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('missed_at', engage.foundation.database.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('cost', sa.Float(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_column('cost')
        batch_op.drop_column('missed_at')
        batch_op.drop_column('listed_at')
    with op.batch_alter_table('campaign', schema=None) as batch_op:
        batch_op.drop_column('tripped_at')

    op.drop_table('worker')
    op.drop_table('pace')
