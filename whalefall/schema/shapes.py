"""What of an operation's variables a compiled plan depends on, as a key.

Which are null; the values of booleans, enums and Ints (they are numbers of rows); the types that
global ids name. Whatever else there is arrives as a parameter.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    type_from_ast,
)

from whalefall.schema.ids import id_type

Shape = Callable[[Any], Hashable]
BY_VALUE = ("Boolean", "Int")


def shape_of_variables(core: GraphQLSchema, definition: OperationDefinitionNode) -> Shape:
    """A function from an operation's coerced variables to their shape."""
    shapes = {
        variable.variable.name.value: _shape(type_from_ast(core, variable.type))
        for variable in definition.variable_definitions or ()
    }

    def of(variables: Mapping[str, Any]) -> Hashable:
        return tuple((name, shapes[name](value)) for name, value in variables.items())

    return of


def _shape(type_: Any) -> Shape:
    type_ = get_nullable_type(type_)
    if is_list_type(type_):
        return _types_of_ids if get_named_type(type_).name == "ID" else _is_null
    if isinstance(type_, GraphQLInputObjectType):
        return _shape_of_object(type_)
    if isinstance(type_, GraphQLEnumType) or type_.name in BY_VALUE:
        return lambda value: value
    if type_.name == "ID":
        return lambda value: None if value is None else id_type(value)
    return _is_null


def _is_null(value: Any) -> bool:
    return value is None


def _types_of_ids(ids: Any) -> Hashable:
    return None if ids is None else frozenset(map(id_type, ids))


def _shape_of_object(type_: GraphQLInputObjectType) -> Shape:
    def of(value: Any) -> Hashable:
        if value is None:
            return None
        fields = type_.fields
        return tuple((name, _shape(fields[name].type)(given)) for name, given in value.items())

    return of
