"""The audit: who changed what, from what to what, in the transaction of the change itself."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import insert

from whalefall.auth import Actor
from whalefall.db import WriteSession
from whalefall.domain.redaction import redact_mapping
from whalefall.models.logs import AuditEntry

# An object's id, and what it was before and after; null: there was none.
Change = tuple[int | None, Mapping[str, Any] | None, Mapping[str, Any] | None]


async def audit(
    session: WriteSession,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: int | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    """Write one entry: `action` is noun.verb_past; secrets in before and after are hidden.

    When it cannot be written, the change fails with it.
    """
    await audit_many(session, actor, action, object_type, [(object_id, before, after)])


async def audit_many(
    session: WriteSession,
    actor: Actor,
    action: str,
    object_type: str,
    changes: Sequence[Change],
) -> None:
    """Write an entry for each object that one action changed."""
    bound = structlog.contextvars.get_contextvars()
    made = {
        "actor_id": actor.user_id,
        "actor_name": actor.name,
        "action": action,
        "object_type": object_type,
        "request_id": bound.get("request_id"),
    }
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for object_id, before, after in changes:
        told: Mapping[str, Any] = {"before": before, "after": after}
        hidden = {name: redact_mapping(value) for name, value in told.items() if value is not None}
        row = {**made, "object_id": object_id, **hidden}  # a column left out is NULL
        by_columns[tuple(row)].append(row)
    for rows in by_columns.values():
        await session.execute(insert(AuditEntry), rows)
