"""Inputs made from nouns: a filter's and an order's fields are declared in the domain only."""

from dataclasses import MISSING, fields, replace
from enum import StrEnum
from functools import cache
from typing import Any, get_type_hints

import strawberry

from whalefall.domain.paging import Direction, OrderBy
from whalefall.resolvers.nouns.noun import Noun
from whalefall.schema.annotations import graphql_annotation
from whalefall.schema.enums import describe
from whalefall.schema.ids import id_type, row_id

ORDERS = "Ordered by {}; ties by id."


@cache
def filter_input(noun: Noun[Any]) -> Any:
    """The noun's filter, with global ids in the place of row ids."""
    hints = get_type_hints(noun.filter)
    annotations: dict[str, Any] = {}
    body: dict[str, Any] = {"__annotations__": annotations}
    for declared in fields(noun.filter):
        name, description = declared.name, declared.metadata["description"]
        is_id = name.endswith("_id")
        annotations[name] = strawberry.ID | None if is_id else graphql_annotation(hints[name])
        default = None if declared.default is MISSING else declared.default
        body[name] = strawberry.field(description=description, default=default)
    cls = type(noun.filter.__name__, (noun.filter,), body)
    return strawberry.input(cls, description=noun.filter.__doc__)


@cache
def order_input(noun: Noun[Any]) -> Any:
    """The orders that the noun offers, with a direction."""
    enum: type[StrEnum] = type(next(iter(noun.orders)))
    columns = {
        order.name: ORDERS.format(", ".join(keys).replace("_", " "))
        for order, keys in noun.orders.items()
    }
    describe(enum, enum.__doc__ or "", columns)
    body = {
        "__annotations__": {"field": enum, "direction": Direction},
        "field": strawberry.field(description="What the rows are ordered by."),
        "direction": strawberry.field(
            description="Which way; nulls come last in both.", default=Direction.ASC
        ),
    }
    description = f"An order of {noun.name} rows."
    return strawberry.input(type(f"{noun.name}Order", (OrderBy,), body), description=description)


def plain(filter: Any) -> Any:
    """The same filter with row ids: `instance_id` takes the id of an Instance.

    An id beside a type, as `object_id` beside `object_type`, may be of any type and says which.
    """
    ids: dict[str, Any] = {}
    for name, value in vars(filter).items():
        if not name.endswith("_id") or value is None:
            continue
        noun = name.removesuffix("_id")
        kind = f"{noun}_type"
        if hasattr(filter, kind):
            ids |= {kind: _type_of(value, getattr(filter, kind), name)}
        ids[name] = row_id(value, ids.get(kind) or noun.title().replace("_", ""))
    return replace(filter, **ids) if ids else filter


def _type_of(id: str, wanted: str | None, field: str) -> str:
    """The type that goes with an id: its own, unless another one is asked for beside it."""
    return wanted or id_type(id) or field
