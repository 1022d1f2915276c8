"""Where the bytes of a database are, how many of them are used, and how many there may be."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("used_bytes", "ceiling_bytes"):
        op.add_column("instance_databases", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("instance_databases", sa.Column("reconciliation", JSONB(), nullable=True))
    op.add_column("table_snapshots", sa.Column("reconciliation", JSONB(), nullable=True))
    op.add_column("database_size_stats", sa.Column("used_bytes", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("database_size_stats", "used_bytes")
    op.drop_column("table_snapshots", "reconciliation")
    for name in ("reconciliation", "ceiling_bytes", "used_bytes"):
        op.drop_column("instance_databases", name)
