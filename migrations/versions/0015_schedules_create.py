"""Schedules with their runs, and records of work that reads no instance."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")
LIVE_TASK = sa.text("instance_id IS NULL AND status IN ('PENDING', 'RUNNING', 'LOST')")
# The nightly order: room for the rows, the rows, what is made of them, and what may go.
DEFAULTS = {
    "PARTITIONS": "30 2 * * *",
    "CAPACITY": "0 3 * * *",
    "AGGREGATION": "0 4 * * *",
    "RETENTION": "0 5 * * *",
}
DAY_SECONDS = 86_400


def upgrade() -> None:
    schedules = op.create_table(
        "schedules",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("next_run_at", MOMENT, nullable=True),
        sa.Column("longest_pause_seconds", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
    )
    op.create_index(
        "ix_schedules_next_run_at",
        "schedules",
        ["next_run_at"],
        postgresql_where=sa.text("is_enabled"),
    )
    op.bulk_insert(
        schedules,
        [
            {"task": task, "cron": cron, "longest_pause_seconds": DAY_SECONDS}
            for task, cron in DEFAULTS.items()
        ],
    )
    op.create_table(
        "scheduled_runs",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("schedule_id", sa.BigInteger(), nullable=False),
        sa.Column("scheduled_for", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("missed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("skipped_because", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name=op.f("fk_scheduled_runs_schedule_id_schedules"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sync_sessions.id"],
            name=op.f("fk_scheduled_runs_session_id_sync_sessions"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_runs")),
        sa.UniqueConstraint(
            "schedule_id", "scheduled_for", name=op.f("uq_scheduled_runs_schedule_id_scheduled_for")
        ),
    )
    op.create_index(op.f("ix_scheduled_runs_session_id"), "scheduled_runs", ["session_id"])
    op.add_column("sync_instance_records", sa.Column("task", sa.Text(), nullable=True))
    op.create_index(
        "uq_sync_instance_records_live_task",
        "sync_instance_records",
        ["task"],
        unique=True,
        postgresql_where=LIVE_TASK,
    )


def downgrade() -> None:
    op.execute("DELETE FROM sync_sessions WHERE category IN ('AGGREGATION', 'MAINTENANCE')")
    op.drop_index(
        "uq_sync_instance_records_live_task",
        table_name="sync_instance_records",
        postgresql_where=LIVE_TASK,
    )
    op.drop_column("sync_instance_records", "task")
    op.drop_table("scheduled_runs")
    op.drop_table("schedules")
