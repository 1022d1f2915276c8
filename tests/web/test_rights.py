"""Who may reach which route: a walk over all of them, so that a new one cannot be forgotten."""

import re

import pytest
from starlette.routing import Route

from tests.web.conftest import Browser
from whalefall.web import routes

OPEN = {  # path -> why nobody needs to sign in there
    "/login": "is how one signs in",
    "/static/{digest}/{name}": "holds no secret",
    "/i/{digest}": "holds no secret",
    "/favicon.ico": "holds no secret",
    "/livez": "tells no details",
    "/readyz": "tells no details",
    "/preferences": "theme and language of this browser, also before signing in",
}
OWN = {  # path -> why whoever is signed in may write there
    "/logout": "ends the caller's own session",
    "/me/password": "is the caller's own",
    "/me/preferences": "are the caller's own",
    "/me/sessions/{id:row_id}/actions/end": "is the caller's own; others' are not there",
    "/me/sessions/actions/end-others": "are the caller's own",
    "/views": "saves one of the caller's own",
    "/views/{id:row_id}/delete": "is the caller's own; others' are not there",
    "/me/api-tokens/new": "makes a token that may do no more than the caller",
    "/me/api-tokens/{id:row_id}/revoke": "is the caller's own; others' are not there",
}
PAGES = [route for route in routes() if isinstance(route, Route)]
CLOSED = [route for route in PAGES if route.path not in OPEN]
POSTS = [route for route in CLOSED if "POST" in (route.methods or ())]
WRITES = [route for route in POSTS if route.path not in OWN]


def address(route: Route) -> str:
    return re.sub(r"\{\w+:row_id\}", "1", route.path)


def named(route: Route) -> str:
    return f"{'POST' if 'POST' in (route.methods or ()) else 'GET'} {route.path}"


@pytest.mark.parametrize("route", CLOSED, ids=named)
async def test_every_route_but_the_open_ones_asks_who_it_is(nobody: Browser, route: Route) -> None:
    method = "POST" if "POST" in (route.methods or ()) else "GET"

    answer = await nobody.http.request(method, address(route))

    assert answer.status_code in {303, 401, 403}
    if answer.status_code == 303:
        assert answer.headers["location"].startswith(("/login", "/databases/ledgers"))


@pytest.mark.parametrize("route", WRITES, ids=named)
async def test_a_viewer_is_refused_every_write(vera_browser: Browser, route: Route) -> None:
    answer = await vera_browser.post(address(route))

    assert answer.status_code == 403


@pytest.mark.parametrize("route", POSTS, ids=named)
async def test_a_write_without_our_token_is_refused(ada_browser: Browser, route: Route) -> None:
    answer = await ada_browser.post(address(route), {"csrf_token": "forged"})

    assert answer.status_code == 403


def test_no_handler_both_shows_and_writes() -> None:
    """A handler of both could take a link for a form, which nothing protects from other sites."""
    shows = {route.endpoint for route in PAGES if "GET" in (route.methods or ())}

    assert not shows & {route.endpoint for route in PAGES if "POST" in (route.methods or ())}


def test_the_open_routes_exist() -> None:
    assert set(OPEN) | set(OWN) <= {route.path for route in PAGES}
