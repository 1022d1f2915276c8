"""The inventory of databases, table sizes and the sizes of each day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Months get partitions of their own later; until then, and for strays, there is a default one.
PARTITIONED = ("instance_size_stats", "database_size_stats")


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "instance_databases",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("is_system", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("first_seen_on", sa.Date(), nullable=False),
        sa.Column("last_seen_on", sa.Date(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("data_bytes", sa.BigInteger(), nullable=True),
        sa.Column("log_bytes", sa.BigInteger(), nullable=True),
        sa.Column(
            "size_quality", sa.Text(), server_default=sa.text("'UNAVAILABLE'"), nullable=False
        ),
        sa.Column(
            "size_reason", sa.Text(), server_default=sa.text("'NOT_COLLECTED'"), nullable=True
        ),
        sa.Column("size_collected_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=op.f("fk_instance_databases_instance_id_instances"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_databases")),
        sa.UniqueConstraint(
            "instance_id", "name", name=op.f("uq_instance_databases_instance_id_name")
        ),
    )
    op.create_index(
        "ix_instance_databases_name_id", "instance_databases", ["name", "id"], unique=False
    )
    op.create_index(
        "ix_instance_databases_name_trgm",
        "instance_databases",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_instance_databases_size_bytes_id",
        "instance_databases",
        [sa.literal_column("size_bytes DESC NULLS LAST"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_instance_databases_size_collected_at_id",
        "instance_databases",
        ["size_collected_at", "id"],
        unique=False,
    )
    op.create_table(
        "instance_size_stats",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("stat_date", sa.Date(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=True),
        sa.Column("data_bytes", sa.BigInteger(), nullable=True),
        sa.Column("log_bytes", sa.BigInteger(), nullable=True),
        sa.Column("database_count", sa.BigInteger(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), server_default=sa.text("'COLLECTED'"), nullable=False),
        sa.Column(
            "collected_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=op.f("fk_instance_size_stats_instance_id_instances"),
        ),
        sa.PrimaryKeyConstraint("instance_id", "stat_date", name=op.f("pk_instance_size_stats")),
        postgresql_partition_by="RANGE (stat_date)",
    )
    op.create_table(
        "database_size_stats",
        sa.Column("database_id", sa.BigInteger(), nullable=False),
        sa.Column("stat_date", sa.Date(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("data_bytes", sa.BigInteger(), nullable=True),
        sa.Column("log_bytes", sa.BigInteger(), nullable=True),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), server_default=sa.text("'COLLECTED'"), nullable=False),
        sa.Column(
            "collected_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["database_id"],
            ["instance_databases.id"],
            name=op.f("fk_database_size_stats_database_id_instance_databases"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=op.f("fk_database_size_stats_instance_id_instances"),
        ),
        sa.PrimaryKeyConstraint("database_id", "stat_date", name=op.f("pk_database_size_stats")),
        postgresql_partition_by="RANGE (stat_date)",
    )
    op.create_index(
        "ix_database_size_stats_instance_id_stat_date",
        "database_size_stats",
        ["instance_id", "stat_date"],
        unique=False,
    )
    op.create_table(
        "database_table_size_stats",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("database_id", sa.BigInteger(), nullable=False),
        sa.Column("schema_name", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("data_bytes", sa.BigInteger(), nullable=True),
        sa.Column("index_bytes", sa.BigInteger(), nullable=True),
        sa.Column("lob_bytes", sa.BigInteger(), nullable=True),
        sa.Column("allocated_bytes", sa.BigInteger(), nullable=True),
        sa.Column("row_count", sa.BigInteger(), nullable=True),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("size_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["database_id"],
            ["instance_databases.id"],
            name=op.f("fk_database_table_size_stats_database_id_instance_databases"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_database_table_size_stats")),
        sa.UniqueConstraint(
            "database_id",
            "schema_name",
            "table_name",
            name=op.f("uq_database_table_size_stats_database_id_schema_name_table_name"),
        ),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index(
        "ix_database_table_size_stats_size",
        "database_table_size_stats",
        [
            "database_id",
            sa.literal_column("size_bytes DESC NULLS LAST"),
            sa.literal_column("id DESC"),
        ],
        unique=False,
    )
    op.create_table(
        "table_snapshots",
        sa.Column("database_id", sa.BigInteger(), nullable=False),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("elapsed_ms", sa.BigInteger(), nullable=True),
        sa.Column("table_count", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("complete", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "skipped",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error_code", sa.Text(), nullable=True),
        sa.Column("last_error_message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["database_id"],
            ["instance_databases.id"],
            name=op.f("fk_table_snapshots_database_id_instance_databases"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("database_id", name=op.f("pk_table_snapshots")),
    )

    for parent in PARTITIONED:
        op.execute(f"CREATE TABLE {parent}_default PARTITION OF {parent} DEFAULT")


def downgrade() -> None:
    op.drop_table("table_snapshots")
    op.drop_index("ix_database_table_size_stats_size", table_name="database_table_size_stats")
    op.drop_table("database_table_size_stats")
    op.drop_index("ix_database_size_stats_instance_id_stat_date", table_name="database_size_stats")
    op.drop_table("database_size_stats")
    op.drop_table("instance_size_stats")
    op.drop_index("ix_instance_databases_size_collected_at_id", table_name="instance_databases")
    op.drop_index("ix_instance_databases_size_bytes_id", table_name="instance_databases")
    op.drop_index(
        "ix_instance_databases_name_trgm",
        table_name="instance_databases",
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.drop_index("ix_instance_databases_name_id", table_name="instance_databases")
    op.drop_table("instance_databases")
