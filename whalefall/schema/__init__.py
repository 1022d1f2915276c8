"""The GraphQL door: types made from nouns, put together in `build`."""

from whalefall.schema import enums_of_periods as _enums_of_periods  # noqa: F401 (before any type)
