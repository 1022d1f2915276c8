"""What an operation may cost, told from its document and its variables before anything is run.

The rule: a field costs 1, or what its declaration says (`priced`), and what stands below a list
costs once for each item that the list may have. That is, for a page, `first` or `last`, without
either the default page, and never more than the largest page; for other lists what `priced` says,
or LIST_SIZE. So a cost is about the number of values in the largest possible answer.

What @skip and @include may leave out is counted. A fragment is walked once, and counts once
wherever it is spread, however often it is spread there; fields that merge count each.
"""

from collections.abc import Callable
from dataclasses import dataclass

from graphql import GraphQLField
from strawberry.schema.schema_converter import GraphQLCoreConverter

LIST_SIZE = 10
LIST_COST = 10  # of reading one more list, whatever is in it
COUNT_COST = 100  # of counting all rows of a list
WRITE_COST = 1_000
INTROSPECTION = {"__schema": 10_000, "__type": 10_000, "__typename": 1}  # with all below them
PRICE = "price"


@dataclass(frozen=True)
class Size:
    """How many items a list may have: `of` the values of these arguments, null where not given."""

    arguments: tuple[str, ...]
    of: Callable[..., int]


@dataclass(frozen=True)
class Price:
    """What a field costs, and how many items the list has that it is or that it pages through.

    One that is `alone` may be asked for once in an operation: it takes a lot whatever it costs.
    """

    own: int = 1
    size: Size | None = None
    alone: bool = False


def priced(own: int, size: Size | None = None, *, alone: bool = False) -> dict[str, Price]:
    """The metadata of a field that costs something else than 1, or leads to a list."""
    return {PRICE: Price(own, size, alone)}


def page_size(default: int, maximum: int) -> Size:
    """The size of a page; what the list will refuse counts as the most that it would serve."""

    def of(first: int | None, last: int | None) -> int:
        asked = [number for number in (first, last) if number is not None]
        return min(max([0, *asked]) if asked else default, maximum)

    return Size(("first", "last"), of)


def capped(argument: str, maximum: int) -> Size:
    """The size of a list with a single limit; without one it has the maximum."""

    def of(limit: int | None) -> int:
        return maximum if limit is None else min(max(0, limit), maximum)

    return Size((argument,), of)


PLAIN = Price()


def price_of(declared: GraphQLField) -> Price:
    definition = declared.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    price: Price = (getattr(definition, "metadata", None) or {}).get(PRICE, PLAIN)
    return price
