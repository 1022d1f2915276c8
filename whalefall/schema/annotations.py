"""From a row's annotations to GraphQL's: the few types that GraphQL knows by another name."""

import types
from functools import reduce
from operator import or_
from typing import Any, Union, get_args, get_origin

from whalefall.schema.enums import TYPES


def graphql_annotation(annotation: Any) -> Any:
    """The annotation with, say, `Engine` replaced wherever it stands in it."""
    if annotation in TYPES:
        return TYPES[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list:
        return list[graphql_annotation(arguments[0])]  # type: ignore[misc]
    if origin in (Union, types.UnionType):
        return reduce(or_, (graphql_annotation(argument) for argument in arguments))
    return annotation
