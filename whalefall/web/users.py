"""Users: their list, for administrators."""

from enum import StrEnum

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission, Role
from whalefall.resolvers.users import UserFilter, UserOrderField, count_users, list_users
from whalefall.web import forms
from whalefall.web.flowing import Values, flow
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

    async def read() -> Values:
        async with request.app.state.db.read() as session:
            rows = await list_users(session, actor, filter, order, page)
            return {"page": rows, "total": await count_users(session, actor, filter)}

    return await flow(
        request,
        "users/list.html",
        read,
        needs=Permission.ADMIN,
        push=state.here,
        list=state,
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
