"""Sync sessions and their records."""

from typing import Annotated

import strawberry

from whalefall.resolvers.sync import SYNC_RECORDS, SYNC_SESSIONS, SyncRecordRow, SyncSessionRow
from whalefall.schema.connections import Connection
from whalefall.schema.databases import Database
from whalefall.schema.fields import to_one, to_page, to_part
from whalefall.schema.instances import Instance
from whalefall.schema.nodes import Node, noun_type
from whalefall.schema.problems import UserError, error_part
from whalefall.schema.users import User

ERROR = error_part("error_code", "error_message")


@noun_type(
    SYNC_RECORDS,
    private=(
        "session_id",
        "instance_id",
        "instance_name",
        "database_id",
        "database_name",
        "category",
        "items_reactivated",
        "error_code",
        "error_message",
    ),
)
class SyncRecord(SyncRecordRow, Node):
    session: Annotated["SyncSession", strawberry.lazy("whalefall.schema.sync.types")] = to_one(
        SYNC_RECORDS, "session", "The session it belongs to."
    )
    instance: Instance | None = to_one(
        SYNC_RECORDS, "instance", "The instance that is read; null for work of our own."
    )
    database: Database | None = to_one(
        SYNC_RECORDS, "database", "The database whose tables are read; null otherwise."
    )

    error: UserError | None = to_part(
        UserError, ERROR, "Why it failed, or not all was done; null when all went well."
    )


@noun_type(SYNC_SESSIONS, private=("created_by_id",))
class SyncSession(SyncSessionRow, Node):
    created_by: User | None = to_one(
        SYNC_SESSIONS, "created_by", "Who asked for it; null: WhaleFall, or a user who is gone."
    )
    records: Connection[SyncRecord] = to_page(
        SYNC_SESSIONS, "records", "What became of its targets, latest first.", ordered=False
    )


def error_of(record: SyncRecordRow) -> UserError | None:
    """What a record says of its failure."""
    members = ERROR.of(record)
    return None if members is None else UserError(**members)
