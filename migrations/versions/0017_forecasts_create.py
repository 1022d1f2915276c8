"""Forecasts of databases, limits set by hand, the rule of growth events, and the events."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    op.add_column("instance_databases", sa.Column("limit_bytes", sa.BigInteger(), nullable=True))
    op.add_column("instance_databases", sa.Column("growth_muted_until", sa.Date(), nullable=True))
    op.create_table(
        "database_forecasts",
        sa.Column("database_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=True),
        sa.Column("slope_bytes", sa.BigInteger(), nullable=False),
        *(sa.Column(f"month_{p}", sa.BigInteger(), nullable=False) for p in ("p10", "p50", "p90")),
        sa.Column("ceiling_bytes", sa.BigInteger(), nullable=True),
        *(sa.Column(f"full_{p}", sa.BigInteger(), nullable=True) for p in ("p10", "p50", "p90")),
        sa.Column("is_sample", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["database_id"],
            ["instance_databases.id"],
            name=op.f("fk_database_forecasts_database_id_instance_databases"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("database_id", name=op.f("pk_database_forecasts")),
    )
    rules = op.create_table(
        "growth_rules",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("percent", sa.Double(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_growth_rules")),
    )
    op.bulk_insert(rules, [{"id": 1, "percent": 30, "bytes": 20 * 2**30}])
    op.create_table(
        "growth_events",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("database_id", sa.BigInteger(), nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("before_bytes", sa.BigInteger(), nullable=False),
        sa.Column("after_bytes", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.Double(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("acknowledged_at", MOMENT, nullable=True),
        sa.Column("acknowledged_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["database_id"],
            ["instance_databases.id"],
            name=op.f("fk_growth_events_database_id_instance_databases"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["acknowledged_by_id"],
            ["users.id"],
            name=op.f("fk_growth_events_acknowledged_by_id_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_growth_events")),
        sa.UniqueConstraint(
            "database_id", "event_date", name=op.f("uq_growth_events_database_id_event_date")
        ),
    )
    op.create_index("ix_growth_events_created_at_id", "growth_events", ["created_at", "id"])


def downgrade() -> None:
    for table in ("growth_events", "growth_rules", "database_forecasts"):
        op.drop_table(table)
    op.drop_column("instance_databases", "growth_muted_until")
    op.drop_column("instance_databases", "limit_bytes")
