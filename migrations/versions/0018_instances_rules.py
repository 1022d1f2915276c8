"""Rules that say which databases of an instance are read."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

RULES = ("include_databases", "exclude_databases")


def upgrade() -> None:
    for name in RULES:
        op.add_column(
            "instances",
            sa.Column(name, sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        )


def downgrade() -> None:
    for name in RULES:
        op.drop_column("instances", name)
