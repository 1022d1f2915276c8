"""An operation as the compiler's Selected tree, by graphql-core's own collecting and coercing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    Node,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_scalar_type,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values
from strawberry import Schema
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from whalefall.errors import BadInput
from whalefall.resolvers.graph.selection import Arguments, Selected, Unsupported, Wanted
from whalefall.resolvers.nouns.noun import Connection as Link
from whalefall.schema.connections import Connection, Edge, PageInfo
from whalefall.schema.documents import Operation
from whalefall.schema.fields import ARGUMENTS, LINK

DEFINITION = "strawberry-definition"
Reader = Callable[[VariableValues], Arguments | None]
Given = dict[str, Any]


@dataclass(frozen=True)
class Selection:
    """The tree, and how to read its arguments again for another request's variables."""

    fields: list[Selected]
    readers: list[Reader]

    def arguments(self, variables: VariableValues) -> list[Arguments | None]:
        """Raises BadInput."""
        return [read(variables) for read in self.readers]


class Selector:
    """Walks one operation. Raises Unsupported at anything that only a resolver can answer."""

    def __init__(self, schema: Schema, operation: Operation, variables: VariableValues) -> None:
        self._schema, self._operation, self._variables = schema, operation, variables
        self._core: GraphQLSchema = schema._schema
        self._fragments = {
            d.name.value: FragmentDetails(d)
            for d in operation.document.definitions
            if isinstance(d, FragmentDefinitionNode)
        }
        self._readers: list[Reader] = []

    def selection(self) -> Selection:
        """Raises Unsupported, BadInput."""
        query = self._core.query_type
        if query is None:
            raise Unsupported("Query")
        collected = collect_fields(
            self._core, self._fragments, self._variables, query, self._operation.definition
        )
        return Selection(list(self._fields(query, collected.grouped_field_set)), self._readers)

    def _fields(self, parent: GraphQLObjectType, grouped: Mapping[str, Any]) -> Iterator[Selected]:
        for key, details in grouped.items():
            name = details[0].node.name.value
            if name == "__typename":
                yield Selected(key=key, name=name, typename=parent.name)
            elif name in parent.fields:
                yield self._field(key, parent, parent.fields[name], details)
            else:
                raise Unsupported(name)

    def _field(
        self, key: str, parent: GraphQLObjectType, core: GraphQLField, details: Any
    ) -> Selected:
        field: StrawberryField = core.extensions[DEFINITION]
        link = field.metadata.get(LINK)
        if (link is None and not _is_plain(parent, field)) or field.extensions:
            raise Unsupported(f"{parent.name}.{field.python_name}")
        position, arguments = self._arguments(core, field, details[0].node)
        inner = get_named_type(core.type)
        choices = {}
        if isinstance(arguments, Wanted):
            names = {name for name, _ in arguments.ids}
            choices = {name: self._below(self._node(inner, name), details) for name in names}
        return Selected(
            key=key,
            name=field.python_name,
            link=link,
            arguments=arguments,
            position=position,
            is_bare=isinstance(link, Link) and is_list_type(get_nullable_type(core.type)),
            fields=[] if choices else self._below(inner, details),
            choices=choices,
        )

    def _below(self, inner: Any, details: Any) -> list[Selected]:
        if isinstance(inner, GraphQLScalarType | GraphQLEnumType):
            return []
        if not isinstance(inner, GraphQLObjectType):
            raise Unsupported(inner.name)
        collected = collect_subfields(
            self._core,
            self._fragments,
            self._variables,
            self._operation.definition,
            inner,
            details,
        )
        return list(self._fields(inner, collected.grouped_field_set))

    def _node(self, interface: Any, name: str) -> Any:
        """The type of this name, which must be a Node. Raises BadInput."""
        found = self._core.get_type(name)
        if found is None or interface not in getattr(found, "interfaces", ()):
            raise BadInput("This id is malformed.")
        return found

    def _arguments(
        self, core: GraphQLField, field: StrawberryField, node: Any
    ) -> tuple[int, Arguments | None]:
        """Where a field's arguments will stand, and what they are now. Raises BadInput."""
        convert = field.metadata.get(ARGUMENTS)
        if convert is None:
            return 0, None
        registry, config = self._schema.schema_converter.scalar_registry, self._schema.config

        def values(variables: VariableValues) -> Given:
            given = get_argument_values(core, node, variables)
            return convert_arguments(given, field.arguments, registry, config)

        now = values(self._variables)
        arguments: Arguments = convert(**now)
        self._readers.append(self._reader(core, field, node, values, now))
        return len(self._readers) - 1, arguments

    def _reader(
        self,
        core: GraphQLField,
        field: StrawberryField,
        node: Any,
        values: Callable[[VariableValues], Given],
        now: Given,
    ) -> Reader:
        """Reads the arguments of later requests, whose variables have the same shape as now's."""
        convert = field.metadata[ARGUMENTS]
        name_of = self._schema.config.name_converter.from_argument
        python_names = {name_of(a): a.python_name for a in field.arguments}
        later: dict[str, str] = {}
        for argument in node.arguments or ():
            name, value = argument.name.value, argument.value
            if not _has_variables(value):
                continue
            if not isinstance(value, VariableNode) or not is_scalar_type(
                get_nullable_type(core.args[name].type)
            ):
                return lambda variables: convert(**values(variables))
            if value.name.value in self._variables.coerced:
                later[python_names[name]] = value.name.value
        if not later:
            arguments: Arguments = convert(**now)
            return lambda variables: arguments
        return lambda variables: convert(
            **now | {name: variables.coerced[each] for name, each in later.items()}
        )


def _is_plain(parent: GraphQLObjectType, field: StrawberryField) -> bool:
    """Whether a field is a row's own value, or a part of a connection."""
    origin: Any = parent.extensions[DEFINITION].origin
    if issubclass(origin, Connection | Edge | PageInfo):
        return True
    return field.is_basic_field or field.python_name == "global_id"


def _has_variables(value: ValueNode) -> bool:
    """Whether a value names a variable anywhere."""
    waiting: list[Node] = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, VariableNode):
            return True
        for key in found.keys:
            below = getattr(found, key, None)
            children = below if isinstance(below, list | tuple) else (below,)
            waiting.extend(child for child in children if isinstance(child, Node))
    return False
