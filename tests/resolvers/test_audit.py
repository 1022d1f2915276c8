"""The audit: in the transaction of the change, without its secrets."""

import pytest
import structlog
from sqlalchemy import null, select

from whalefall.auth import Actor
from whalefall.db import Database, WriteSession
from whalefall.models.logs import AuditEntry
from whalefall.resolvers.audit import audit


async def test_an_entry_says_who_did_what_to_what(session: WriteSession, ada: Actor) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        await audit(session, ada, "tag.renamed", "Tag", 7, {"name": "a"}, {"name": "b"})

    entry = (await session.execute(select(AuditEntry))).scalar_one()
    assert (entry.actor_name, entry.action, entry.object_type) == ("ada", "tag.renamed", "Tag")
    assert (entry.object_id, entry.before, entry.after) == (7, {"name": "a"}, {"name": "b"})
    assert entry.request_id == "r-1"


async def test_nothing_before_is_null_in_the_database(session: WriteSession, ada: Actor) -> None:
    await audit(session, ada, "tag.created", "Tag", 7, None, {"name": "b"})

    found = await session.execute(select(AuditEntry.id).where(AuditEntry.before.is_(null())))
    assert len(found.all()) == 1


async def test_secrets_are_hidden(session: WriteSession, ada: Actor) -> None:
    after = {"name": "x", "password": "c4nary", "tls": {"private_key": "c4nary"}}
    after["url"] = "mysql://a:c4nary@db"

    await audit(session, ada, "credential.created", "Credential", 7, None, after)

    entry = (await session.execute(select(AuditEntry))).scalar_one()
    assert "c4nary" not in str(entry.after)
    assert entry.after is not None
    assert entry.after["name"] == "x"


async def test_what_is_rolled_back_was_never_audited(db: Database, ada: Actor) -> None:
    async def rolled_back() -> None:
        async with db.write() as session:
            await audit(session, ada, "tag.created", "Tag", 7, None, None)
            raise LookupError

    with pytest.raises(LookupError):
        await rolled_back()

    async with db.read() as reading:
        assert (await reading.execute(select(AuditEntry))).all() == []
