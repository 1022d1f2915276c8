"""What a schema takes as a whole, and what the account would need to know it all."""

from whalefall.adapters.mysql.reconciliation import reconciled
from whalefall.adapters.mysql.tables import Spaces, TableRow, table_fact
from whalefall.domain.facts import DatabaseSizeFact, Quality, SkipReason, TableFact
from whalefall.domain.sizes import Bytes


def database_fact(
    name: str, tables: list[TableRow], spaces: Spaces | None, *, proven: bool
) -> DatabaseSizeFact:
    """The schema's tablespaces, and what its other tables hold; nothing seen is nothing known,
    unless it is `proven` that all tables are visible."""
    facts = [table_fact(name, table, spaces) for table in tables]
    unowned = [*spaces.hidden, *spaces.temporary] if spaces else []
    if not facts and not unowned and not proven:
        return unknown(name, SkipReason.PERMISSION)
    size = sum(_taken(fact) for fact in facts)
    size += sum(space.allocated_bytes or 0 for space in unowned)
    quality, reason = _quality(facts, proven=proven)
    if quality is not Quality.PARTIAL and any(space.allocated_bytes is None for space in unowned):
        quality, reason = Quality.PARTIAL, SkipReason.NOT_COLLECTED
    return DatabaseSizeFact(
        name=name,
        size_bytes=Bytes(size),
        quality=quality,
        reason=reason,
        reconciliation=reconciled(name, tables, spaces),
    )


def unknown(name: str, reason: SkipReason) -> DatabaseSizeFact:
    return DatabaseSizeFact(name=name, size_bytes=None, quality=Quality.UNAVAILABLE, reason=reason)


def missing_grants(*, databases: bool, tables: bool, spaces: bool) -> list[str]:
    """The global privileges that would show what is not proven to be seen: names, tables, files."""
    seen = {"PROCESS": spaces, "REFERENCES": tables, "SHOW DATABASES": databases}
    return [privilege for privilege, is_seen in seen.items() if not is_seen]


def _taken(fact: TableFact) -> int:
    return next((size for size in (fact.allocated_bytes, fact.size_bytes) if size is not None), 0)


def _quality(facts: list[TableFact], *, proven: bool) -> tuple[Quality, SkipReason | None]:
    if not proven:
        return Quality.PARTIAL, SkipReason.PERMISSION
    doubtful = [fact for fact in facts if fact.quality in (Quality.PARTIAL, Quality.UNAVAILABLE)]
    if doubtful:
        return Quality.PARTIAL, doubtful[0].reason
    if any(fact.allocated_bytes is None for fact in facts):
        return Quality.ESTIMATED, None
    return Quality.EXACT, None
