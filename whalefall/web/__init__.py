"""The pages: one module per noun, each with its ROUTES."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from whalefall.web import (
    assets,
    credentials,
    databases,
    exports,
    instance_forms,
    instances,
    login,
    preferences,
    probes,
    sync,
    table_sizes,
)

MODULES = (
    probes,
    assets,
    preferences,
    login,
    instance_forms,
    instances,
    databases,
    table_sizes,
    exports,
    sync,
    credentials,
)


def routes() -> Sequence[BaseRoute]:
    """Every page, fragment and static file."""
    return [route for module in MODULES for route in module.ROUTES]
