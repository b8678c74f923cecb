"""codes that authorities had before

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('former_code',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('authority', sqlmodel.sql.sqltypes.AutoString(length=9), nullable=False),
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(length=9), nullable=False),
    sa.Column('until', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['authority'], ['authority.code'], name=op.f('fk_former_code_authority_authority')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_former_code')),
    sa.UniqueConstraint('authority', 'code', name=op.f('uq_former_code_authority_code'))
    )
    with op.batch_alter_table('former_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_former_code_authority'), ['authority'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('former_code', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_former_code_authority'))

    op.drop_table('former_code')
