"""Indexes for the ledger's orders in their other direction: nulls come last in both."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_instance_databases_size_bytes_id_asc", "instance_databases", ["size_bytes", "id"]
    )
    op.create_index(
        "ix_instance_databases_size_collected_at_id_desc",
        "instance_databases",
        [sa.text("size_collected_at DESC NULLS LAST"), sa.text("id DESC")],
    )


def downgrade() -> None:
    op.drop_index("ix_instance_databases_size_collected_at_id_desc", "instance_databases")
    op.drop_index("ix_instance_databases_size_bytes_id_asc", "instance_databases")
