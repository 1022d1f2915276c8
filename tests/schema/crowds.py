"""A list of the schema with enough rows in it, some of which come and go, and how it is read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from tests.schema.conftest import Door
from tests.schema.lists import ROWS, ListField, Rows, name_of
from whalefall.db import Database
from whalefall.schema.ids import global_id, read_id

STABLE = 60
PAGE = """edges { cursor node { id } } nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"""


@dataclass
class Crowd:
    """A list's rows, by global id: some stay, others pass."""

    db: Database
    list_: ListField
    rows: Rows
    numbers: dict[str, int] = field(default_factory=dict)
    staying: set[str] = field(default_factory=set)
    chance: Random = field(default_factory=lambda: Random(4711))

    @property
    def variables(self) -> dict[str, Any]:
        return {} if self.rows.parent_id is None else {"id": self.rows.parent_id}

    async def add(self, numbers: Sequence[int]) -> None:
        async with self.db.write() as session:
            await self._add(session, numbers, twin=0)

    async def change(self, near: Collection[str], *, turn: int) -> None:
        """Put a new row beside each of these, and take away those of them that pass."""
        near = self.numbers.keys() & near
        leaving = near - self.staying
        passing = sorted(self.numbers.keys() - self.staying - leaving)
        leaving |= set(self.chance.sample(passing, min(2, len(passing))))
        async with self.db.write() as session:
            await self._add(session, sorted({self.numbers[id_] for id_ in near}), twin=turn)
            await self._remove(session, leaving)

    async def _add(self, session: AsyncSession, numbers: Sequence[int], *, twin: int) -> None:
        made = [self.rows.make(number, name_of(number, twin)) for number in numbers]
        session.add_all(made)
        await session.flush()
        ids = [global_id(self.list_.node, row_id(row)) for row in made]
        self.numbers |= zip(ids, numbers, strict=True)

    async def _remove(self, session: AsyncSession, ids: Collection[str]) -> None:
        model: Any = type(self.rows.make(0, ""))
        numbers = [read_id(id_).row_id for id_ in ids]
        await session.execute(delete(model).where(model.id.in_(numbers)))
        for id_ in ids:
            del self.numbers[id_]


def row_id(row: Any) -> int:
    number: int = row.id
    return number


async def gathered(db: Database, list_: ListField, *, passing: int = 0) -> Crowd:
    """A list with sixty rows that stay, in no order, and some that pass between them."""
    assert str(list_) in ROWS, f"say in lists.py what rows {list_} is made of"
    async with db.write() as session:
        rows = await ROWS[str(list_)](session)
    crowd = Crowd(db, list_, rows)
    numbers = list(range(STABLE + passing))
    crowd.chance.shuffle(numbers)
    await crowd.add(numbers)
    crowd.staying = set(list(crowd.numbers)[:STABLE])
    return crowd


async def read(door: Door, crowd: Crowd, order: Any = None, **page: Any) -> Any:
    """One page of the list."""
    variables = crowd.variables | {"order": order} | page
    data = await door.data(page_document(crowd.list_), variables, actor=crowd.rows.asker)
    return data["page"] if crowd.list_.parent == "Query" else data["node"]["page"]


async def refusal(door: Door, crowd: Crowd, order: Any = None, **page: Any) -> Any:
    """Why a page is refused."""
    variables = crowd.variables | {"order": order} | page
    answer = await door.answer(page_document(crowd.list_), variables, actor=crowd.rows.asker)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    return error


def page_document(list_: ListField) -> str:
    call = list_.call("first: $first, after: $after, last: $last, before: $before")
    types = {"first": "Int", "after": "String", "last": "Int", "before": "String"}
    return list_.document(f"page: {call} {{ {PAGE} totalCount }}", **types)


def ids_of(page: Any) -> list[str]:
    return [node["id"] for node in page["nodes"]]
