"""The instances in numbers. Every count is that of the list which the same filter gives."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Subquery, func, select, tuple_

from whalefall.auth import Actor
from whalefall.db import Session
from whalefall.domain.engines import Engine
from whalefall.domain.states import ConnectionState, DeletedFilter, InstanceStatus
from whalefall.resolvers.instances.reading import INSTANCES, InstanceFilter
from whalefall.resolvers.nouns.noun import View, described
from whalefall.resolvers.nouns.queries import counted_of, matching

PORTS = 10
TOTALS = {
    "total": InstanceFilter(),
    "active": InstanceFilter(status=InstanceStatus.ACTIVE),
    "inactive": InstanceFilter(status=InstanceStatus.INACTIVE),
    "recycled": InstanceFilter(deleted=DeletedFilter.ONLY),
    "with_credential": InstanceFilter(has_credential=True),
    "without_credential": InstanceFilter(has_credential=False),
}
# GROUPING() of engine, release line, port and connection: a bit for each that is summed up.
ENGINE, VERSION, PORT, CONNECTION = 0b0111, 0b0011, 0b1101, 0b1110


@dataclass(kw_only=True)
class EngineCount:
    """The instances of one engine."""

    engine: Engine = described("The engine.")
    instances: int = described("How many.")


@dataclass(kw_only=True)
class VersionCount:
    """The instances of one engine that run one release line."""

    engine: Engine = described("The engine.")
    main_version: str | None = described("The release line; null: not known yet.")
    instances: int = described("How many.")


@dataclass(kw_only=True)
class PortCount:
    """The instances on one port."""

    port: int = described("The TCP port.")
    instances: int = described("How many.")


@dataclass(kw_only=True)
class ConnectionCount:
    """The instances whose connection is in one state."""

    state: ConnectionState = described("The state.")
    instances: int = described("How many.")


@dataclass(kw_only=True)
class InstanceTotals:
    """The instances in numbers; but for `recycled`, those outside the recycle bin."""

    total: int = described("Instances outside the recycle bin.")
    active: int = described("Those that are collected.")
    inactive: int = described("Those that are kept but not collected.")
    recycled: int = described("Those in the recycle bin.")
    with_credential: int = described("Those that have a credential.")
    without_credential: int = described("Those that have none, and so cannot be read.")


@dataclass(kw_only=True)
class InstanceStatistics(InstanceTotals):
    """The same with what they are and how they answer."""

    engines: list[EngineCount]
    versions: list[VersionCount]
    ports: list[PortCount]
    connections: list[ConnectionCount]


async def instance_statistics(session: Session, actor: Actor) -> InstanceStatistics:
    """The instances summed up: one statement for the totals, one for all groups."""
    actor.require(INSTANCES.permission)
    view = INSTANCES.alias()
    counts = [
        counted_of(INSTANCES, view, actor, filter).label(name) for name, filter in TOTALS.items()
    ]
    totals = (await session.execute(select(*counts))).mappings().one()
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for kind, *keys, count in await session.execute(_groups(view, actor)):
        found[kind].append((*keys, count))
    states = {state: n for _, _, _, state, n in found[CONNECTION]}
    return InstanceStatistics(
        **totals,
        engines=[EngineCount(engine=engine, instances=n) for engine, _, _, _, n in found[ENGINE]],
        versions=[
            VersionCount(engine=engine, main_version=version, instances=n)
            for engine, version, _, _, n in found[VERSION]
        ],
        ports=[PortCount(port=port, instances=n) for _, _, port, _, n in found[PORT][:PORTS]],
        connections=[
            ConnectionCount(state=state, instances=states.get(state, 0))
            for state in ConnectionState
        ],
    )


def _groups(view: Subquery, actor: Actor) -> View:
    """Which grouping it is, its keys, its count; those with most instances first."""
    keys = (view.c.engine, view.c.main_version, view.c.port, view.c.connection_state)
    engine, version, port, state = keys
    sets = (tuple_(engine), tuple_(engine, version), tuple_(port), tuple_(state))
    count = func.count()
    return (
        select(func.grouping(*keys), *keys, count)
        .where(*matching(INSTANCES, view, actor, InstanceFilter()))
        .group_by(func.grouping_sets(*sets))
        .order_by(count.desc(), engine, version, port)
    )
