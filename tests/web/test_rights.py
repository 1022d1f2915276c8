"""Who may reach which route: a walk over all of them, so that a new one cannot be forgotten."""

import re

import pytest
from starlette.routing import Route

from tests.web.conftest import Browser
from whalefall.web import routes

OPEN = {  # path -> why nobody needs to sign in there
    "/login": "is how one signs in",
    "/static/{digest}/{name}": "holds no secret",
    "/favicon.ico": "holds no secret",
    "/livez": "tells no details",
    "/readyz": "tells no details",
    "/preferences": "theme and language of this browser, also before signing in",
}
SIGN_OUT = "/logout"  # ends the caller's own session, whoever calls
PAGES = [route for route in routes() if isinstance(route, Route)]
CLOSED = [route for route in PAGES if route.path not in OPEN]
WRITES = [route for route in CLOSED if "POST" in (route.methods or ()) and route.path != SIGN_OUT]


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


@pytest.mark.parametrize("route", WRITES, ids=named)
async def test_a_write_without_our_token_is_refused(ada_browser: Browser, route: Route) -> None:
    answer = await ada_browser.post(address(route), {"csrf_token": "forged"})

    assert answer.status_code == 403


def test_the_open_routes_exist() -> None:
    assert set(OPEN) <= {route.path for route in PAGES}
