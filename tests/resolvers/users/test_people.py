"""Adding people and their API tokens."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.resolvers.users.conftest import PASSWORD, SYSTEM
from whalefall.auth import NOBODY, PERMISSIONS, Actor, Permission, Role
from whalefall.crypto import check_password
from whalefall.db import Database, ReadSession, WriteSession
from whalefall.errors import BadInput, Code, Conflict, NotFound, PermissionRequired
from whalefall.models.logs import AuditEntry
from whalefall.models.users import ApiToken, User
from whalefall.resolvers.users import UserRow, create_api_token, create_user, get_me


async def test_a_new_person_is_stored_with_a_hash(session: WriteSession) -> None:
    row = await create_user(session, SYSTEM, "vera", PASSWORD, Role.VIEWER)

    stored = (await session.execute(select(User).where(User.id == row.id))).scalar_one()
    assert (row.username, row.role, row.is_active) == ("vera", Role.VIEWER, True)
    assert row.last_login_at is None
    assert await check_password(stored.password_hash, PASSWORD)


async def test_the_audit_of_a_new_person_holds_no_password(session: WriteSession) -> None:
    await create_user(session, SYSTEM, "vera", PASSWORD, Role.VIEWER)

    entry = (await session.execute(select(AuditEntry))).scalar_one()
    assert (entry.action, entry.actor_name, entry.before) == ("user.created", "system:test", None)
    assert entry.after == {"username": "vera", "role": "VIEWER"}


async def test_a_name_is_taken_once(session: WriteSession) -> None:
    await create_user(session, SYSTEM, "vera", PASSWORD, Role.VIEWER)

    with pytest.raises(Conflict) as caught:
        await create_user(session, SYSTEM, "vera", PASSWORD, Role.VIEWER)

    assert caught.value.problem_code is Code.NAME_EXISTS


@pytest.mark.parametrize(("name", "password"), [("a b", PASSWORD), ("vera", "password1")])
async def test_bad_names_and_passwords_are_refused(
    session: WriteSession, name: str, password: str
) -> None:
    with pytest.raises(BadInput):
        await create_user(session, SYSTEM, name, password, Role.VIEWER)


async def test_only_administrators_add_people(session: WriteSession, otto: Actor) -> None:
    with pytest.raises(PermissionRequired):
        await create_user(session, otto, "vera", PASSWORD, Role.VIEWER)


async def test_everybody_knows_themselves(db: Database, otto_user: UserRow) -> None:
    me = Actor(name="otto", permissions=PERMISSIONS[Role.OPERATOR], user_id=otto_user.id)

    async with db.read() as session:
        assert await get_me(session, me) == otto_user
        assert await get_me(ReadSession(session), NOBODY) is None
        assert await get_me(session, SYSTEM) is None


async def test_a_token_is_stored_as_a_digest_only(db: Database, otto_user: UserRow) -> None:
    async with db.write() as session:
        token = await create_api_token(session, SYSTEM, "otto", " ci ", scopes=[Permission.VIEW])

    async with db.read() as session:
        stored = (await session.execute(select(ApiToken))).scalar_one()
        entries = (await session.execute(select(AuditEntry))).scalars().all()
    assert token.startswith("wf_")
    assert (stored.name, stored.scopes, len(stored.digest)) == ("ci", ["VIEW"], 32)
    assert all(token not in f"{entry.before}{entry.after}" for entry in entries)


async def test_a_given_token_is_accepted_once(db: Database, otto_user: UserRow) -> None:
    given = "wf_demo_token_0123456789abcdef"
    async with db.write() as session:
        assert await create_api_token(session, SYSTEM, "otto", "demo", token=given) == given
        with pytest.raises(Conflict):
            await create_api_token(session, SYSTEM, "otto", "demo", token=given)


@pytest.mark.parametrize(
    "terms",
    [
        {"token": "demo_token_0123456789abcdef"},
        {"token": "wf_short"},
        {"scopes": []},
        {"scopes": [Permission.ADMIN]},
        {"expires_at": datetime.now(UTC) - timedelta(seconds=1)},
        {"name": " "},
        {"name": "a\nb"},
    ],
)
async def test_a_token_with_impossible_terms_is_refused(
    db: Database, otto_user: UserRow, terms: dict[str, object]
) -> None:
    given = {"name": "ci", **terms}
    async with db.write() as session:
        with pytest.raises(BadInput):
            await create_api_token(session, SYSTEM, "otto", **given)  # type: ignore[arg-type]


async def test_people_make_tokens_for_themselves_only(
    db: Database, otto_user: UserRow, vera: Actor
) -> None:
    me = Actor(name="otto", permissions=PERMISSIONS[Role.OPERATOR], user_id=otto_user.id)
    async with db.write() as session:
        assert await create_api_token(session, me, "otto", "mine")
        with pytest.raises(PermissionRequired):
            await create_api_token(session, vera, "otto", "not mine")
        with pytest.raises(PermissionRequired):
            await create_api_token(session, vera, "ghost", "not there")
        with pytest.raises(NotFound):
            await create_api_token(session, SYSTEM, "ghost", "not there")
