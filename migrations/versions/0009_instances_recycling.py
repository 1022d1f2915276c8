"""What an instance was before it went to the recycle bin."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("instances", sa.Column("was_active", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("instances", "was_active")
