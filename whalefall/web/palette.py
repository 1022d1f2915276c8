"""The command palette: pages by their names in any language, and everything that has a name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from itertools import cycle

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Actor, Permission
from whalefall.resolvers.search import MAX_TEXT, SearchHits, TableHit, search
from whalefall.web.html import is_fragment, query, render
from whalefall.web.languages import LANGUAGES, translations
from whalefall.web.words import N_

SHORT, LONG = 5, 20  # of each kind: in the dialog, and on the page of its own
ALIKE = 0.75  # how much of a page's name has to be there, of 1


@dataclass(frozen=True)
class Place:
    """A page or a deed that the palette leads to, for whoever has the right."""

    path: str
    label: str
    icon: str
    needs: Permission = Permission.VIEW


PLACES = (
    Place("/databases/ledgers", N_("Databases"), "database"),
    Place("/databases/stats", N_("Database statistics"), "chart-column"),
    Place("/instances", N_("Instances"), "server"),
    Place("/instances/stats", N_("Instance statistics"), "chart-column"),
    Place("/instances?deleted=only", N_("Recycle bin"), "trash-2"),
    Place("/credentials", N_("Credentials"), "key-round"),
    Place("/tags", N_("Tags"), "tags"),
    Place("/sync-sessions", N_("Sync sessions"), "refresh-cw"),
    Place("/users", N_("Users"), "users", Permission.ADMIN),
    Place("/audit", N_("Audit"), "scroll-text", Permission.ADMIN),
    Place("/me", N_("Your account"), "circle-user-round"),
    Place("/instances/new", N_("Add instance"), "plus", Permission.CREATE),
    Place("/instances/import", N_("Import instances"), "upload", Permission.CREATE),
    Place("/credentials/new", N_("Add credential"), "plus", Permission.CREATE),
    Place("/tags/new", N_("Add tag"), "plus", Permission.CREATE),
    Place("/tags/assign", N_("Assign tags"), "tags", Permission.UPDATE),
    Place("/users/new", N_("Add user"), "user-plus", Permission.ADMIN),
)


async def palette(request: Request) -> Response:
    """A page with a field that finds anything; as a fragment only what was found."""
    actor: Actor = request.state.actor
    actor.require(Permission.VIEW)
    wanted = " ".join(request.query_params.get("q", "").split())[:MAX_TEXT].strip()
    first = SHORT if is_fragment(request) else LONG
    hits = SearchHits()
    if wanted and wanted.isprintable():
        async with request.app.state.db.read() as session:
            hits = await search(session, actor, wanted, first)
    found = list(places(actor, wanted))
    has_found = found or hits.instances or hits.databases or hits.tables
    alike = [] if has_found else list(similar_places(actor, wanted))
    return render(
        request,
        "palette/page.html",
        wanted=wanted,
        places=found or alike,
        are_similar=bool(alike),
        hits=hits,
        first=first,
        mark=partial(mark, wanted),
        table_url=table_url,
    )


def places(actor: Actor, wanted: str) -> Iterator[Place]:
    """The pages that the actor may see and whose name has the text, in any of our languages."""
    for place in PLACES:
        labels = _labels(place)
        if actor.may(place.needs) and any(wanted.lower() in label for label in labels):
            yield place


def similar_places(actor: Actor, wanted: str) -> Iterator[Place]:
    """The pages whose name is the text but for a slip: what is shown when nothing else is."""
    for place in PLACES:
        if actor.may(place.needs) and get_close_matches(wanted.lower(), _labels(place), 1, ALIKE):
            yield place


def _labels(place: Place) -> list[str]:
    return [translations(each).gettext(place.label).lower() for each in LANGUAGES.values()]


def mark(wanted: str, text: str) -> Markup:
    """The text with every occurrence of what was asked for marked; all else is escaped."""
    if not wanted:
        return escape(text)
    parts = re.split(f"({re.escape(wanted)})", text, flags=re.IGNORECASE)
    every_other = cycle((Markup("%s"), Markup("<mark>%s</mark>")))
    return Markup().join(shape % part for shape, part in zip(every_other, parts, strict=False))


def table_url(hit: TableHit) -> str:
    """The database's page with its tables narrowed down to this one."""
    narrowed = {"search": hit.table_name, "schema": hit.schema_name}
    return query(f"/databases/{hit.database_id}", narrowed)


ROUTES = [Route("/palette", palette)]
