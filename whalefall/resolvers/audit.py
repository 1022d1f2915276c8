"""The audit: who changed what, from what to what, in the transaction of the change itself."""

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import insert, null

from whalefall.auth import Actor
from whalefall.db import WriteSession
from whalefall.domain.redaction import redact_mapping
from whalefall.models.logs import AuditEntry


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
    bound = structlog.contextvars.get_contextvars()
    await session.execute(
        insert(AuditEntry).values(
            actor_id=actor.user_id,
            actor_name=actor.name,
            action=action,
            object_type=object_type,
            object_id=object_id,
            before=null() if before is None else redact_mapping(before),
            after=null() if after is None else redact_mapping(after),
            request_id=bound.get("request_id"),
        )
    )
