"""Credentials: the list, who uses one, and the keys that encrypt them. No secret is ever shown."""

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.domain.states import CredentialType, DeletedFilter
from whalefall.resolvers.credentials import (
    CredentialFilter,
    CredentialOrderField,
    count_credentials,
    get_credential,
    list_credential_keys,
    list_credentials,
)
from whalefall.resolvers.instances import InstanceFilter, list_instances
from whalefall.web import forms
from whalefall.web.flowing import Values, flow
from whalefall.web.html import render
from whalefall.web.lists import list_state
from whalefall.web.words import N_

LABELS = {
    "search": N_("Search"),
    "type": N_("Type"),
    "engine": N_("Engine"),
    "status": N_("Status"),
}


async def credentials(request: Request) -> Response:
    """The list of credentials; as a fragment only its table."""
    fields, actor = request.query_params, request.state.actor
    filter, order = _filter(fields), forms.order(fields, CredentialOrderField)
    state, page = list_state(request, "credentials_table", LABELS, default_order="name")

    async def read() -> Values:
        async with request.app.state.db.read() as session:
            rows = await list_credentials(session, actor, filter, order, page)
            return {"page": rows, "total": await count_credentials(session, actor, filter)}

    return await flow(
        request,
        "credentials/list.html",
        read,
        push=state.here,
        list=state,
        types=list(CredentialType),
    )


async def detail(request: Request) -> Response:
    """A credential and the instances that use it, recycled ones included."""
    actor, credential_id = request.state.actor, forms.path_id(request)
    using = InstanceFilter(credential_id=credential_id, deleted=DeletedFilter.INCLUDE)
    async with request.app.state.db.read() as session:
        row = await get_credential(session, actor, credential_id)
        users = await list_instances(session, actor, using)
    return render(request, "credentials/detail.html", row=row, users=users.rows)


async def keys(request: Request) -> Response:
    """How many credentials are encrypted with which key."""
    db = request.app.state.db
    async with db.read() as session:
        rows = await list_credential_keys(session, request.state.actor, db.keys)
    return render(request, "credentials/keys.html", keys=rows)


def _filter(fields: QueryParams) -> CredentialFilter:
    chosen = forms.choice(fields, "type", CredentialType)
    return CredentialFilter(
        search=forms.text(fields, "search"),
        credential_types=[chosen] if chosen else None,
        engines=forms.engines(fields, "engine"),
        is_active=forms.is_active(fields),
    )


ROUTES = [
    Route("/credentials", credentials),
    Route("/credentials/keys", keys),
    Route("/credentials/{id:row_id}", detail),
]
