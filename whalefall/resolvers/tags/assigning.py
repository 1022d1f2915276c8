"""Putting tags on many instances at once, and taking them off: all of it or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, bindparam, delete, func, select, true, update
from sqlalchemy.dialects.postgresql import insert

from whalefall.auth import Actor, Permission
from whalefall.db import Session, WriteSession
from whalefall.domain.checks import Problems
from whalefall.errors import BadInput, Code, said
from whalefall.models.instances import Instance, InstanceTag, Tag
from whalefall.resolvers.audit import audit_many
from whalefall.resolvers.nouns.noun import Condition, View
from whalefall.resolvers.nouns.text import one_of

MAX_INSTANCES, MAX_TAGS = 1_000, 100


class TagChange(StrEnum):
    """What happens to instances and tags that are named together."""

    ASSIGN = "ASSIGN"
    REMOVE = "REMOVE"


@dataclass(frozen=True, kw_only=True)
class TagOutcome:
    """How many pairs of instance and tag change, and which instances that concerns."""

    changed_count: int
    instance_ids: list[int]


async def assign_tags(
    session: WriteSession, actor: Actor, instance_ids: Sequence[int], tag_ids: Sequence[int]
) -> TagOutcome:
    """Put each of the tags on each of the instances; a pair that is there already stays.

    Raises BadInput with everything that is wrong at once; then nothing is changed.
    """
    actor.require(Permission.UPDATE)
    await _check(session, instance_ids, tag_ids, hold=True)
    pairs = _missing(instance_ids, tag_ids).order_by("instance_id", "tag_id")
    added = insert(InstanceTag).from_select(["instance_id", "tag_id"], pairs)
    added = added.on_conflict_do_nothing()
    result = await session.execute(added.returning(InstanceTag.instance_id, InstanceTag.tag_id))
    return await _changed(session, actor, TagChange.ASSIGN, [tuple(row) for row in result])


async def remove_tags(
    session: WriteSession, actor: Actor, instance_ids: Sequence[int], tag_ids: Sequence[int]
) -> TagOutcome:
    """Take each of the tags off each of the instances.

    Raises BadInput with everything that is wrong at once; then nothing is changed.
    """
    actor.require(Permission.UPDATE)
    await _check(session, instance_ids, tag_ids, hold=True)
    gone = delete(InstanceTag).where(*_both(instance_ids, tag_ids))
    result = await session.execute(gone.returning(InstanceTag.instance_id, InstanceTag.tag_id))
    return await _changed(session, actor, TagChange.REMOVE, [tuple(row) for row in result])


async def preview_tags(
    session: Session,
    actor: Actor,
    change: TagChange,
    instance_ids: Sequence[int],
    tag_ids: Sequence[int],
) -> TagOutcome:
    """What assign_tags or remove_tags would change now, with the same refusals."""
    actor.require(Permission.UPDATE)
    await _check(session, instance_ids, tag_ids, hold=False)
    changing = (_missing if change is TagChange.ASSIGN else _present)(instance_ids, tag_ids)
    pairs = changing.subquery()
    counted = select(pairs.c.instance_id, func.count()).group_by(pairs.c.instance_id)
    counts = {row[0]: row[1] for row in await session.execute(counted)}
    return TagOutcome(changed_count=sum(counts.values()), instance_ids=sorted(counts))


async def carrying_ids(session: Session, actor: Actor, tag_ids: Sequence[int]) -> list[int]:
    """The first instances outside the recycle bin that carry one of the tags, as many as fit."""
    actor.require(Permission.VIEW)
    carrying = select(InstanceTag.instance_id).distinct().join(Instance)
    carrying = carrying.where(one_of(InstanceTag.tag_id, tag_ids), Instance.deleted_at.is_(None))
    ordered = carrying.order_by(InstanceTag.instance_id).limit(MAX_INSTANCES)
    return list((await session.execute(ordered)).scalars())


async def _check(
    session: Session, instance_ids: Sequence[int], tag_ids: Sequence[int], *, hold: bool
) -> None:
    """Everything named is there; with `hold` it stays as it is until the transaction ends."""
    _check_number("instance_ids", instance_ids, MAX_INSTANCES)
    _check_number("tag_ids", tag_ids, MAX_TAGS)
    live = select(Instance.id).where(
        one_of(Instance.id, instance_ids), Instance.deleted_at.is_(None)
    )
    known = select(Tag.id).where(one_of(Tag.id, tag_ids))
    if hold:  # always in the order of ids, so that two callers wait for each other but never both
        live = live.order_by(Instance.id).with_for_update(key_share=True)
        known = known.order_by(Tag.id).with_for_update(read=True, key_share=True)
    problems = [
        *_unknown("instance_ids", instance_ids, set((await session.execute(live)).scalars())),
        *_unknown("tag_ids", tag_ids, set((await session.execute(known)).scalars())),
    ]
    if problems:
        raise Problems(problems)


def _check_number(field: str, ids: Sequence[int], maximum: int) -> None:
    if not ids:
        raise BadInput(NONE_CHOSEN[field], field=field)
    if len(ids) > maximum:
        raise BadInput(TOO_MANY[field], field=field)


NONE_CHOSEN = {
    "instance_ids": said("Choose instances first."),
    "tag_ids": said("Choose tags first."),
}
TOO_MANY = {
    "instance_ids": said("Choose at most %(maximum)s instances.", maximum=f"{MAX_INSTANCES:,}"),
    "tag_ids": said("Choose at most %(maximum)s tags.", maximum=MAX_TAGS),
}
MISSING = {
    "instance_ids": said("There is no such instance, or it is in the recycle bin."),
    "tag_ids": said("There is no such tag."),
}


def _unknown(field: str, ids: Sequence[int], known: set[int]) -> list[BadInput]:
    """One problem per id that names nothing, with its place in the input."""
    return [
        BadInput(MISSING[field], code=Code.NOT_FOUND, field=(field, str(place)))
        for place, each in enumerate(ids)
        if each not in known
    ]


def _missing(instance_ids: Sequence[int], tag_ids: Sequence[int]) -> View:
    """The pairs that are not there yet."""
    instances, tags = _ids(instance_ids, "instance_id"), _ids(tag_ids, "tag_id")
    there = select(InstanceTag.tag_id).where(
        InstanceTag.instance_id == instances.c.instance_id, InstanceTag.tag_id == tags.c.tag_id
    )
    pairs = select(instances.c.instance_id, tags.c.tag_id).distinct()
    pairs = pairs.select_from(instances.join(tags, true()))  # each with each
    return pairs.where(~there.correlate(instances, tags).exists())


def _present(instance_ids: Sequence[int], tag_ids: Sequence[int]) -> View:
    """The pairs that are there."""
    pairs = select(InstanceTag.instance_id, InstanceTag.tag_id)
    return pairs.where(*_both(instance_ids, tag_ids))


def _both(instance_ids: Sequence[int], tag_ids: Sequence[int]) -> list[Condition]:
    return [one_of(InstanceTag.instance_id, instance_ids), one_of(InstanceTag.tag_id, tag_ids)]


def _ids(ids: Sequence[int], name: str) -> Any:
    values = bindparam(None, list(ids), type_=ARRAY(BigInteger))
    return func.unnest(values).table_valued(name).render_derived()


async def _changed(
    session: WriteSession, actor: Actor, change: TagChange, pairs: list[tuple[int, ...]]
) -> TagOutcome:
    """Date the instances that changed, and write down for each what it carried and carries."""
    outcome = _outcome(pairs)
    if not pairs:
        return outcome
    touched = update(Instance).where(one_of(Instance.id, outcome.instance_ids))
    await session.execute(touched.values(updated_at=func.clock_timestamp()))
    names = await _names(session, [tag_id for _, tag_id in pairs])
    moved: dict[int, set[str]] = {each: set() for each in outcome.instance_ids}
    for instance_id, tag_id in pairs:
        moved[instance_id].add(names[tag_id])
    after = await _carried(session, outcome.instance_ids)
    before = {
        each: after[each] - moved[each] if change is TagChange.ASSIGN else after[each] | moved[each]
        for each in outcome.instance_ids
    }
    action = "tags_assigned" if change is TagChange.ASSIGN else "tags_removed"
    entries = [(each, _tags(before[each]), _tags(after[each])) for each in outcome.instance_ids]
    await audit_many(session, actor, f"instance.{action}", "Instance", entries)
    return outcome


def _outcome(pairs: list[tuple[int, ...]]) -> TagOutcome:
    changed = sorted({instance_id for instance_id, _ in pairs})
    return TagOutcome(changed_count=len(pairs), instance_ids=changed)


def _tags(names: set[str]) -> Mapping[str, Any]:
    return {"tag_names": sorted(names)}


async def _names(session: Session, tag_ids: Sequence[int]) -> dict[int, str]:
    named = select(Tag.id, Tag.name).where(one_of(Tag.id, sorted(set(tag_ids))))
    return {row.id: row.name for row in await session.execute(named)}


async def _carried(session: Session, instance_ids: Sequence[int]) -> dict[int, set[str]]:
    """The names of all tags on each instance, inactive ones included."""
    carried = select(InstanceTag.instance_id, Tag.name).join(Tag, Tag.id == InstanceTag.tag_id)
    found: dict[int, set[str]] = {each: set() for each in instance_ids}
    for row in await session.execute(carried.where(one_of(InstanceTag.instance_id, instance_ids))):
        found[row.instance_id].add(row.name)
    return found
