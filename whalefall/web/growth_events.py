"""Growth events on pages: seen, muted for a month, and the rule that makes them."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.errors import BadInput, Problem
from whalefall.resolvers.growth_events import (
    GrowthRulePatch,
    acknowledge_growth_events,
    get_growth_rule,
    mute_growth,
    update_growth_rule,
)
from whalefall.web import formats, forms
from whalefall.web.html import done, render
from whalefall.web.words import N_

MUTED_DAYS = 30


async def acknowledge(request: Request) -> Response:
    """The events were seen; all of those that the page showed, or one."""
    fields = await request.form()
    ids = [int(each) for each in forms.texts(fields, "ids") or [] if each.isdigit()]
    async with request.app.state.db.write() as session:
        await acknowledge_growth_events(session, request.state.actor, ids)
    return done(request, "/capacity", changed="capacity", title=N_("Seen"))


async def mute(request: Request) -> Response:
    """No event of this database for a month."""
    until = request.app.state.settings.today() + timedelta(days=MUTED_DAYS)
    async with request.app.state.db.write() as session:
        await mute_growth(session, request.state.actor, forms.path_id(request), until)
    return done(request, "/capacity", changed="capacity", title=N_("Muted for a month"))


async def edit_rule(request: Request) -> Response:
    request.state.actor.require(Permission.ADMIN)
    async with request.app.state.db.read() as session:
        row = await get_growth_rule(session, request.state.actor)
    values = {
        **vars(row),
        "percent": None if row.percent is None else f"{row.percent:g}",
        "bytes": None if row.bytes is None else formats.exact_size(row.bytes),
    }
    return render(request, "capacity/rule.html", values=values)


async def save_rule(request: Request) -> Response:
    fields = await request.form()
    try:
        patch = GrowthRulePatch(
            is_enabled="is_enabled" in fields,
            percent=_percent(forms.text(fields, "percent")),
            bytes=forms.size(fields, "bytes"),
        )
        async with request.app.state.db.write() as session:
            await update_growth_rule(session, request.state.actor, patch)
    except Problem as problem:
        return render(
            request,
            "capacity/rule.html",
            status=422,
            values=dict(fields),
            errors=forms.refusal(problem),
        )
    return done(request, "/capacity", changed="capacity", title=N_("Saved the rule"))


def _percent(text: str | None) -> float | None:
    try:
        return None if text is None else float(text.removesuffix("%").strip())
    except ValueError as error:
        raise BadInput("Enter a number above 0, or nothing.", field="percent") from error


ROUTES = [
    Route("/capacity/rule", edit_rule, methods=["GET"]),
    Route("/capacity/rule", save_rule, methods=["POST"]),
    Route("/capacity/events/actions/acknowledge", acknowledge, methods=["POST"]),
    Route("/capacity/databases/{id:row_id}/actions/mute", mute, methods=["POST"]),
]
