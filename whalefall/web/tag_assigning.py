"""The page that puts tags on many instances, or takes them off, and says first what changes."""

from dataclasses import dataclass
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Actor, Permission
from whalefall.db import ReadSession
from whalefall.domain.paging import OrderBy, PageRequest
from whalefall.errors import Problem
from whalefall.resolvers.instances import (
    InstanceFilter,
    InstanceOrderField,
    InstanceRow,
    count_instances,
    list_instances,
)
from whalefall.resolvers.instances.choosing import matching_ids, rows_of
from whalefall.resolvers.tags import list_tag_options
from whalefall.resolvers.tags.assigning import (
    MAX_INSTANCES,
    MAX_TAGS,
    TagChange,
    TagOutcome,
    assign_tags,
    carrying_ids,
    preview_tags,
    remove_tags,
)
from whalefall.web import forms
from whalefall.web.html import done, is_fragment, query, render
from whalefall.web.instances import instance_filter
from whalefall.web.words import N_

SHOWN = PageRequest(first=200)
MOST_FIELDS = MAX_INSTANCES + MAX_TAGS + 100
DONE = {
    TagChange.ASSIGN: N_("Tags added: %(pairs)s, on instances: %(count)s"),
    TagChange.REMOVE: N_("Tags removed: %(pairs)s, from instances: %(count)s"),
}


@dataclass(kw_only=True)
class Choice:
    """What is chosen so far."""

    change: TagChange
    instance_ids: list[int]
    tag_ids: list[int]


async def show(request: Request) -> Response:
    """The page, with what its address chooses."""
    request.state.actor.require(Permission.UPDATE)
    return await _page(request, request.query_params)


async def preview(request: Request) -> Response:
    """The page or a part of it after a change: ids may be too many for an address."""
    request.state.actor.require(Permission.UPDATE)
    return await _page(request, await request.form(max_fields=MOST_FIELDS))


async def commit(request: Request) -> Response:
    """Do what the summary said; whatever became impossible meanwhile is said instead."""
    actor = request.state.actor
    actor.require(Permission.UPDATE)
    fields = await request.form(max_fields=MOST_FIELDS)
    change = forms.choice(fields, "mode", TagChange) or TagChange.ASSIGN
    ids, tag_ids = forms.integers(fields, "ids"), forms.integers(fields, "tag_ids")
    deed = assign_tags if change is TagChange.ASSIGN else remove_tags
    try:
        async with request.app.state.db.write() as session:
            outcome = await deed(session, actor, ids, tag_ids)
    except Problem as problem:
        if problem.meaning.status not in (400, 404, 409):
            raise
        return await _page(request, fields, problem, status=422)
    return done(
        request,
        await _result_url(request, change, tag_ids),
        changed="instances",
        title=DONE[change],
        pairs=outcome.changed_count,
        count=len(outcome.instance_ids),
    )


async def _page(
    request: Request, fields: forms.Fields, problem: Problem | None = None, status: int = 200
) -> Response:
    actor = request.state.actor
    finding = InstanceFilter(
        search=forms.text(fields, "find"), engines=forms.engines(fields, "find_engine")
    )
    async with request.app.state.db.read() as session:
        choice = await _choice(session, actor, fields)
        order = OrderBy(InstanceOrderField.ENGINE)
        found = await list_instances(session, actor, finding, order, SHOWN)
        total = await count_instances(session, actor, finding)
        tags = await list_tag_options(session, actor)
        picked = _picked(fields, choice, found.rows)
        rows = await rows_of(session, actor, picked)
        chosen = [row for row in rows if row.deleted_at is None]
        choice.instance_ids = [row.id for row in chosen]
        outcome, refusal = await _outcome(session, actor, choice)
    shown = {row.id for row in found.rows}
    opened = is_fragment(request) and request.headers.get("hx-target") == "modal_root"
    return render(
        request,
        "tags/assign.html",
        status=status,
        choice=choice,
        chosen=set(choice.instance_ids),
        find={"find": forms.text(fields, "find"), "find_engine": forms.text(fields, "find_engine")},
        groups=_groups([*(row for row in chosen if row.id not in shown), *found.rows]),
        total=total,
        shown=len(found.rows),
        left_out=len(set(picked)) - len(chosen),
        tag_groups=[(name, list(each)) for name, each in groupby(tags, lambda tag: tag.category)],
        outcome=outcome,
        problem=problem or refusal,
        in_dialog=opened or "in_dialog" in fields,
    )


async def _choice(session: ReadSession, actor: Actor, fields: forms.Fields) -> Choice:
    """What the fields choose: by id, as all that match the instances' filters, or by tag."""
    tag_ids = forms.integers(fields, "tag_ids")
    if "all" in fields:
        ids = await matching_ids(session, actor, instance_filter(fields))
    elif "carriers" in fields:
        ids = await carrying_ids(session, actor, tag_ids)
    else:
        ids = forms.integers(fields, "ids")
    change = forms.choice(fields, "mode", TagChange) or TagChange.ASSIGN
    return Choice(change=change, instance_ids=ids, tag_ids=tag_ids)


def _picked(fields: forms.Fields, choice: Choice, shown: list[InstanceRow]) -> list[int]:
    """The chosen ids after a button that chooses all that are shown, or none."""
    pick = fields.get("pick")
    if pick == "none":
        return []
    return choice.instance_ids + [row.id for row in shown] * (pick == "shown")


async def _outcome(
    session: ReadSession, actor: Actor, choice: Choice
) -> tuple[TagOutcome | None, Problem | None]:
    """What would change, or why nothing can."""
    if not choice.instance_ids or not choice.tag_ids:
        return None, None
    try:
        chosen = (choice.instance_ids, choice.tag_ids)
        return await preview_tags(session, actor, choice.change, *chosen), None
    except Problem as problem:
        return None, problem


def _groups(rows: list[InstanceRow]) -> list[tuple[str, list[InstanceRow]]]:
    """The instances by engine and name."""
    ordered = sorted(rows, key=lambda row: (row.engine, row.name))
    return [(engine, list(each)) for engine, each in groupby(ordered, lambda row: row.engine)]


async def _result_url(request: Request, change: TagChange, tag_ids: list[int]) -> str:
    """Where the outcome is to be seen."""
    if change is TagChange.REMOVE:
        return "/tags"
    async with request.app.state.db.read() as session:
        active = await list_tag_options(session, request.state.actor, is_active=True)
    return query("/instances", {"tags": [tag.name for tag in active if tag.id in tag_ids]})


ROUTES = [
    Route("/tags/assign", show, methods=["GET"]),
    Route("/tags/assign", preview, methods=["POST"]),
    Route("/tags/assign/commit", commit, methods=["POST"]),
]
