"""Tag names are unique in any case, categories are keys in lower case; and what is recycled has an
index, so that a tag's instances are counted without it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


ALIKE = sa.text("""
    SELECT string_agg(name, ', ' ORDER BY lower(name), name) FROM tags
     WHERE lower(name) IN (SELECT lower(name) FROM tags GROUP BY lower(name) HAVING count(*) > 1)
""")


def upgrade() -> None:
    if alike := op.get_bind().execute(ALIKE).scalar():
        raise RuntimeError(f"Tag names must differ in more than case; rename some of {alike}.")
    op.execute("UPDATE tags SET category = lower(btrim(category))")
    op.create_index("uq_tags_lower_name", "tags", [sa.text("lower(name)")], unique=True)
    recycled = sa.text("deleted_at IS NOT NULL")
    op.create_index("ix_instances_recycled", "instances", ["id"], postgresql_where=recycled)


def downgrade() -> None:
    op.drop_index("ix_instances_recycled", "instances")
    op.drop_index("uq_tags_lower_name", "tags")
