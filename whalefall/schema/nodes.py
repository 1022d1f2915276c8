"""GraphQL types made from nouns: global ids, fields taken from rows, rows turned into nodes."""

from collections.abc import Callable
from dataclasses import fields
from inspect import cleandoc
from typing import Annotated, Any, ClassVar, Self, TypeVar, get_type_hints

import strawberry
from strawberry.types.private import StrawberryPrivate

from whalefall.resolvers.nouns.noun import Noun
from whalefall.schema.annotations import graphql_annotation
from whalefall.schema.context import Info
from whalefall.schema.ids import global_id

Type = TypeVar("Type", bound=type)


class RowType:
    """Base of every type that is made from a noun's rows."""

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(**vars(row))


@strawberry.interface(description="Anything that has an id of its own.")
class Node(RowType):
    noun: ClassVar[Noun[Any]]

    @strawberry.field(
        name="id", description="Opaque, the same for ever, and unique among all types."
    )
    def global_id(self) -> strawberry.ID:
        row: Any = self
        return global_id(self.noun.name, row.id)


def noun_type(noun: Noun[Any], *, private: tuple[str, ...] = ()) -> Callable[[Type], Type]:
    """Make a subclass of the noun's row (and Node) a GraphQL type with the row's described fields.

    Fields in `private` are for resolvers only, as is the row id.
    """

    def decorate(cls: Type) -> Type:
        cls.noun = noun  # type: ignore[attr-defined]
        take_fields(cls, noun.row, private=("id", *private))
        return strawberry.type(cls, name=noun.name, description=cleandoc(noun.row.__doc__ or ""))

    return decorate


def row_type(row: type, *, name: str, private: tuple[str, ...] = ()) -> Callable[[Type], Type]:
    """Make a subclass of a row that is no node a GraphQL type; `private` is for resolvers only."""

    def decorate(cls: Type) -> Type:
        take_fields(cls, row, private=private)
        return strawberry.type(cls, name=name, description=cleandoc(row.__doc__ or ""))

    return decorate


def take_fields(cls: type, row: type, *, private: tuple[str, ...]) -> None:
    """Redeclare the row's fields on the class, with what their metadata says about them."""
    hints = get_type_hints(row)
    for declared in fields(row):
        name = declared.name
        if name in cls.__annotations__:
            continue
        if name in private:
            cls.__annotations__[name] = Annotated[hints[name], StrawberryPrivate()]
            continue
        cls.__annotations__[name] = graphql_annotation(hints[name])
        setattr(cls, name, strawberry.field(description=declared.metadata["description"]))


def node_of(info: Info, noun: Noun[Any]) -> Callable[[Any], Any]:
    """What turns a row of the noun into its GraphQL type."""
    definition: Any = info.schema.get_type_by_name(noun.name)
    of: Callable[[Any], Any] = definition.origin.of
    return of
