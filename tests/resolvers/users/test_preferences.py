"""Preferences: kept with the person, checked, and there with who they are."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.resolvers.users.conftest import PASSWORD
from whalefall.db import Database, Statement
from whalefall.domain.checks import Problems
from whalefall.domain.preferences import NO_PREFERENCES, Density, Preferences, Theme
from whalefall.models.logs import AuditEntry
from whalefall.models.users import User
from whalefall.resolvers.users import (
    PreferencesPatch,
    UserRow,
    get_preferences,
    reader_of_session,
    sign_in,
    update_preferences,
)

CHOSEN = PreferencesPatch(
    theme="dark", density="compact", language="zh-CN", time_zone="Asia/Kathmandu", uses_keys=False
)
KEPT = Preferences(
    theme=Theme.DARK,
    density=Density.COMPACT,
    language="zh-CN",
    time_zone="Asia/Kathmandu",
    uses_keys=False,
)


@pytest.fixture
async def token(db: Database, otto_user: UserRow) -> str:
    """Of Otto's session."""
    return (await sign_in(db, "otto", PASSWORD, address=None, user_agent=None)).token


async def prefer(db: Database, token: str, patch: PreferencesPatch) -> Preferences:
    actor, _ = await reader_of_session(db, token)
    async with db.write() as session:
        return await update_preferences(session, actor, patch)


async def test_they_come_with_the_session_and_stay_until_changed(db: Database, token: str) -> None:
    assert (await reader_of_session(db, token))[1] == NO_PREFERENCES

    assert await prefer(db, token, CHOSEN) == KEPT
    await prefer(db, token, PreferencesPatch(theme=None))

    actor, preferences = await reader_of_session(db, token)
    assert vars(preferences) == {**vars(KEPT), "theme": None}
    async with db.read() as session:
        assert await get_preferences(session, actor) == preferences


async def test_all_that_does_not_fit_is_said_at_once(db: Database, token: str) -> None:
    unknown = PreferencesPatch(
        theme="pink", density="airy", language="xx", time_zone="../../etc/passwd"
    )

    with pytest.raises(Problems) as caught:
        await prefer(db, token, unknown)

    fields = [each.field for each in caught.value.problems]
    assert fields == [("theme",), ("density",), ("language",), ("time_zone",)]
    assert (await reader_of_session(db, token))[1] == NO_PREFERENCES


async def test_a_change_is_audited_and_no_change_is_not(db: Database, token: str) -> None:
    for _ in range(2):
        await prefer(db, token, PreferencesPatch(theme="dark"))

    async with db.read() as session:
        found = select(AuditEntry).where(AuditEntry.action == "user.preferences_updated")
        (entry,) = (await session.execute(found)).scalars()
    assert (entry.before, entry.after) == ({"theme": None}, {"theme": "dark"})


async def test_what_this_machine_does_not_know_any_more_counts_as_undecided(
    db: Database, token: str
) -> None:
    async with db.write() as session:
        gone = {"theme": "pink", "density": "airy", "language": "la", "time_zone": "Old/Town"}
        await session.execute(update(User).values(gone))

    assert (await reader_of_session(db, token))[1] == NO_PREFERENCES


async def test_who_it_is_and_what_they_like_takes_one_statement(
    db: Database, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, seen = db.fetch, list[Statement]()

    async def counted(statements: Sequence[Statement], **options: Any) -> Any:
        seen.extend(statements)
        return await fetch(statements, **options)

    monkeypatch.setattr(db, "fetch", counted)

    await reader_of_session(db, token)

    assert len(seen) == 1
