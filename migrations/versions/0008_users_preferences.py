"""How people like the pages, and a password that somebody else set."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    flag = sa.Column(
        "must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False
    )
    op.add_column("users", flag)
    for name in ("theme", "density", "language", "time_zone"):
        op.add_column("users", sa.Column(name, sa.Text(), nullable=True))
    keys = sa.Column("uses_keys", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    op.add_column("users", keys)


def downgrade() -> None:
    for name in ("uses_keys", "time_zone", "language", "density", "theme", "must_change_password"):
        op.drop_column("users", name)
