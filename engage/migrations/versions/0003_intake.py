"""files on their way in, from their arrival to the decision

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import engage.foundation.database

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('intake',
    sa.Column('token', sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
    sa.Column('authority', sqlmodel.sql.sqltypes.AutoString(length=9), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(length=5), nullable=False),
    sa.Column('origin', sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.Column('as_at', sa.Date(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
    sa.Column('stage', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
    sa.Column('fraction', sa.Float(), nullable=False),
    sa.Column('report', sa.JSON(), nullable=False),
    sa.Column('refusal', sa.Text(), nullable=False),
    sa.Column('snapshot_id', sa.Integer(), nullable=True),
    sa.Column('agreed', sa.Boolean(), nullable=False),
    sa.Column('arrived_at', engage.foundation.database.Moment(timezone=True), nullable=False),
    sa.Column('arrived_by', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('decided_by', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.Column('changed_at', engage.foundation.database.Moment(timezone=True), nullable=False),
    sa.Column('heartbeat', engage.foundation.database.Moment(timezone=True), nullable=True),
    sa.Column('takes', sa.Integer(), nullable=False),
    sa.Column('cleared', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('token', name=op.f('pk_intake'))
    )
    with op.batch_alter_table('intake', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_intake_authority'), ['authority'], unique=False)
        batch_op.create_index(batch_op.f('ix_intake_state'), ['state'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('intake', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_intake_state'))
        batch_op.drop_index(batch_op.f('ix_intake_authority'))

    op.drop_table('intake')
