"""The schema, put together from the nouns' types."""

from collections.abc import Iterator

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLError,
    GraphQLInputField,
    GraphQLInputObjectType,
    Undefined,
    is_interface_type,
    is_object_type,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from whalefall.resolvers.aggregation.reading import (
    DATABASE_AGGREGATIONS,
    INSTANCE_AGGREGATIONS,
)
from whalefall.resolvers.audit_entries import AUDIT_ENTRIES
from whalefall.resolvers.credentials import CREDENTIALS
from whalefall.resolvers.databases import DATABASES
from whalefall.resolvers.growth_events import GROWTH_EVENTS
from whalefall.resolvers.instances import INSTANCES
from whalefall.resolvers.schedules import SCHEDULES
from whalefall.resolvers.sync import SYNC_SESSIONS
from whalefall.resolvers.tags import TAGS
from whalefall.resolvers.users import API_TOKENS, PEOPLE
from whalefall.schema.aggregations import (
    AggregationMutations,
    DatabaseAggregation,
    InstanceAggregation,
)
from whalefall.schema.audit import AuditEntry
from whalefall.schema.connections import Connection
from whalefall.schema.credentials import Credential, CredentialMutations, CredentialQueries
from whalefall.schema.database_statistics import StatisticsQueries
from whalefall.schema.databases import Database
from whalefall.schema.enums import refresh_engines
from whalefall.schema.fields import find, list_of
from whalefall.schema.forecasts import ForecastMutations, ForecastQueries
from whalefall.schema.growth_events import GrowthEvent, GrowthMutations, GrowthQueries
from whalefall.schema.instances import Instance
from whalefall.schema.instances.bulk import InstanceBulkMutations
from whalefall.schema.instances.importing import InstanceImportMutations
from whalefall.schema.instances.mutations import InstanceMutations
from whalefall.schema.instances.privileges import PrivilegeQueries
from whalefall.schema.instances.statistics import InstanceStatisticsQueries
from whalefall.schema.lookup import NodeQueries
from whalefall.schema.partitions import PartitionMutations, PartitionQueries
from whalefall.schema.scalars import SCALARS
from whalefall.schema.schedules import Schedule, ScheduleMutations
from whalefall.schema.search import SearchQueries
from whalefall.schema.sync import SyncSession
from whalefall.schema.sync.mutations import SyncMutations
from whalefall.schema.sync.repeating import RepeatingMutations
from whalefall.schema.sync.subscriptions import SyncSubscriptions
from whalefall.schema.tags import Tag
from whalefall.schema.tags.mutations import TagMutations
from whalefall.schema.users import ApiToken, User
from whalefall.schema.users.administering import AdministeringMutations
from whalefall.schema.users.api_tokens import ApiTokenMutations
from whalefall.schema.users.me import MyMutations, MyQueries
from whalefall.schema.users.signing_in import UserMutations, UserQueries


@strawberry.type(description="What can be read.")
class Query(
    NodeQueries,
    UserQueries,
    MyQueries,
    CredentialQueries,
    StatisticsQueries,
    PrivilegeQueries,
    SearchQueries,
    InstanceStatisticsQueries,
    PartitionQueries,
    ForecastQueries,
    GrowthQueries,
):
    instances: Connection[Instance] = list_of(INSTANCES, "The instances, by name.")
    instance: Instance | None = find(INSTANCES, "One instance, also from the recycle bin.")
    databases: Connection[Database] = list_of(
        DATABASES, "The ledger: every database of every instance, by instance and name."
    )
    database: Database | None = find(DATABASES, "One database, active or not.")
    credentials: Connection[Credential] = list_of(CREDENTIALS, "The credentials, by name.")
    credential: Credential | None = find(CREDENTIALS, "One credential.")
    tags: Connection[Tag] = list_of(TAGS, "The tags, by name.")
    sync_sessions: Connection[SyncSession] = list_of(
        SYNC_SESSIONS, "The sync sessions, latest first."
    )
    sync_session: SyncSession | None = find(SYNC_SESSIONS, "One sync session.")
    database_aggregations: Connection[DatabaseAggregation] = list_of(
        DATABASE_AGGREGATIONS, "The sizes of databases by period, latest first."
    )
    instance_aggregations: Connection[InstanceAggregation] = list_of(
        INSTANCE_AGGREGATIONS, "The sizes of instances by period, latest first."
    )
    growth_events: Connection[GrowthEvent] = list_of(
        GROWTH_EVENTS, "Growth that the rule makes an event, latest first."
    )
    schedules: Connection[Schedule] = list_of(
        SCHEDULES, "What is done without anybody asking, the next first."
    )
    schedule: Schedule | None = find(SCHEDULES, "One schedule.")
    api_tokens: Connection[ApiToken] = list_of(
        API_TOKENS, "One's own API tokens, latest first; to administrators, everybody's."
    )
    users: Connection[User] = list_of(PEOPLE, "The users, by name; for administrators.")
    user: User | None = find(PEOPLE, "One user; for administrators.")
    audit_entries: Connection[AuditEntry] = list_of(
        AUDIT_ENTRIES, "Every change, latest first; for administrators."
    )


@strawberry.type(description="What can be changed.")
class Mutation(
    UserMutations,
    MyMutations,
    AdministeringMutations,
    ApiTokenMutations,
    CredentialMutations,
    TagMutations,
    InstanceMutations,
    InstanceBulkMutations,
    InstanceImportMutations,
    SyncMutations,
    RepeatingMutations,
    ScheduleMutations,
    AggregationMutations,
    PartitionMutations,
    ForecastMutations,
    GrowthMutations,
):
    pass


@strawberry.type(description="What can be followed, over a WebSocket.")
class Subscription(SyncSubscriptions):
    pass


class Schema(strawberry.Schema):
    """Strawberry's own schema would log every error together with the text of its document."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Errors are logged where they are made public, with their error id."""


def make_schema() -> Schema:
    """The schema with the engines that are registered now."""
    refresh_engines()
    schema = Schema(
        Query,
        Mutation,
        Subscription,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    for value in _input_values(schema):
        if value.default_value is None:
            value.default_value = Undefined  # optional is optional; `= null` would say it twice
    return schema


def _input_values(schema: Schema) -> Iterator[GraphQLArgument | GraphQLInputField]:
    for named in schema._schema.type_map.values():
        if isinstance(named, GraphQLInputObjectType):
            yield from named.fields.values()
        elif is_object_type(named) or is_interface_type(named):
            for field in named.fields.values():
                yield from field.args.values()


schema = make_schema()
