"""Tag names are unique in any case, categories are keys in lower case; and what is recycled has an
index, so that a tag's instances are counted without it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE tags SET category = lower(btrim(category))")
    op.create_index("uq_tags_lower_name", "tags", [sa.text("lower(name)")], unique=True)
    recycled = sa.text("deleted_at IS NOT NULL")
    op.create_index("ix_instances_recycled", "instances", ["id"], postgresql_where=recycled)


def downgrade() -> None:
    op.drop_index("ix_instances_recycled", "instances")
    op.drop_index("uq_tags_lower_name", "tags")
