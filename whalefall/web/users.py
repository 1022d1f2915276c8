"""Users: their list, for administrators."""

from enum import StrEnum

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Role
from whalefall.resolvers.users import UserFilter, UserOrderField, count_users, list_users
from whalefall.web import forms
from whalefall.web.html import render
from whalefall.web.lists import list_state
from whalefall.web.words import N_

LABELS = {"search": N_("Search"), "role": N_("Role"), "status": N_("Status")}


class UserStatus(StrEnum):
    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


async def users(request: Request) -> Response:
    """The list of users; as a fragment only its table."""
    fields, actor = request.query_params, request.state.actor
    filter, order = _filter(fields), forms.order(fields, UserOrderField)
    state, page = list_state(request, "users_table", LABELS, default_order="username")
    async with request.app.state.db.read() as session:
        rows = await list_users(session, actor, filter, order, page)
        total = await count_users(session, actor, filter)
    return render(
        request,
        "users/list.html",
        push=state.here,
        list=state,
        page=rows,
        total=total,
        roles=list(Role),
        statuses=list(UserStatus),
    )


def _filter(fields: QueryParams) -> UserFilter:
    status = forms.choice(fields, "status", UserStatus)
    return UserFilter(
        search=forms.text(fields, "search"),
        role=forms.choice(fields, "role", Role),
        is_active=None if status is None else status is UserStatus.ACTIVE,
    )


ROUTES = [Route("/users", users)]
