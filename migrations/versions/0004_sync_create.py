"""Sync sessions, their records and target leases."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sync_sessions",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("total", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("succeeded", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["users.id"],
            name=op.f("fk_sync_sessions_created_by_id_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_sessions")),
    )
    op.create_index(
        "ix_sync_sessions_created_at_id", "sync_sessions", ["created_at", "id"], unique=False
    )
    op.create_table(
        "target_leases",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("fencing_token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=op.f("fk_target_leases_instance_id_instances"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_target_leases")),
    )
    op.create_table(
        "sync_instance_records",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("database_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("fencing_token", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "sent_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("elapsed_ms", sa.BigInteger(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("progress", sa.Double(), nullable=True),
        sa.Column("items_seen", sa.BigInteger(), nullable=True),
        sa.Column("items_created", sa.BigInteger(), nullable=True),
        sa.Column("items_updated", sa.BigInteger(), nullable=True),
        sa.Column("items_removed", sa.BigInteger(), nullable=True),
        sa.Column("items_reactivated", sa.BigInteger(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["database_id"],
            ["instance_databases.id"],
            name=op.f("fk_sync_instance_records_database_id_instance_databases"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=op.f("fk_sync_instance_records_instance_id_instances"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sync_sessions.id"],
            name=op.f("fk_sync_instance_records_session_id_sync_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_instance_records")),
    )
    op.create_index(
        "ix_sync_instance_records_database_id_id",
        "sync_instance_records",
        ["database_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_sync_instance_records_instance_id_id",
        "sync_instance_records",
        ["instance_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_sync_instance_records_live",
        "sync_instance_records",
        ["lease_expires_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('PENDING', 'RUNNING', 'LOST')"),
    )
    op.create_index(
        op.f("ix_sync_instance_records_session_id"),
        "sync_instance_records",
        ["session_id"],
        unique=False,
    )
    op.create_index(
        "uq_sync_instance_records_live_capacity",
        "sync_instance_records",
        ["instance_id"],
        unique=True,
        postgresql_where=sa.text(
            "category = 'CAPACITY' AND status IN ('PENDING', 'RUNNING', 'LOST')"
        ),
    )
    op.create_index(
        "uq_sync_instance_records_live_table_sizes",
        "sync_instance_records",
        ["database_id"],
        unique=True,
        postgresql_where=sa.text(
            "category = 'TABLE_SIZES' AND status IN ('PENDING', 'RUNNING', 'LOST')"
        ),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_sync_instance_records_live_table_sizes",
        table_name="sync_instance_records",
        postgresql_where=sa.text(
            "category = 'TABLE_SIZES' AND status IN ('PENDING', 'RUNNING', 'LOST')"
        ),
    )
    op.drop_index(
        "uq_sync_instance_records_live_capacity",
        table_name="sync_instance_records",
        postgresql_where=sa.text(
            "category = 'CAPACITY' AND status IN ('PENDING', 'RUNNING', 'LOST')"
        ),
    )
    op.drop_index(op.f("ix_sync_instance_records_session_id"), table_name="sync_instance_records")
    op.drop_index(
        "ix_sync_instance_records_live",
        table_name="sync_instance_records",
        postgresql_where=sa.text("status IN ('PENDING', 'RUNNING', 'LOST')"),
    )
    op.drop_index("ix_sync_instance_records_instance_id_id", table_name="sync_instance_records")
    op.drop_index("ix_sync_instance_records_database_id_id", table_name="sync_instance_records")
    op.drop_table("sync_instance_records")
    op.drop_table("target_leases")
    op.drop_index("ix_sync_sessions_created_at_id", table_name="sync_sessions")
    op.drop_table("sync_sessions")
