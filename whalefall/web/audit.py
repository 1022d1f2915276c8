"""The audit: every change, latest first, and one of them with all that differs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.errors import BadInput
from whalefall.resolvers.audit_entries import (
    AuditEntryFilter,
    AuditEntryRow,
    get_audit_entry,
    list_audit_entries,
    list_current_names,
)
from whalefall.resolvers.users import list_user_options
from whalefall.web import forms
from whalefall.web.audit_words import ACTIONS, OBJECTS, action_text, object_path, object_text
from whalefall.web.differences import Difference, Gettext, Names, differences
from whalefall.web.flowing import Values, flow
from whalefall.web.html import render
from whalefall.web.languages import language_of, translations
from whalefall.web.lists import ListState, list_state
from whalefall.web.words import N_

LABELS = {
    "search": N_("Search"),
    "user_id": N_("Who"),
    "action": N_("Action"),
    "object_type": N_("Object"),
    "object_id": N_("Id"),
    "days": N_("Time"),
}
DAYS = {
    1: N_("The last 24 hours"),
    7: N_("The last 7 days"),
    30: N_("The last 30 days"),
    90: N_("The last 90 days"),
}
MOST_USERS = 200  # in the filter's choice
NAMES = ("name", "username")  # fields by which people call a thing


class Entry(NamedTuple):
    """An entry as the page shows it."""

    row: AuditEntryRow
    action: str
    kind: str
    name: str
    current_name: str
    path: str
    differences: list[Difference]


async def entries(request: Request) -> Response:
    """The list; as a fragment its table, or the rows that are older."""
    fields, actor = request.query_params, request.state.actor
    filter = _filter(fields)
    state, page = list_state(request, "audit_table", LABELS)
    gettext = translations(language_of(request)).gettext

    async def read() -> Values:
        async with request.app.state.db.read() as session:
            found = await list_audit_entries(session, actor, filter, page=page)
            people = await list_user_options(session, actor, MOST_USERS)
            names = await list_current_names(session, actor, found.rows)
        users = {str(user_id): name for user_id, name in people}
        named = replace(state, texts=_texts(gettext, state, users))
        actions = {name: gettext(ACTIONS[name]) for name in ACTIONS}
        kinds = {name: gettext(OBJECTS[name].text) for name in OBJECTS}
        return {
            "list": named,
            "entries": [_entry(row, names, gettext) for row in found.rows],
            "older": state.next(found),
            "users": _options(users, named, "user_id"),
            "actions": _options(actions, named, "action"),
            "kinds": _options(kinds, named, "object_type"),
        }

    return await flow(
        request,
        "audit/list.html",
        read,
        needs=Permission.ADMIN,
        push=state.here if request.headers.get("hx-target") != "older" else "",
        days=[(str(days), gettext(text)) for days, text in DAYS.items()],
    )


async def entry(request: Request) -> Response:
    async with request.app.state.db.read() as session:
        row = await get_audit_entry(session, request.state.actor, forms.path_id(request))
        names = await list_current_names(session, request.state.actor, [row])
    gettext = translations(language_of(request)).gettext
    return render(request, "audit/detail.html", entry=_entry(row, names, gettext))


def _entry(row: AuditEntryRow, names: Names, gettext: Gettext) -> Entry:
    return Entry(
        row=row,
        action=action_text(row.action),
        kind=object_text(row.object_type),
        name=_name(row),
        current_name=names.get((row.object_type, row.object_row_id or 0), ""),
        path=object_path(row.object_type, row.object_row_id, row.action),
        differences=differences(row.before, row.after, row.object_type, names, gettext),
    )


def _name(row: AuditEntryRow) -> str:
    """What the thing was called at that moment, as far as the entry tells."""
    if row.actor_id is not None and (row.object_type, row.object_row_id) == ("User", row.actor_id):
        return row.actor_name
    told = {**(row.before or {}), **(row.after or {})}
    if row.object_type == "Credential":
        told.pop("username", None)  # of the account it opens; its own name is another
    return next((told[key] for key in NAMES if isinstance(told.get(key), str)), "")


def _filter(fields: QueryParams) -> AuditEntryFilter:
    days = forms.integer(fields, "days")
    if days is not None and days not in DAYS:
        raise BadInput("Choose one of the spans that are offered.", field="days")
    return AuditEntryFilter(
        search=forms.text(fields, "search"),
        user_id=forms.integer(fields, "user_id"),
        action=forms.text(fields, "action"),
        object_type=forms.text(fields, "object_type"),
        object_id=forms.integer(fields, "object_id"),
        since=None if days is None else datetime.now(UTC) - timedelta(days=days),
    )


def _options(known: Mapping[str, str], state: ListState, name: str) -> list[tuple[str, str]]:
    """What a filter offers: what is known, and what it stands on if that is something else."""
    chosen = state.values.get(name)
    more = {chosen: state.texts[name]} if chosen and chosen not in known else {}
    return [*known.items(), *more.items()]


def _texts(gettext: Gettext, state: ListState, users: Mapping[str, str]) -> dict[str, str]:
    """The chosen filters in words, in the reader's language."""
    chosen = {name: str(value) for name, value in state.values.items() if value}
    texts = {}
    if "user_id" in chosen:
        texts["user_id"] = users.get(chosen["user_id"], f"#{chosen['user_id']}")
    if "action" in chosen:
        texts["action"] = gettext(action_text(chosen["action"]))
    if "object_type" in chosen:
        texts["object_type"] = gettext(object_text(chosen["object_type"]))
    if "object_id" in chosen:
        texts["object_id"] = f"#{chosen['object_id']}"
    if "days" in chosen:
        texts["days"] = gettext(DAYS[int(chosen["days"])])
    return texts


ROUTES = [Route("/audit", entries), Route("/audit/{id:row_id}", entry)]
