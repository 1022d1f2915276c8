"""Sizes by day, week, month and quarter, and a quick way to the sizes that were written lately."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BYTES = ("avg_bytes", "min_bytes", "max_bytes", "first_bytes", "last_bytes")
NEXT_ID = sa.text("nextval('size_aggregations_id_seq')")
LEVELS = ("database", "instance")


def upgrade() -> None:
    op.execute("CREATE SEQUENCE size_aggregations_id_seq")
    for level in LEVELS:
        _create(level)
        table = f"{level}_size_aggregations"
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
        # Rows come in the order of their time: what is new is found for next to nothing.
        op.create_index(
            f"ix_{level}_size_stats_collected_at",
            f"{level}_size_stats",
            ["collected_at"],
            postgresql_using="brin",
        )


def downgrade() -> None:
    for level in LEVELS:
        op.drop_index(f"ix_{level}_size_stats_collected_at", table_name=f"{level}_size_stats")
        op.drop_table(f"{level}_size_aggregations")
    op.execute("DROP SEQUENCE size_aggregations_id_seq")


def _create(level: str) -> None:
    table, key = f"{level}_size_aggregations", f"{level}_id"
    of_instance = level == "instance"
    constraints = [
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name=op.f(f"fk_{table}_instance_id_instances")
        ),
        sa.PrimaryKeyConstraint(key, "period", "period_start", name=op.f(f"pk_{table}")),
    ]
    columns = [sa.Column("instance_id", sa.BigInteger(), nullable=False)]
    if of_instance:
        columns.append(sa.Column("avg_database_count", sa.Double(), nullable=False))
    else:
        columns.append(sa.Column("database_id", sa.BigInteger(), nullable=False))
        constraints.append(
            sa.ForeignKeyConstraint(
                ["database_id"],
                ["instance_databases.id"],
                name=op.f(f"fk_{table}_database_id_instance_databases"),
                ondelete="CASCADE",
            )
        )
    op.create_table(
        table,
        *columns,
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("id", sa.BigInteger(), server_default=NEXT_ID, nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in BYTES),
        sa.Column("change_bytes", sa.BigInteger(), nullable=True),
        sa.Column("change_percent", sa.Double(), nullable=True),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("is_sample", sa.Boolean(), nullable=False),
        sa.Column(
            "calculated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        *constraints,
        postgresql_partition_by="RANGE (period_start)",
    )
    op.create_index(f"ix_{table}_period_period_start", table, ["period", "period_start", "id"])
    op.create_index(f"ix_{table}_id", table, ["id"])
    if not of_instance:
        op.create_index(f"ix_{table}_instance_id", table, ["instance_id", "period", "period_start"])
