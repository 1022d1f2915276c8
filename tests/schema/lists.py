"""Every connection of the schema, found by walking it, and rows to fill each of them with."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
)
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import (
    ADA,
    make_database,
    make_instance,
    make_snapshot,
    make_sync_session,
    make_user,
)
from whalefall.auth import Actor, Role
from whalefall.domain.engines import ENGINES
from whalefall.domain.states import ScheduleTask
from whalefall.models.base import Base
from whalefall.models.capacity import DatabaseSizeAggregation, GrowthEvent, InstanceSizeAggregation
from whalefall.models.databases import InstanceDatabase, TableSize
from whalefall.models.instances import Credential, Instance, Tag
from whalefall.models.logs import AuditEntry
from whalefall.models.schedules import Schedule
from whalefall.models.sync import SyncRecord, SyncSession
from whalefall.models.users import ApiToken, User, UserSession
from whalefall.schema.build import schema
from whalefall.schema.ids import global_id

CORE = schema._schema
BYTES = ("avg_bytes", "min_bytes", "max_bytes", "first_bytes", "last_bytes")
HOSTILE = (
    "",
    " ",
    "a",
    "B",
    "á",
    "a b",
    "'; DROP TABLE tags; --",
    '"quoted"',
    "back\\slash",
    "100%",
    "under_score",
    "<script>alert(1)</script>",
    '=cmd|"/C calc"!A0',
    "tab\tand\nline",
    "\x01\x1f\x7f",
    "数据库",
    "データ",
    "🐋🏽‍♀️",
    "e\u0301 combining",
    "\u202eright to left",
    "zero\u200bwidth",
    "\u2028\u2029",
    "\uffff\U0010ffff",
    "ß ﬁ İ ı",
    "z" * 128,
)
NULL_EVERY = 2  # every other row has null in each column that may be null: more than a page
SIZES = (0, 1, 1, 2**53 + 1, 2**63 - 1)


@dataclass(frozen=True)
class ListField:
    """A field that is a connection, the type that it is a field of, and the type of its rows."""

    parent: str
    name: str
    node: str
    order: str | None  # its orderBy's input type; null when the order is fixed
    orders: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.parent}.{self.name}"

    def document(self, selection: str, **variables: str) -> str:
        """A query for the list of one parent, by its id where it hangs from an object."""
        if self.parent != "Query":
            variables = {"id": "ID!", **variables}
            selection = f"node(id: $id) {{ ... on {self.parent} {{ {selection} }} }}"
        return self._query(selection, variables)

    def document_of_many(self, selection: str, **variables: str) -> str:
        """A query for the lists of many parents by their ids."""
        selection = f"nodes(ids: $ids) {{ ... on {self.parent} {{ id {selection} }} }}"
        return self._query(selection, {"ids": "[ID!]!", **variables})

    def _query(self, selection: str, variables: Mapping[str, str]) -> str:
        order = {} if self.order is None else {"order": self.order}
        head = ", ".join(f"${name}: {type_}" for name, type_ in {**variables, **order}.items())
        return f"query {f'({head})' if head else ''} {{ {selection} }}"

    def call(self, arguments: str) -> str:
        """The field with these arguments, in the order of the variable."""
        order = "" if self.order is None else ", orderBy: $order"
        return f"{self.name}({arguments}{order})"


def object_type(name: str) -> GraphQLObjectType:
    found = CORE.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def list_fields() -> Iterator[ListField]:
    for named in CORE.type_map.values():
        if isinstance(named, GraphQLObjectType):
            for name, field in named.fields.items():
                if "pageInfo" in getattr(get_named_type(field.type), "fields", ()):
                    yield _list_field(named.name, name, field)


def _list_field(parent: str, name: str, field: GraphQLField) -> ListField:
    connection = get_named_type(field.type)
    assert isinstance(connection, GraphQLObjectType)
    node = get_named_type(connection.fields["nodes"].type).name
    if "orderBy" not in field.args:
        return ListField(parent, name, node, None, ())
    order = get_named_type(field.args["orderBy"].type)
    assert isinstance(order, GraphQLInputObjectType)
    orders = get_named_type(order.fields["field"].type)
    assert isinstance(orders, GraphQLEnumType)
    return ListField(parent, name, node, order.name, tuple(orders.values))


LISTS = tuple(list_fields())


@dataclass(frozen=True)
class Rows:
    """How a list is filled: the object that it hangs from, and its row of a number.

    Rows of one number stand side by side in every order: they differ by `name` alone.
    """

    parent_id: str | None
    make: Callable[[int, str], Base]
    asker: Actor = ADA


def name_of(number: int, twin: int = 0) -> str:
    """A name of its own; after the hostile ones come the same with something behind."""
    turn, which = divmod(number, len(HOSTILE))
    return HOSTILE[which] + "'" * turn + "~" * twin


def size_of(number: int) -> int | None:
    return None if number % NULL_EVERY == 0 else SIZES[number % len(SIZES)]


def moment_of(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=number % 9 * 100_001)


async def _instances(session: AsyncSession) -> Rows:
    def make(number: int, name: str) -> Instance:
        return Instance(
            name=name,
            engine=list(ENGINES)[number % len(ENGINES)],
            host=HOSTILE[number % 5],
            port=1,
            total_size_bytes=size_of(number),
            created_at=moment_of(number),
        )

    return Rows(None, make)


async def _databases(session: AsyncSession, instances: int = 1) -> Rows:
    owners = [await make_instance(session, name=f"owner {name}") for name in HOSTILE[:instances]]

    def make(number: int, name: str) -> InstanceDatabase:
        collected_at = None if size_of(number) is None else moment_of(number)
        return InstanceDatabase(
            instance_id=owners[number % len(owners)].id,
            name=name,
            first_seen_on=date(2026, 1, 1),
            last_seen_on=date(2026, 1, 1),
            size_bytes=size_of(number),
            size_collected_at=collected_at,
        )

    return Rows(global_id("Instance", owners[0].id), make)


async def _table_sizes(session: AsyncSession) -> Rows:
    database = await make_database(session)
    await make_snapshot(session, database)

    def make(number: int, name: str) -> TableSize:
        size = size_of(number)
        return TableSize(
            database_id=database.id,
            schema_name=name,
            table_name=HOSTILE[number % 7],
            kind="TABLE",
            size_bytes=size,
            data_bytes=size,
            index_bytes=size,
            row_count=size,
            quality="EXACT",
        )

    return Rows(global_id("Database", database.id), make)


async def _credentials(session: AsyncSession) -> Rows:
    def make(number: int, name: str) -> Credential:
        return Credential(
            name=name,
            credential_type="DATABASE",
            username="reader",
            password_ciphertext=b"-",
            key_id="none",
            created_at=moment_of(number),
        )

    return Rows(None, make)


async def _tags(session: AsyncSession) -> Rows:
    def make(number: int, name: str) -> Tag:
        return Tag(name=name, display_name=name, category=HOSTILE[number % 5])

    return Rows(None, make)


async def _sync_sessions(session: AsyncSession) -> Rows:
    def make(number: int, name: str) -> SyncSession:
        return SyncSession(
            category="CAPACITY",
            trigger="API",
            status="COMPLETED",
            created_at=moment_of(number),
        )

    return Rows(None, make)


async def _sync_records(session: AsyncSession) -> Rows:
    sync_session = await make_sync_session(session)

    def make(number: int, name: str) -> SyncRecord:
        return SyncRecord(
            session_id=sync_session.id,
            category="CAPACITY",
            status="COMPLETED",
            stage=name,
            created_at=moment_of(number),
        )

    return Rows(global_id("SyncSession", sync_session.id), make)


async def _api_tokens(session: AsyncSession) -> Rows:
    user = await make_user(session)

    def make(number: int, name: str) -> ApiToken:
        return ApiToken(
            user_id=user.id,
            name=HOSTILE[number % 5],
            digest=name.encode(),
            created_at=moment_of(number),
        )

    return Rows(None, make)


async def _user_sessions(session: AsyncSession) -> Rows:
    user, now = await make_user(session), datetime.now(UTC)

    def make(number: int, name: str) -> UserSession:
        return UserSession(
            user_id=user.id,
            token_digest=name.encode(),
            created_at=moment_of(number),
            last_seen_at=now + timedelta(microseconds=number % 9 * 100_001),
            expires_at=now + timedelta(days=1),
        )

    return Rows(None, make, replace(ADA, user_id=user.id))


async def _users(session: AsyncSession) -> Rows:
    roles = list(Role)

    def make(number: int, name: str) -> User:
        return User(
            username=name,
            password_hash="-",
            role=roles[number % len(roles)],
            created_at=moment_of(number),
            last_login_at=None if number % NULL_EVERY == 0 else moment_of(number),
        )

    return Rows(None, make)


async def _sums(session: AsyncSession, model: type[Base]) -> Rows:
    database = await make_database(session)
    keys = {"instance_id": database.instance_id}
    if model is DatabaseSizeAggregation:
        keys["database_id"] = database.id
    days = (date(2026, 1, 1) + timedelta(days=number) for number in count())

    def make(number: int, name: str) -> Base:
        size, day = SIZES[number % 5], next(days)
        change = None if number % NULL_EVERY == 0 else number % 7
        own = {"avg_database_count": 1.0} if model is InstanceSizeAggregation else {}
        return model(
            **keys,
            **own,
            period="DAILY",
            period_start=day,
            period_end=day,
            days=1,
            readings=1,
            change_bytes=change,
            change_percent=change,
            quality="EXACT",
            is_sample=False,
            **dict.fromkeys(BYTES, size),
        )

    return Rows(None, make)


async def _growth_events(session: AsyncSession) -> Rows:
    database = await make_database(session)
    days = (date(2026, 1, 1) + timedelta(days=number) for number in count())

    def make(number: int, name: str) -> GrowthEvent:
        day = next(days)
        return GrowthEvent(
            database_id=database.id,
            event_date=day,
            since=day,
            before_bytes=1,
            after_bytes=2,
            created_at=moment_of(number),
        )

    return Rows(None, make)


async def _schedules(session: AsyncSession) -> Rows:
    tasks = list(ScheduleTask)

    def make(number: int, name: str) -> Schedule:
        return Schedule(
            task=tasks[number % len(tasks)],
            cron="0 3 * * *",
            is_enabled=number % NULL_EVERY > 0,
            next_run_at=None if number % NULL_EVERY == 0 else moment_of(number),
            longest_pause_seconds=86_400,
        )

    return Rows(None, make)


async def _audit_entries(session: AsyncSession) -> Rows:
    def make(number: int, name: str) -> AuditEntry:
        return AuditEntry(
            made_at=moment_of(number), actor_name=name, action="tag.created", object_type="Tag"
        )

    return Rows(None, make)


# A connection that is new to the schema is tested once it has a line here.
ROWS: Mapping[str, Callable[[AsyncSession], Awaitable[Rows]]] = {
    "Query.instances": _instances,
    "Query.databases": partial(_databases, instances=3),
    "Query.credentials": _credentials,
    "Query.tags": _tags,
    "Query.syncSessions": _sync_sessions,
    "Query.apiTokens": _api_tokens,
    "Query.mySessions": _user_sessions,
    "Query.users": _users,
    "Query.auditEntries": _audit_entries,
    "Query.schedules": _schedules,
    "Query.growthEvents": _growth_events,
    "Query.databaseAggregations": partial(_sums, model=DatabaseSizeAggregation),
    "Query.instanceAggregations": partial(_sums, model=InstanceSizeAggregation),
    "Instance.databases": _databases,
    "Database.tableSizes": _table_sizes,
    "SyncSession.records": _sync_records,
}
