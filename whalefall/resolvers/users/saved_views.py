"""Views of lists: filters and an order that somebody gave a name to, for themselves."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from whalefall.auth import Actor
from whalefall.db import ReadSession, WriteSession
from whalefall.domain.checks import checked, line
from whalefall.errors import BadInput, NotFound, said
from whalefall.models.users import SavedView

LISTS = frozenset(
    {
        "/audit",
        "/capacity",
        "/credentials",
        "/databases/ledgers",
        "/instances",
        "/sync-sessions",
        "/tags",
        "/users",
    }
)
MOST_VIEWS = 50  # of one list
MOST_CHARACTERS = 2_000
POSITION = {"after", "before", "at"}  # where one was in the list, which is no part of a view
CHECKS = {"name": line(60)}


@dataclass(frozen=True, kw_only=True)
class SavedViewRow:
    """A named view of a list; `query` is its address after the question mark."""

    id: int
    name: str
    path: str
    query: str

    @property
    def address(self) -> str:
        return f"{self.path}?{self.query}"


def list_of(address: str) -> tuple[str, str]:
    """The list that an address shows, and its query without a position. Raises BadInput."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or parts.path not in LISTS:
        raise BadInput("This is the address of no list.", field="of")
    pairs = [pair for pair in parse_qsl(parts.query) if pair[0] not in POSITION]
    return parts.path, urlencode(pairs)


async def list_saved_views(session: ReadSession, actor: Actor, path: str) -> list[SavedViewRow]:
    """One's own views of a list, by name."""
    user_id, _ = actor.require_session()
    found = await session.execute(
        select(SavedView.id, SavedView.name, SavedView.path, SavedView.query)
        .where(SavedView.user_id == user_id, SavedView.path == path)
        .order_by(func.lower(SavedView.name), SavedView.name)
    )
    return [SavedViewRow(**row) for row in found.mappings()]


async def save_view(session: WriteSession, actor: Actor, address: str, name: str) -> str:
    """Give a list as it is shown at `address` a name, or one that has it already another address.

    The name as it is kept. Raises BadInput for what is no list, or shows all of it.
    """
    user_id, _ = actor.require_session()
    name = checked({"name": name}, CHECKS)["name"]
    path, query = list_of(address)
    if not query:
        raise BadInput("Filter or sort the list first: all of it needs no view.", field="name")
    if len(query) > MOST_CHARACTERS:
        raise BadInput("The filters are too long to be saved.", field="name")
    known = await session.scalars(
        select(SavedView.name).where(SavedView.user_id == user_id, SavedView.path == path)
    )
    names = set(known)
    if name not in names and len(names) >= MOST_VIEWS:
        raise BadInput(
            said("A list has at most %(maximum)s views: delete one first.", maximum=MOST_VIEWS),
            field="name",
        )
    values = {"user_id": user_id, "path": path, "name": name, "query": query}
    made = insert(SavedView).values(values)
    key = [SavedView.user_id, SavedView.path, SavedView.name]
    await session.execute(made.on_conflict_do_update(index_elements=key, set_={"query": query}))
    return str(name)


async def delete_saved_view(session: WriteSession, actor: Actor, view_id: int) -> SavedViewRow:
    """Delete one of one's own. Raises NotFound."""
    user_id, _ = actor.require_session()
    own: list[ColumnElement[bool]] = [SavedView.id == view_id, SavedView.user_id == user_id]
    columns = (SavedView.id, SavedView.name, SavedView.path, SavedView.query)
    found = await session.execute(delete(SavedView).where(*own).returning(*columns))
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such view.")
    return SavedViewRow(**row)
