"""the queue of a campaign in the order in which its messages leave

Revision: 0005
Follows: 0004
"""

from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _queue('campaign_id', 'state', 'id', 'not_before')


def downgrade() -> None:
    _queue('campaign_id', 'state', 'not_before')


def _queue(*columns: str) -> None:
    op.drop_index('ix_message_queue', table_name='message')
    op.create_index('ix_message_queue', 'message', list(columns), unique=False)
