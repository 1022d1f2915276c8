"""What people do in a browser: pages, parts of pages, files, and signing in."""

import html
import re
from urllib.parse import urlencode

from tests.scale.person import Person
from tests.scale.reading import PAGE, WORDS
from tests.scale.site import ELSEWHERE, PASSWORD

LEDGER, TABLE = "/databases/ledgers", "ledger_table"
EXPORT = "/api/v1/databases/ledgers/exports?"
ORDERS = ("", "name", "-size", "collected_at")
DATABASE_LINK = re.compile(r'href="(/databases/\d+)"')
INSTANCE_LINK = re.compile(r'href="(/instances/\d+)"')
NEXT_LINK = re.compile(r'href="(/databases/ledgers\?[^"]*\bafter=[^"]*)"')
LOGIN = """
    mutation SignIn($input: LoginInput!) {
      login(input: $input) {
        user { username } csrfToken accessToken refreshToken errors { code message }
      }
    }
"""
RENEW = """
    mutation Renew($input: RefreshAccessTokenInput!) {
      refreshAccessToken(input: $input) {
        accessToken refreshToken expiresAt errors { code message }
      }
    }
"""


async def ledger_part(person: Person) -> None:
    """The ledger's table as htmx fetches it: the next page, or the first of another order."""
    memory = person.memory
    fresh = f"{LEDGER}?{urlencode({'order': person.random.choice(ORDERS)})}"
    text = await person.visit(memory.next_page or fresh, target=TABLE)
    found = NEXT_LINK.search(text)
    memory.next_page = html.unescape(found[1]) if found else None
    memory.links = DATABASE_LINK.findall(text) + INSTANCE_LINK.findall(text)
    assert text.lstrip().startswith(f'<section class="panel panel--fill" id="{TABLE}"')
    rows = len(DATABASE_LINK.findall(text))
    assert rows == PAGE or (found is None and rows > 0), f"{rows} rows"


async def searched_part(person: Person) -> None:
    """The same while somebody types into the search."""
    word = person.random.choice(WORDS)
    text = await person.visit(f"{LEDGER}?{urlencode({'search': word})}", target=TABLE)
    assert f'id="{TABLE}"' in text
    assert 0 < len(DATABASE_LINK.findall(text)) <= PAGE


async def page(person: Person) -> None:
    """A whole page: of a database or an instance that was listed, or a list."""
    links = person.memory.links or ["/instances"]
    path = person.random.choice([*person.random.sample(links, 1), "/instances", "/sync-sessions"])
    text = await person.visit(path)
    assert text.startswith("<!DOCTYPE html>")
    assert text.rstrip().endswith("</html>")
    assert person.account.name in text


async def export(person: Person) -> None:
    """Every database of the engines whose rows do not change, as a file."""
    content = await person.download(EXPORT + urlencode({"engine": ",".join(ELSEWHERE)}))
    assert content.startswith(b"database,instance,host,engine,")
    assert content.count(b"\n") == 1 + person.site.elsewhere


async def sign_in(person: Person) -> None:
    """Begin a session as in a new browser; programs without an API token take its access token."""
    person.browser.cookies.clear()
    given = {"username": person.account.name, "password": PASSWORD}
    payload = (await person.ask_in_browser(LOGIN, input=given))["login"]
    assert payload["errors"] == []
    assert payload["user"]["username"] == person.account.name
    _keep(person, payload)


async def renew(person: Person) -> None:
    """Exchange the refresh token for the next pair."""
    given = {"refreshToken": person.memory.refresh_token}
    payload = (await person.ask_by_nobody(RENEW, input=given))["refreshAccessToken"]
    assert payload["errors"] == []
    _keep(person, payload)


def _keep(person: Person, payload: dict[str, str]) -> None:
    person.memory.refresh_token = payload["refreshToken"]
    if not person.uses_api_token:
        person.bearer = payload["accessToken"]
