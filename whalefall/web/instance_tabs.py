"""The tabs of an instance: its databases, its sync sessions, what was changed on it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from starlette.requests import Request

from whalefall.auth import Actor, Permission
from whalefall.db import ReadSession
from whalefall.domain.paging import MOST_COUNTED
from whalefall.domain.states import TERMINAL
from whalefall.resolvers.audit_entries import (
    AuditEntryFilter,
    list_audit_entries,
    list_current_names,
)
from whalefall.resolvers.capacity import database_size_lines
from whalefall.resolvers.databases import (
    DatabaseFilter,
    DatabaseOrderField,
    count_ledger,
    list_ledger,
)
from whalefall.resolvers.instances import INSTANCES, InstanceRow
from whalefall.resolvers.sync import list_instance_records
from whalefall.web import forms
from whalefall.web.audit_words import action_text
from whalefall.web.databases import SPARK_DAYS
from whalefall.web.differences import differences
from whalefall.web.languages import language_of, translations
from whalefall.web.lists import list_state
from whalefall.web.words import N_

Tab = Callable[[Request, ReadSession, InstanceRow], Awaitable[dict[str, Any]]]
LABELS = {"search": N_("Search"), "gone": N_("Gone ones too")}


async def databases(request: Request, session: ReadSession, row: InstanceRow) -> dict[str, Any]:
    """Its databases, the largest first.

    The ledger leaves out what is not collected: of a paused or recycled instance all are shown.
    """
    fields, actor = request.query_params, request.state.actor
    state, page = list_state(request, "databases_table", LABELS, default_order="-size")
    shows_gone = forms.text(fields, "gone") is not None or not row.is_active
    filter = DatabaseFilter(
        instance_id=row.id,
        search=forms.text(fields, "search"),
        active_only=not shows_gone,
    )
    order = forms.order(fields, DatabaseOrderField) or forms.descending(DatabaseOrderField.SIZE)
    today = request.app.state.settings.today()
    since = today - timedelta(days=SPARK_DAYS)
    found = await list_ledger(session, actor, filter, order, page)
    ids = [each.id for each in found.rows]
    return {
        "list": state,
        "page": found,
        "total": await count_ledger(session, actor, filter, at_most=MOST_COUNTED),
        "largest": max((each.size_bytes or 0 for each in found.rows), default=0),
        "lines": await database_size_lines(session, actor, ids, since, today),
    }


async def sessions(request: Request, session: ReadSession, row: InstanceRow) -> dict[str, Any]:
    """What became of it in each sync session; running ones move."""
    state, page = list_state(request, "sessions_table", {}, hidden=("tab",))
    found = await list_instance_records(session, request.state.actor, row.id, page)
    moving = any(record.status not in TERMINAL for record in found.rows)
    return {"list": state, "page": found, "moving": moving}


async def changes(request: Request, session: ReadSession, row: InstanceRow) -> dict[str, Any]:
    """Who changed what on it, for those who may read the audit."""
    state, page = list_state(request, "changes_table", {}, hidden=("tab",))
    filter = AuditEntryFilter(object_type=INSTANCES.name, object_id=row.id)
    found = await list_audit_entries(session, request.state.actor, filter, page=page)
    names = await list_current_names(session, request.state.actor, found.rows)
    gettext = translations(language_of(request)).gettext
    return {
        "list": state,
        "page": found,
        "action_text": action_text,
        "differences": [
            differences(each.before, each.after, each.object_type, names, gettext)
            for each in found.rows
        ],
    }


TABS: Mapping[str, tuple[str, Permission, Tab]] = {
    "databases": (N_("Databases"), Permission.VIEW, databases),
    "sessions": (N_("Sync sessions"), Permission.VIEW, sessions),
    "changes": (N_("Changes"), Permission.ADMIN, changes),
}


def tabs_of(actor: Actor) -> list[tuple[str, str]]:
    """The tabs that the actor may open, with their titles."""
    return [(name, title) for name, (title, right, _) in TABS.items() if actor.may(right)]
