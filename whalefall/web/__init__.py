"""The pages: one module per noun, each with its ROUTES."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from whalefall.web import (
    api_tokens,
    assets,
    audit,
    capacity,
    credential_forms,
    credentials,
    database_limits,
    databases,
    exports,
    growth_events,
    instance_deeds,
    instance_detail,
    instance_forms,
    instance_import,
    instance_stats,
    instances,
    login,
    me,
    palette,
    partitions,
    preferences,
    privileges,
    probes,
    saved_views,
    schedules,
    sync,
    table_sizes,
    tag_assigning,
    tags,
    user_forms,
    users,
)

MODULES = (
    probes,
    assets,
    preferences,
    login,
    me,
    palette,
    saved_views,
    api_tokens,
    instance_deeds,
    instance_forms,
    instance_import,
    instance_stats,
    instances,
    instance_detail,
    privileges,
    databases,
    database_limits,
    table_sizes,
    exports,
    sync,
    schedules,
    capacity,
    growth_events,
    partitions,
    credential_forms,
    credentials,
    tag_assigning,
    tags,
    user_forms,
    users,
    audit,
)


def routes() -> Sequence[BaseRoute]:
    """Every page, fragment and static file."""
    return [route for module in MODULES for route in module.ROUTES]
