"""The switches in the margin: language, theme and density, of the reader and this browser."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from whalefall.domain.links import safe_next
from whalefall.domain.preferences import Density, Theme
from whalefall.resolvers.users import PreferencesPatch, update_preferences
from whalefall.web import forms
from whalefall.web.html import HEADERS, is_fragment
from whalefall.web.languages import LANGUAGES

YEAR = 365 * 86_400
CHOICES: Mapping[str, set[str]] = {
    "lang": set(LANGUAGES),
    "theme": {*Theme, "system"},
    "density": {*Density, "default"},
    "rail": {"small", "full"},
}
COLUMNS = {"lang": "language", "theme": "theme", "density": "density"}
UNDECIDED = {"system", "default"}


async def set_preferences(request: Request) -> Response:
    """Remember what is valid, ignore the rest, and go back to where the reader was."""
    fields, actor = await request.form(), request.state.actor
    chosen = {
        name: value
        for name, known in CHOICES.items()
        if isinstance(value := fields.get(name), str) and value in known
    }
    own: dict[str, Any] = {
        COLUMNS[name]: None if value in UNDECIDED else value
        for name, value in chosen.items()
        if name in COLUMNS  # the rest is of this browser alone
    }
    if own and actor.session_id is not None:
        async with request.app.state.db.write() as session:
            await update_preferences(session, actor, replace(PreferencesPatch(), **own))
    target = safe_next(forms.text(fields, "next"), besides={"/logout"})  # there too one switches
    response = _answer(request, target, chosen)
    remember(request, response, chosen)
    return response


def remember(request: Request, response: Response, chosen: Mapping[str, str]) -> None:
    """Keep choices in this browser, for when nobody is signed in; "" takes one back."""
    secure = request.url.scheme == "https"
    for name, value in chosen.items():
        if value:
            response.set_cookie(name, value, YEAR, secure=secure, samesite="lax")
        else:
            response.delete_cookie(name, secure=secure, samesite="lax")


def _answer(request: Request, target: str, chosen: Mapping[str, str]) -> Response:
    """app.js has switched theme and rail already; another language needs the page anew."""
    if not is_fragment(request):
        return RedirectResponse(target, 303, HEADERS)
    refresh = {"HX-Refresh": "true"} if chosen.keys() - {"theme", "rail"} else {}
    return Response(status_code=204, headers={**HEADERS, **refresh})


ROUTES = [Route("/preferences", set_preferences, methods=["POST"])]
