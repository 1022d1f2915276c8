"""What only one engine's instances choose, and how long a server may take to answer."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "instances", sa.Column("options", JSONB(), server_default=sa.text("'{}'"), nullable=False)
    )
    for name in ("connect_seconds", "statement_seconds"):
        op.add_column("instances", sa.Column(name, sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for name in ("statement_seconds", "connect_seconds", "options"):
        op.drop_column("instances", name)
