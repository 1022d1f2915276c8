"""Instances: what is known of them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from whalefall.domain.states import ConnectionState
from whalefall.errors import Code
from whalefall.resolvers.instances import INSTANCES, InstanceRow
from whalefall.resolvers.nouns.noun import Part
from whalefall.schema.capacity import SizePoint, size_history
from whalefall.schema.connections import Connection
from whalefall.schema.databases import Database
from whalefall.schema.fields import to_many, to_one, to_page, to_part
from whalefall.schema.nodes import Node, noun_type
from whalefall.schema.tags import Tag

if TYPE_CHECKING:
    from whalefall.schema.credentials import Credential


@strawberry.type(description="What the last connections to an instance said.")
class ConnectionHealth:
    state: ConnectionState = strawberry.field(description="The summary.")
    last_success_at: datetime | None = strawberry.field(
        description="The last connection; null if never."
    )
    last_failure_at: datetime | None = strawberry.field(
        description="The last failed attempt; null if never."
    )
    last_error_code: Code | None = strawberry.field(
        description="Why it failed; null if it never did."
    )
    latency_ms: int | None = strawberry.field(
        description="Milliseconds to connect, last time; null if never."
    )


CONNECTION = Part(
    {
        "state": "connection_state",
        "last_success_at": "last_success_at",
        "last_failure_at": "last_failure_at",
        "last_error_code": "last_error_code",
        "latency_ms": "latency_ms",
    }
)


@noun_type(
    INSTANCES,
    private=(
        "deleted_at",
        "credential_id",
        "tag_names",
        "connection_state",
        "last_success_at",
        "last_failure_at",
        "last_error_code",
        "latency_ms",
    ),
)
class Instance(InstanceRow, Node):
    credential: Annotated["Credential", strawberry.lazy("whalefall.schema.credentials")] | None = (
        to_one(INSTANCES, "credential", "The account it is read with; null when it has none.")
    )
    tags: list[Tag] = to_many(INSTANCES, "tags", "Its tags, by name.")
    databases: Connection[Database] = to_page(
        INSTANCES, "databases", "Its databases; only active ones unless the filter says otherwise."
    )
    size_history: list[SizePoint] = size_history(INSTANCES)

    connection: ConnectionHealth = to_part(
        ConnectionHealth, CONNECTION, "What its last connections said."
    )
