"""what officers said of addresses that only a person can tie to a home

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import engage.foundation.database

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('link_answer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('authority', sqlmodel.sql.sqltypes.AutoString(length=9), nullable=False),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('verdict', sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
    sa.Column('uprn', sa.BigInteger(), nullable=True),
    sa.Column('answered_at', engage.foundation.database.Moment(timezone=True), nullable=False),
    sa.Column('answered_by', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_link_answer')),
    sa.UniqueConstraint('authority', 'key', name=op.f('uq_link_answer_authority_key'))
    )
    with op.batch_alter_table('link_answer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_link_answer_authority'), ['authority'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('link_answer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_link_answer_authority'))

    op.drop_table('link_answer')
