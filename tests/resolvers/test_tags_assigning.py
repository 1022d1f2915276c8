"""Tags on many instances at once: all or nothing, counted, and written down for each."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import ADA, OTTO, VERA, make_instance, make_tag
from tests.waiting import until_waiting
from whalefall.db import Database, WriteSession
from whalefall.domain.checks import Problems
from whalefall.errors import BadInput, Code, Conflict, PermissionRequired
from whalefall.models.instances import Instance, InstanceTag
from whalefall.models.logs import AuditEntry
from whalefall.resolvers.tags import delete_tag
from whalefall.resolvers.tags.assigning import (
    MAX_INSTANCES,
    MAX_TAGS,
    TagChange,
    assign_tags,
    preview_tags,
    remove_tags,
)


@pytest.fixture
async def estate(session: WriteSession) -> tuple[list[Instance], list[int]]:
    """Three instances, the first with the first of three tags, the last of which is inactive."""
    tags = [await make_tag(session, name, is_active=name != "old") for name in ("a", "b", "old")]
    instances = [
        await make_instance(session, name="one", tags=tags[:1]),
        await make_instance(session, name="two"),
        await make_instance(session, name="three", tags=[tags[2]]),
    ]
    return instances, [tag.id for tag in tags]


async def pairs(session: WriteSession) -> set[tuple[int, int]]:
    rows = await session.execute(select(InstanceTag.instance_id, InstanceTag.tag_id))
    return {(row.instance_id, row.tag_id) for row in rows}


async def written(session: WriteSession) -> list[tuple[str, Any, Any, Any]]:
    entries = (await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars()
    return [(each.action, each.object_id, each.before, each.after) for each in entries]


async def test_only_missing_pairs_are_added_and_each_instance_has_its_audit(
    session: WriteSession, estate: tuple[list[Instance], list[int]]
) -> None:
    (one, two, three), (a, b, old) = estate
    was = three.updated_at

    outcome = await assign_tags(session, OTTO, [two.id, one.id, two.id], [a, b])

    assert outcome.changed_count == 3
    assert outcome.instance_ids == [one.id, two.id]
    expected = {(one.id, a), (one.id, b), (two.id, a), (two.id, b), (three.id, old)}
    assert await pairs(session) == expected
    assert sorted(await written(session), key=lambda entry: str(entry[1])) == sorted(
        [
            (
                "instance.tags_assigned",
                one.id,
                {"tag_names": ["a"]},
                {"tag_names": ["a", "b"]},
            ),
            ("instance.tags_assigned", two.id, {"tag_names": []}, {"tag_names": ["a", "b"]}),
        ],
        key=lambda entry: str(entry[1]),
    )
    for each in (one, two, three):
        await session.refresh(each)
    assert min(one.updated_at, two.updated_at) > was == three.updated_at


async def test_what_is_there_is_taken_off_and_nothing_else(
    session: WriteSession, estate: tuple[list[Instance], list[int]]
) -> None:
    (one, two, three), (a, b, old) = estate

    outcome = await remove_tags(session, OTTO, [one.id, two.id, three.id], [a, b])

    assert (outcome.changed_count, outcome.instance_ids) == (1, [one.id])
    assert await pairs(session) == {(three.id, old)}
    assert await written(session) == [
        ("instance.tags_removed", one.id, {"tag_names": ["a"]}, {"tag_names": []})
    ]
    again = await remove_tags(session, OTTO, [one.id], [a])
    assert again.changed_count == 0
    assert len(await written(session)) == 1


async def test_a_tag_that_is_being_assigned_is_not_deleted(db: Database) -> None:
    async with db.write() as session:
        tag, instance = await make_tag(session, "prod"), await make_instance(session)

    async def delete() -> None:
        async with db.write() as session:
            await delete_tag(session, ADA, tag.id)

    async with db.write() as session:
        await assign_tags(session, OTTO, [instance.id], [tag.id])
        deleting = asyncio.create_task(delete())
        await until_waiting(db)
        assert not deleting.done()

    with pytest.raises(Conflict) as caught:
        await deleting
    assert caught.value.problem_code is Code.TAG_IN_USE


async def test_the_preview_says_what_the_deed_then_does(
    session: WriteSession, estate: tuple[list[Instance], list[int]]
) -> None:
    instances, tag_ids = estate
    ids = [each.id for each in instances]

    for change, deed in [(TagChange.ASSIGN, assign_tags), (TagChange.REMOVE, remove_tags)]:
        before = await pairs(session)
        said = await preview_tags(session, OTTO, change, [*ids, ids[0]], tag_ids)
        assert await pairs(session) == before

        assert said == await deed(session, OTTO, ids, tag_ids)
        assert said.changed_count == (7 if change is TagChange.ASSIGN else 9)


async def test_every_id_of_nothing_is_named_and_nothing_changes(
    session: WriteSession, estate: tuple[list[Instance], list[int]]
) -> None:
    (one, *_), (a, *_) = estate
    recycled = await make_instance(session, deleted_at=one.created_at)
    before = await pairs(session)

    for deed in (assign_tags, remove_tags):
        with pytest.raises(Problems) as caught:
            await deed(session, OTTO, [one.id, 2**40, recycled.id], [2**41, a])

        assert [problem.field for problem in caught.value.problems] == [
            ("instance_ids", "1"),
            ("instance_ids", "2"),
            ("tag_ids", "0"),
        ]
        assert {problem.problem_code for problem in caught.value.problems} == {Code.NOT_FOUND}
    assert await pairs(session) == before


@pytest.mark.parametrize(
    ("instance_ids", "tag_ids", "field"),
    [
        ([], [1], "instance_ids"),
        ([1], [], "tag_ids"),
        (list(range(MAX_INSTANCES + 1)), [1], "instance_ids"),
        ([1], list(range(MAX_TAGS + 1)), "tag_ids"),
    ],
)
async def test_none_and_too_many_are_refused(
    session: WriteSession, instance_ids: list[int], tag_ids: list[int], field: str
) -> None:
    with pytest.raises(BadInput) as caught:
        await assign_tags(session, OTTO, instance_ids, tag_ids)

    assert caught.value.field == (field,)


async def test_tagging_needs_the_right_to_update(session: WriteSession) -> None:
    for deed in (assign_tags, remove_tags):
        with pytest.raises(PermissionRequired):
            await deed(session, VERA, [1], [1])
    with pytest.raises(PermissionRequired):
        await preview_tags(session, VERA, TagChange.ASSIGN, [1], [1])
