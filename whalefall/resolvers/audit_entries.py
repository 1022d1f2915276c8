"""The audit as it is read: entries are written in `audit`, and never changed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Subquery, Text, cast, or_, select

from whalefall.auth import Actor, Permission
from whalefall.db import Session
from whalefall.domain.ids import GlobalId
from whalefall.domain.paging import Direction, OrderBy, Page, PageRequest
from whalefall.models.base import Json
from whalefall.models.databases import InstanceDatabase
from whalefall.models.instances import Credential, Instance, Tag
from whalefall.models.logs import AuditEntry
from whalefall.models.users import ApiToken, User
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Condition, Noun, One, described
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.text import base64_of, contains, equals, quoted


@dataclass(kw_only=True)
class AuditEntryRow:
    """One change: who made it, of what, from what to what; secrets are hidden."""

    id: int
    made_at: datetime = described("When the change was made.")
    actor_id: int | None = described("Who made it.")
    actor_name: str = described(
        "The name of who made it, as it was then; parts of WhaleFall begin with `system:`."
    )
    action: str = described("What was done, as noun.verb_past: `tag.created`.")
    object_type: str = described("The type of what was changed: `Tag`.")
    object_row_id: int | None = described("The row id of what was changed.")
    object_id: GlobalId | None = described(
        "The id of what was changed, which may be gone since; null when it was no single thing."
    )
    before: Json | None = described(
        "The fields that changed, as they were; null when there was nothing before."
    )
    after: Json | None = described(
        "The same fields as they became; null when nothing is left, or nothing changed."
    )
    request_id: str | None = described(
        "The request that did it, as in the log; null outside of requests."
    )


@dataclass(kw_only=True)
class AuditEntryFilter:
    """Narrows the audit."""

    search: str | None = described(
        "Part of the actor's name, of the action, or of what stands in before and after.",
        default=None,
    )
    user_id: int | None = described("Changes by this user.", default=None)
    action: str | None = described("Exactly this action.", default=None)
    object_type: str | None = described("Changes of things of this type.", default=None)
    object_id: int | None = described("Changes of this very thing.", default=None)
    since: datetime | None = described("Made at this moment or later.", default=None)
    until: datetime | None = described("Made before this moment.", default=None)


class AuditEntryOrderField(StrEnum):
    """MADE_AT, descending, is the default."""

    MADE_AT = "MADE_AT"


def _where(view: Subquery, filter: AuditEntryFilter) -> Iterator[Condition]:
    if filter.search is not None:
        told = (cast(view.c.before, Text), cast(view.c.after, Text))
        places = (view.c.actor_name, view.c.action, *told)
        yield or_(*(contains(place, filter.search) for place in places))
    if filter.user_id is not None:
        yield view.c.actor_id == filter.user_id
    if filter.action is not None:
        yield equals(view.c.action, filter.action)
    if filter.object_type is not None:
        yield equals(view.c.object_type, filter.object_type)
    if filter.object_id is not None:
        yield view.c.object_row_id == filter.object_id
    if filter.since is not None:
        yield view.c.made_at >= filter.since
    if filter.until is not None:
        yield view.c.made_at < filter.until


_NAMED = AuditEntry.object_type.concat(quoted(":")).concat(cast(AuditEntry.object_id, Text))
_NAMES = {
    "Instance": (Instance.id, Instance.name),
    "Database": (InstanceDatabase.id, InstanceDatabase.name),
    "Credential": (Credential.id, Credential.name),
    "Tag": (Tag.id, Tag.name),
    "User": (User.id, User.username),
    "ApiToken": (ApiToken.id, ApiToken.name),
}
REFERENCES = {  # fields that name another thing by its row id
    "instance_id": "Instance",
    "database_id": "Database",
    "credential_id": "Credential",
    "replaced_with_id": "Credential",
    "user_id": "User",
}
AUDIT_ENTRIES: Noun[AuditEntryRow] = Noun(
    name="AuditEntry",
    row=AuditEntryRow,
    filter=AuditEntryFilter,
    view=select(
        AuditEntry.id,
        AuditEntry.made_at,
        AuditEntry.actor_id,
        AuditEntry.actor_name,
        AuditEntry.action,
        AuditEntry.object_type,
        AuditEntry.object_id.label("object_row_id"),
        base64_of(_NAMED).label("object_id"),
        AuditEntry.before,
        AuditEntry.after,
        AuditEntry.request_id,
    ),
    where=_where,
    orders={AuditEntryOrderField.MADE_AT: ("made_at",)},
    default_order=OrderBy(AuditEntryOrderField.MADE_AT, Direction.DESC),
    permission=Permission.ADMIN,
    relations={"actor": One("User", ours="actor_id", theirs="id")},
)


async def list_audit_entries(
    session: Session,
    actor: Actor,
    filter: AuditEntryFilter | None = None,
    order: OrderBy | None = None,
    page: PageRequest | None = None,
) -> Page[AuditEntryRow]:
    """One page of the audit, latest first unless asked otherwise."""
    listing = Listing(filter=filter, order=order, page=page or PageRequest())
    return await reading.list_rows(session, actor, AUDIT_ENTRIES, listing)


async def get_audit_entry(session: Session, actor: Actor, entry_id: int) -> AuditEntryRow:
    """One entry. Raises NotFound."""
    return await reading.get_row(session, actor, AUDIT_ENTRIES, entry_id)


async def list_current_names(
    session: Session, actor: Actor, rows: Sequence[AuditEntryRow]
) -> dict[tuple[str, int], str]:
    """What the things of these entries, and those that they refer to, are called by now: by type
    and row id; not what is gone."""
    actor.require(AUDIT_ENTRIES.permission)
    wanted: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        for object_type, row_id in _mentioned(row):
            wanted[object_type].add(row_id)
    names: dict[tuple[str, int], str] = {}
    for object_type in wanted.keys() & _NAMES.keys():
        id_column, name = _NAMES[object_type]
        ids = wanted[object_type]
        found = await session.execute(select(id_column, name).where(id_column.in_(ids)))
        names |= {(object_type, row_id): text for row_id, text in found}
    return names


def _mentioned(row: AuditEntryRow) -> Iterator[tuple[str, int]]:
    if row.object_row_id is not None:
        yield row.object_type, row.object_row_id
    for side in (row.before or {}, row.after or {}):
        for field in REFERENCES.keys() & side.keys():
            if isinstance(side[field], int):
                yield REFERENCES[field], side[field]
