"""Tags: their rules, and that one in use stays."""

import pytest
from sqlalchemy import select

from tests.factories import ADA, OTTO, VERA, make_instance, make_tag
from whalefall.db import WriteSession
from whalefall.errors import BadInput, Code, Conflict, NotFound, PermissionRequired
from whalefall.models.logs import AuditEntry
from whalefall.resolvers.tags import (
    TagFilter,
    TagInput,
    TagPatch,
    create_tag,
    delete_tag,
    list_tags,
    update_tag,
)

PROD = TagInput(name="prod", display_name="Production", category="environment")


async def test_a_tag_is_created_changed_and_deleted_with_an_audit(session: WriteSession) -> None:
    row = await create_tag(session, ADA, PROD)
    row = await update_tag(session, OTTO, row.id, TagPatch(name="live"))
    await delete_tag(session, ADA, row.id)

    assert (row.name, row.display_name) == ("live", "Production")
    actions = select(AuditEntry.action).order_by(AuditEntry.id)
    assert list((await session.execute(actions)).scalars()) == [
        "tag.created",
        "tag.updated",
        "tag.deleted",
    ]
    with pytest.raises(NotFound):
        await delete_tag(session, ADA, row.id)


async def test_a_taken_name_is_refused(session: WriteSession) -> None:
    await make_tag(session, "prod")

    with pytest.raises(Conflict) as caught:
        await create_tag(session, ADA, PROD)

    assert caught.value.problem_code is Code.NAME_EXISTS


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a;b", "ü", "x" * 51, None])
async def test_a_tag_needs_a_plain_code(session: WriteSession, name: str | None) -> None:
    tag = await make_tag(session)

    with pytest.raises(BadInput):
        await update_tag(session, OTTO, tag.id, TagPatch(name=name))


async def test_a_tag_in_use_stays(session: WriteSession) -> None:
    tag = await make_tag(session)
    await make_instance(session, tags=[tag])

    with pytest.raises(Conflict) as caught:
        await delete_tag(session, ADA, tag.id)

    assert caught.value.problem_code is Code.TAG_IN_USE


async def test_filters_narrow_together(session: WriteSession) -> None:
    await make_tag(session, "prod", display_name="Live")
    await make_tag(session, "crm", category="team", is_active=False)

    for filter, names in [
        (None, ["crm", "prod"]),
        (TagFilter(search="LIV"), ["prod"]),
        (TagFilter(category="team"), ["crm"]),
        (TagFilter(category="team", is_active=True), []),
    ]:
        page = await list_tags(session, VERA, filter)
        assert [row.name for row in page.rows] == names


async def test_writing_needs_the_right_to(session: WriteSession) -> None:
    tag = await make_tag(session)

    with pytest.raises(PermissionRequired):
        await create_tag(session, OTTO, PROD)
    with pytest.raises(PermissionRequired):
        await update_tag(session, VERA, tag.id, TagPatch(name="x"))
    with pytest.raises(PermissionRequired):
        await delete_tag(session, OTTO, tag.id)
