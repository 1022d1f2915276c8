"""How a reader likes the pages: language, theme and density, kept in cookies."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from whalefall.domain.links import safe_next
from whalefall.web.html import DENSITIES, HEADERS, THEMES
from whalefall.web.languages import LANGUAGES

YEAR = 365 * 86_400
CHOICES = {
    "lang": set(LANGUAGES),
    "theme": {*THEMES, "system"},
    "density": {*DENSITIES, "default"},
}


async def set_preferences(request: Request) -> Response:
    """Remember what is valid, ignore the rest, and go back to where the reader was."""
    response = RedirectResponse(safe_next(request.query_params.get("next")), 303, HEADERS)
    for name, known in CHOICES.items():
        value = request.query_params.get(name)
        if value in known:
            secure = request.url.scheme == "https"
            response.set_cookie(name, value, YEAR, secure=secure, samesite="lax")
    return response


ROUTES = [Route("/preferences", set_preferences)]
