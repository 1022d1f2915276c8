"""The growth of a database beside its size, and the indexes of that order."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("instance_databases", sa.Column("growth_bytes", sa.BigInteger(), nullable=True))
    op.add_column("instance_databases", sa.Column("growth_percent", sa.Float(), nullable=True))
    op.add_column("instance_databases", sa.Column("growth_since", sa.Date(), nullable=True))
    op.create_index(
        "ix_instance_databases_growth_bytes_id", "instance_databases", ["growth_bytes", "id"]
    )
    op.create_index(
        "ix_instance_databases_growth_bytes_id_desc",
        "instance_databases",
        [sa.text("growth_bytes DESC NULLS LAST"), sa.text("id DESC")],
    )


def downgrade() -> None:
    op.drop_index("ix_instance_databases_growth_bytes_id_desc", "instance_databases")
    op.drop_index("ix_instance_databases_growth_bytes_id", "instance_databases")
    for name in ("growth_since", "growth_percent", "growth_bytes"):
        op.drop_column("instance_databases", name)
