"""what workers see, waves let go after their day, receipts that are not ours

Revision: 0010
Follows: 0009
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import engage.foundation.database

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('watch',
    sa.Column('worker', sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
    sa.Column('seen', sa.Float(), nullable=False),
    sa.Column('notify', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
    sa.Column('notify_since', engage.foundation.database.Moment(timezone=True), nullable=True),
    sa.Column('silent_since', engage.foundation.database.Moment(timezone=True), nullable=True),
    sa.Column('waiting', sa.Boolean(), nullable=False),
    sa.Column('rate', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('worker', name=op.f('pk_watch'))
    )
    with op.batch_alter_table('wave', schema=None) as batch_op:
        batch_op.add_column(sa.Column('released_at', engage.foundation.database.Moment(timezone=True), nullable=True))
    op.create_index('ix_receipt_heard', 'receipt', ['source', 'received_at'], unique=False)
    # Of a campaign under way, what is late now has an officer's word from before there was this question.
    op.execute('UPDATE wave SET released_at = planned_at WHERE planned_at IS NOT NULL')


def downgrade() -> None:
    op.drop_index('ix_receipt_heard', table_name='receipt')
    with op.batch_alter_table('wave', schema=None) as batch_op:
        batch_op.drop_column('released_at')
    op.drop_table('watch')
