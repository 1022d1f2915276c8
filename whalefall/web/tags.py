"""Tags: the list, and the dialogs that add, change and remove one."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.domain.paging import OrderBy
from whalefall.errors import Conflict, Problem
from whalefall.resolvers.tags import (
    TagFilter,
    TagInput,
    TagOrderField,
    TagPatch,
    TagRow,
    count_tags,
    create_tag,
    delete_tag,
    get_tag,
    list_tag_categories,
    list_tags,
    update_tag,
)
from whalefall.web import forms
from whalefall.web.flowing import Values, flow
from whalefall.web.html import done, render
from whalefall.web.lists import list_state
from whalefall.web.words import N_

LIST = "/tags"
LABELS = {"search": N_("Search"), "category": N_("Category"), "status": N_("Status")}


async def tags(request: Request) -> Response:
    """The list of tags, by category; as a fragment only its table."""
    fields, actor = request.query_params, request.state.actor
    filter = TagFilter(
        search=forms.text(fields, "search"),
        category=forms.text(fields, "category"),
        is_active=forms.is_active(fields),
    )
    order = forms.order(fields, TagOrderField) or OrderBy(TagOrderField.CATEGORY)
    state, page = list_state(request, "tags_table", LABELS, default_order="category")

    async def read() -> Values:
        async with request.app.state.db.read() as session:
            rows = await list_tags(session, actor, filter, order, page)
            total = await count_tags(session, actor, filter)
            categories = await list_tag_categories(session, actor)
        return {
            "page": rows,
            "total": total,
            "categories": [(each, each) for each in categories],
        }

    return await flow(request, "tags/list.html", read, push=state.here, list=state)


async def new(request: Request) -> Response:
    request.state.actor.require(Permission.CREATE)
    return await _form(request, {"is_active": True})


async def create(request: Request) -> Response:
    request.state.actor.require(Permission.CREATE)
    fields = await request.form()
    try:
        async with request.app.state.db.write() as session:
            row = await create_tag(session, request.state.actor, TagInput(**_entered(fields)))
    except Problem as problem:
        return await _refused(request, fields, problem)
    return done(request, LIST, changed="tags", title=N_("Added %(name)s"), name=row.name)


async def edit(request: Request) -> Response:
    request.state.actor.require(Permission.UPDATE)
    row = await _row(request)
    values = {**vars(row), "expected_updated_at": row.updated_at.isoformat()}
    return await _form(request, values, row)


async def save(request: Request) -> Response:
    request.state.actor.require(Permission.UPDATE)
    fields, row = await request.form(), await _row(request)
    try:
        patch = TagPatch(**_entered(fields))
        expected = forms.moment(fields, "expected_updated_at")
        async with request.app.state.db.write() as session:
            row = await update_tag(
                session, request.state.actor, row.id, patch, expected_updated_at=expected
            )
    except Problem as problem:
        return await _refused(request, fields, problem, row)
    return done(request, LIST, changed="tags", title=N_("Saved %(name)s"), name=row.name)


async def confirm_delete(request: Request) -> Response:
    request.state.actor.require(Permission.DELETE)
    return render(request, "tags/delete.html", row=await _row(request), refusal=None)


async def delete(request: Request) -> Response:
    """Remove the tag; while an instance carries it, the question again with what is in the way."""
    request.state.actor.require(Permission.DELETE)
    row = await _row(request)
    try:
        async with request.app.state.db.write() as session:
            await delete_tag(session, request.state.actor, row.id)
    except Conflict as problem:
        return render(request, "tags/delete.html", status=422, row=row, refusal=problem)
    return done(request, LIST, changed="tags", title=N_("Deleted %(name)s"), name=row.name)


async def _refused(
    request: Request, fields: FormData, problem: Problem, row: TagRow | None = None
) -> Response:
    """The form again, with what was entered and what is wrong with it."""
    return await _form(request, dict(fields), row, forms.refusal(problem), status=422)


async def _form(
    request: Request,
    values: dict[str, Any],
    row: TagRow | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    async with request.app.state.db.read() as session:
        categories = await list_tag_categories(session, request.state.actor)
    return render(
        request,
        "tags/form.html",
        status=status,
        row=row,
        values=values,
        errors=errors or {},
        categories=categories,
    )


async def _row(request: Request) -> TagRow:
    async with request.app.state.db.read() as session:
        return await get_tag(session, request.state.actor, forms.path_id(request))


def _entered(fields: FormData) -> dict[str, Any]:
    return {
        "name": forms.text(fields, "name") or "",
        "display_name": forms.text(fields, "display_name") or "",
        "category": forms.text(fields, "category") or "",
        "is_active": "is_active" in fields,
    }


ROUTES = [
    Route("/tags", tags),
    Route("/tags/new", new, methods=["GET"]),
    Route("/tags/new", create, methods=["POST"]),
    Route("/tags/{id:row_id}/edit", edit, methods=["GET"]),
    Route("/tags/{id:row_id}/edit", save, methods=["POST"]),
    Route("/tags/{id:row_id}/delete", confirm_delete, methods=["GET"]),
    Route("/tags/{id:row_id}/delete", delete, methods=["POST"]),
]
