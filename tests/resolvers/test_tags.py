"""Tags: their rules, and that one in use stays."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from tests.factories import ADA, OTTO, VERA, make_instance, make_tag
from whalefall.db import WriteSession
from whalefall.domain.checks import Problems
from whalefall.errors import BadInput, Code, Conflict, NotFound, PermissionRequired
from whalefall.models.logs import AuditEntry
from whalefall.resolvers.tags import (
    TagFilter,
    TagInput,
    TagPatch,
    count_tags,
    create_tag,
    delete_tag,
    get_tag,
    list_tag_categories,
    list_tag_options,
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


@pytest.mark.parametrize("name", ["prod", "PROD"])
async def test_a_taken_name_is_refused_in_any_case(session: WriteSession, name: str) -> None:
    await make_tag(session, name)
    other = await make_tag(session)

    with pytest.raises(Conflict) as created:
        await create_tag(session, ADA, PROD)
    with pytest.raises(Conflict) as renamed:
        await update_tag(session, OTTO, other.id, TagPatch(name="Prod"))

    for caught in (created, renamed):
        assert caught.value.problem_code is Code.NAME_EXISTS
        assert caught.value.field == ("name",)


async def test_a_tag_may_change_the_case_of_its_own_name(session: WriteSession) -> None:
    tag = await make_tag(session, "prod")

    assert (await update_tag(session, OTTO, tag.id, TagPatch(name="Prod"))).name == "Prod"


async def test_a_category_is_a_trimmed_key_in_lower_case(session: WriteSession) -> None:
    tag = TagInput(name="eu", display_name="Europe", category="  Region ")

    assert (await create_tag(session, ADA, tag)).category == "region"
    assert await list_tag_categories(session, VERA) == ["region"]


async def test_every_wrong_field_is_named_at_once(session: WriteSession) -> None:
    with pytest.raises(Problems) as caught:
        await create_tag(session, ADA, TagInput(name="a b", display_name=" ", category="x" * 51))

    fields = [problem.field for problem in caught.value.problems]
    assert fields == [("name",), ("display_name",), ("category",)]


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a;b", "ü", "x" * 51, None])
async def test_a_tag_needs_a_plain_code(session: WriteSession, name: str | None) -> None:
    tag = await make_tag(session)

    with pytest.raises(BadInput):
        await update_tag(session, OTTO, tag.id, TagPatch(name=name))


async def test_a_tag_in_use_stays_even_if_only_the_recycle_bin_knows_it(
    session: WriteSession,
) -> None:
    tag = await make_tag(session)
    await make_instance(session, tags=[tag])
    await make_instance(session, tags=[tag], deleted_at=datetime.now(UTC))

    assert (await get_tag(session, VERA, tag.id)).instance_count == 1
    with pytest.raises(Conflict, match="on 2 instances, 1 of them in the recycle bin") as caught:
        await delete_tag(session, ADA, tag.id)

    assert caught.value.problem_code is Code.TAG_IN_USE
    assert caught.value.hint


async def test_pickers_see_tags_by_category(session: WriteSession) -> None:
    await make_tag(session, "prod")
    await make_tag(session, "crm", category="application")
    await make_tag(session, "old", is_active=False)

    every = await list_tag_options(session, VERA)
    active = await list_tag_options(session, VERA, is_active=True)

    assert [option.name for option in every] == ["crm", "old", "prod"]
    assert [option.name for option in active] == ["crm", "prod"]


async def test_filters_narrow_together(session: WriteSession) -> None:
    await make_tag(session, "prod", display_name="Live")
    await make_tag(session, "crm", category="team", is_active=False)

    for filter, names in [
        (None, ["crm", "prod"]),
        (TagFilter(search="LIV"), ["prod"]),
        (TagFilter(category="team"), ["crm"]),
        (TagFilter(search="team"), ["crm"]),
        (TagFilter(category="team", is_active=True), []),
    ]:
        page = await list_tags(session, VERA, filter)
        assert [row.name for row in page.rows] == names
        assert await count_tags(session, VERA, filter) == len(names)


async def test_writing_needs_the_right_to(session: WriteSession) -> None:
    tag = await make_tag(session)

    with pytest.raises(PermissionRequired):
        await create_tag(session, OTTO, PROD)
    with pytest.raises(PermissionRequired):
        await update_tag(session, VERA, tag.id, TagPatch(name="x"))
    with pytest.raises(PermissionRequired):
        await delete_tag(session, OTTO, tag.id)
