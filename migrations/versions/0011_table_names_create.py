"""The distinct names of tables, searched by trigrams.

The index on database_table_size_stats is not built CONCURRENTLY: one transaction takes the schema
from version to version, whole or not at all. While it is built pages are read, but no snapshot is
saved; the README has workers stopped by then. A million distinct names took a minute in all.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "table_names",
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_table_names")),
    )
    op.execute("INSERT INTO table_names SELECT DISTINCT table_name FROM database_table_size_stats")
    op.create_index(
        "ix_table_names_name_trgm",
        "table_names",
        ["name"],
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index("ix_table_names_length_name", "table_names", [sa.text("length(name)"), "name"])
    op.create_index(
        "ix_table_names_lower_name",
        "table_names",
        [sa.literal_column("lower(name)").label("lower_name")],
        postgresql_ops={"lower_name": "text_pattern_ops"},
    )
    op.create_index(
        "ix_database_table_size_stats_table_name_id",
        "database_table_size_stats",
        ["table_name", "id"],
    )


def downgrade() -> None:
    op.drop_index("ix_database_table_size_stats_table_name_id", "database_table_size_stats")
    op.drop_table("table_names")
