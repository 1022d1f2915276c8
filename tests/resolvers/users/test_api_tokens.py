"""API tokens: made, seen and revoked by whom they belong to, and never wider than their maker."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.resolvers.users.conftest import PASSWORD, SYSTEM
from whalefall.auth import NOBODY, PERMISSIONS, Actor, Permission, Role
from whalefall.db import Database
from whalefall.errors import (
    AuthenticationRequired,
    BadInput,
    Conflict,
    NotFound,
    PermissionRequired,
    Refused,
)
from whalefall.models.logs import AuditEntry
from whalefall.models.users import ApiToken, User
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.users import (
    API_TOKENS,
    ApiTokenFilter,
    ApiTokenInput,
    NewApiToken,
    UserRow,
    actor_of_token,
    create_api_token,
    create_own_api_token,
    create_user,
    revoke_api_token,
)

SOON = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def otto_himself(otto_user: UserRow) -> Actor:
    return Actor(name="otto", permissions=PERMISSIONS[Role.OPERATOR], user_id=otto_user.id)


async def make(db: Database, actor: Actor, name: str = "ci", **terms: Any) -> NewApiToken:
    async with db.write() as session:
        return await create_own_api_token(session, actor, ApiTokenInput(name=name, **terms))


async def names(db: Database, actor: Actor, **filter: Any) -> list[str]:
    """Of the tokens that an actor sees, latest first."""
    listing = Listing(filter=ApiTokenFilter(**filter))
    async with db.read() as session:
        page = await reading.list_rows(session, actor, API_TOKENS, listing)
    return [row.name for row in page.rows]


async def revoke(db: Database, actor: Actor, token_id: int) -> datetime | None:
    async with db.write() as session:
        return (await revoke_api_token(session, actor, token_id)).revoked_at


async def works(db: Database, token: str) -> bool:
    try:
        return (await actor_of_token(db, token)).is_signed_in
    except Refused:
        return False


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
    db: Database, otto_himself: Actor, vera: Actor
) -> None:
    async with db.write() as session:
        assert await create_api_token(session, otto_himself, "otto", "mine")
        with pytest.raises(PermissionRequired):
            await create_api_token(session, vera, "otto", "not mine")
        with pytest.raises(PermissionRequired):
            await create_api_token(session, vera, "ghost", "not there")
        with pytest.raises(NotFound):
            await create_api_token(session, SYSTEM, "ghost", "not there")


async def test_a_new_token_is_shown_beside_what_is_kept_of_it(
    db: Database, otto_himself: Actor
) -> None:
    made = await make(db, otto_himself, " ci ", scopes=[Permission.VIEW], expires_at=SOON)

    row = made.row
    assert (row.name, row.scopes, row.expires_at) == ("ci", [Permission.VIEW], SOON)
    assert (row.is_active, row.last_used_at, row.revoked_at) == (True, None, None)
    assert row.user_id == otto_himself.user_id
    assert made.token not in repr(made)
    actor = await actor_of_token(db, made.token)
    assert (actor.token_id, list(actor.permissions)) == (row.id, [Permission.VIEW])


async def test_nobody_and_parts_of_whalefall_have_no_tokens_of_their_own(db: Database) -> None:
    with pytest.raises(AuthenticationRequired):
        await make(db, NOBODY)
    with pytest.raises(PermissionRequired):
        await make(db, SYSTEM)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": [Permission.VIEW, Permission.DELETE]}, "scopes"),
        ({"expires_at": datetime.now(UTC) - timedelta(seconds=1)}, "expires_at"),
    ],
)
async def test_impossible_terms_name_their_field(
    db: Database, otto_himself: Actor, terms: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInput) as caught:
        await make(db, otto_himself, **terms)

    assert caught.value.field == (field,)


async def test_a_scoped_token_makes_none_that_is_wider(db: Database, otto_himself: Actor) -> None:
    scopes = [Permission.VIEW, Permission.EXECUTE]
    parent = await actor_of_token(db, (await make(db, otto_himself, scopes=scopes)).token)

    narrower = await make(db, parent, scopes=[Permission.VIEW])
    same = await make(db, parent)
    with pytest.raises(BadInput) as caught:
        await make(db, parent, scopes=[Permission.VIEW, Permission.UPDATE])

    assert narrower.row.scopes == ["VIEW"]
    assert same.row.scopes == sorted(scopes)  # not null, which would grow with its owner's role
    assert caught.value.field == ("scopes",)


async def test_what_a_scoped_token_makes_does_not_grow_with_a_promotion(
    db: Database, otto_himself: Actor
) -> None:
    scopes = list(PERMISSIONS[Role.OPERATOR])  # all that Otto may today
    parent = await actor_of_token(db, (await make(db, otto_himself, scopes=scopes)).token)
    child = await make(db, parent)

    async with db.write() as session:
        await session.execute(update(User).values(role=Role.ADMIN))

    assert (await actor_of_token(db, child.token)).permissions == set(scopes)


async def test_a_token_makes_none_that_outlives_it(db: Database, otto_himself: Actor) -> None:
    parent = await actor_of_token(db, (await make(db, otto_himself, expires_at=SOON)).token)

    assert (await make(db, parent)).row.expires_at == SOON
    assert (await make(db, parent, expires_at=SOON)).row.expires_at == SOON
    with pytest.raises(BadInput) as caught:
        await make(db, parent, expires_at=SOON + timedelta(seconds=1))

    assert caught.value.field == ("expires_at",)


async def test_an_unscoped_token_makes_an_unscoped_one(db: Database, otto_himself: Actor) -> None:
    parent = await actor_of_token(db, (await make(db, otto_himself)).token)

    made = await make(db, parent)

    assert (made.row.scopes, made.row.expires_at) == (None, None)


async def test_people_see_their_own_tokens_and_administrators_all(
    db: Database, otto_himself: Actor, ada: Actor
) -> None:
    async with db.write() as session:
        vera = await create_user(session, SYSTEM, "vera", PASSWORD, Role.VIEWER)
        await create_api_token(session, SYSTEM, "vera", "veras")
    await make(db, otto_himself, "ottos")
    vera_herself = Actor(name="vera", permissions=PERMISSIONS[Role.VIEWER], user_id=vera.id)

    assert await names(db, vera_herself) == ["veras"]
    assert await names(db, otto_himself, user_id=vera.id) == []
    assert await names(db, ada) == ["ottos", "veras"]
    assert await names(db, ada, user_id=vera.id) == ["veras"]


async def test_an_administrators_token_without_that_right_sees_its_owners_only(
    db: Database, otto_himself: Actor
) -> None:
    await make(db, otto_himself, "ottos")
    async with db.write() as session:
        await create_user(session, SYSTEM, "ada", PASSWORD, Role.ADMIN)
        narrow = await create_api_token(session, SYSTEM, "ada", "n", scopes=[Permission.VIEW])

    assert await names(db, await actor_of_token(db, narrow)) == ["n"]


async def test_the_list_tells_what_works_from_what_does_not(
    db: Database, otto_himself: Actor
) -> None:
    for name in ("live", "revoked", "expired"):
        made = await make(db, otto_himself, name, expires_at=SOON)
        if name == "revoked":
            await revoke(db, otto_himself, made.row.id)
    async with db.write() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        expired = ApiToken.name == "expired"
        await session.execute(update(ApiToken).where(expired).values(expires_at=past))

    assert await names(db, otto_himself, is_active=True) == ["live"]
    assert await names(db, otto_himself, is_active=False) == ["expired", "revoked"]


async def test_a_revoked_token_is_dead_at_once_and_stays_so(
    db: Database, otto_himself: Actor
) -> None:
    made = await make(db, otto_himself)

    first = await revoke(db, otto_himself, made.row.id)

    assert first is not None
    assert not await works(db, made.token)
    assert await revoke(db, otto_himself, made.row.id) == first
    async with db.read() as session:
        found = await session.execute(
            select(AuditEntry.actor_name, AuditEntry.before).where(
                AuditEntry.action == "api_token.revoked"
            )
        )
        assert [tuple(row) for row in found] == [
            ("otto", {"user_id": otto_himself.user_id, "name": "ci"})
        ]


async def test_only_administrators_revoke_others_tokens(
    db: Database, otto_himself: Actor, ada: Actor, vera: Actor
) -> None:
    made = await make(db, otto_himself)

    with pytest.raises(NotFound):  # what one may not see, one does not hear of either
        await revoke(db, vera, made.row.id)
    with pytest.raises(AuthenticationRequired):
        await revoke(db, NOBODY, made.row.id)
    assert await works(db, made.token)

    await revoke(db, ada, made.row.id)
    assert not await works(db, made.token)


async def test_a_token_revokes_itself_but_none_of_its_siblings(
    db: Database, otto_himself: Actor
) -> None:
    sibling = await make(db, otto_himself)
    leaked = await actor_of_token(db, (await make(db, otto_himself)).token)
    assert leaked.token_id is not None

    with pytest.raises(PermissionRequired):
        await revoke(db, leaked, sibling.row.id)

    assert await works(db, sibling.token)
    assert await revoke(db, leaked, leaked.token_id) is not None


async def test_an_unknown_token_is_not_found(db: Database, ada: Actor) -> None:
    with pytest.raises(NotFound):
        await revoke(db, ada, 2**62)
