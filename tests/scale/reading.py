"""What programs read: GraphQL queries, each with what must be true of its answer."""

from collections.abc import Sequence
from typing import Any

from tests.scale.person import Person
from whalefall.domain.engines import ENGINES

PAGE, TABLES, WIDE = 50, 100, 2_000
TAGS = ("production", "staging", "development", "billing", "search", "gold", "frankfurt")
WORDS = ("mart_mail", "orders", "PROD-BILLING", "shop_stock", "fra.example", "geo_1", "dev-media")
MEBIBYTE = 1024**2
DATABASE = """
    id name sizeBytes sizeCollectedAt sizeQuality freshness
    instance { id name engine host tags { name } }
"""
LEDGER = f"""
    query Ledger($after: String) {{
      databases(first: {PAGE}, after: $after) {{
        nodes {{ {DATABASE} }}
        pageInfo {{ hasNextPage endCursor }}
      }}
    }}
"""
LISTED = f"""
    query Listed($filter: DatabaseFilter, $order: DatabaseOrder) {{
      databases(first: {PAGE}, filter: $filter, orderBy: $order) {{
        nodes {{ {DATABASE} }}
        pageInfo {{ hasNextPage }}
      }}
    }}
"""
SEARCH = f"""
    query Search($search: String!) {{
      databases(first: {PAGE}, filter: {{search: $search}}) {{
        totalCount
        nodes {{ {DATABASE} }}
        pageInfo {{ hasNextPage }}
      }}
    }}
"""
NESTED = """
    query Nested {
      instances(first: 20) { edges { cursor node {
        id name engine
        databases(first: 20) { edges { cursor node {
          id name sizeBytes
          tableSizes(first: 10) {
            edges { cursor node { id schemaName tableName sizeBytes indexBytes rowCount } }
            pageInfo { hasNextPage }
          }
        } } pageInfo { hasNextPage } }
      } } pageInfo { hasNextPage endCursor } }
    }
"""
TABLE_SIZES = """
    query Tables($id: ID!, $first: Int!) {
      database(id: $id) {
        id name tableSnapshot { status collectedAt tableCount }
        tableSizes(first: $first) {
          totalCount
          nodes { id schemaName tableName sizeBytes indexBytes rowCount }
        }
      }
    }
"""
NODE = "query Node($id: ID!) { node(id: $id) { id ... on Database { name sizeBytes } } }"
NODES = """
    query Nodes($ids: [ID!]!) {
      nodes(ids: $ids) {
        __typename id ... on Database { name sizeBytes } ... on Instance { name engine status }
      }
    }
"""
HISTORY = """
    query History($id: ID!) {
      database(id: $id) {
        id sizeHistory { date sizeBytes isSample } instance { sizeHistory { date sizeBytes } }
      }
    }
"""
SESSIONS = """
    query Sessions {
      syncSessions(first: 20) {
        nodes {
          id status total createdBy { username }
          records(first: 5) { nodes { id status stage error { code } } }
        }
      }
    }
"""
ME = "query Me { me { username role } }"
KEYS = """
    query Keys {
      credentials(first: 20) { nodes { id name usage { instanceCount } } }
      apiTokens(first: 200) { totalCount nodes { id name isActive user { username } } }
    }
"""


async def ledger_page(person: Person) -> None:
    """The next page of one's walk over the ledger, which shows every row once."""
    memory = person.memory
    page = (await person.ask(LEDGER, after=memory.after))["databases"]
    memory.databases = [row["id"] for row in page["nodes"]]
    memory.instances = sorted({row["instance"]["id"] for row in page["nodes"]})
    _check_length(page, PAGE)
    assert len(set(memory.databases) - memory.walked) == len(page["nodes"]), "a row came again"
    has_more = page["pageInfo"]["hasNextPage"]
    memory.walked = memory.walked | set(memory.databases) if has_more else set()
    memory.after = page["pageInfo"]["endCursor"] if has_more else None


async def filtered_ledger(person: Person) -> None:
    engines, tag = person.random.sample(list(ENGINES), 2), person.random.choice(TAGS)
    least = person.random.randrange(1, 500) * MEBIBYTE
    filter = {"engines": engines, "tags": [tag], "minSizeBytes": least}
    order = {"field": "SIZE", "direction": "DESC"}
    page = (await person.ask(LISTED, filter=filter, order=order))["databases"]
    _check_length(page, PAGE)
    _check_largest_first(page["nodes"])
    for row in page["nodes"]:
        assert row["sizeBytes"] >= least
        assert row["instance"]["engine"] in engines
        assert tag in [one["name"] for one in row["instance"]["tags"]]


async def search(person: Person) -> None:
    word = person.random.choice(WORDS)
    page = (await person.ask(SEARCH, search=word))["databases"]
    rows, total = page["nodes"], page["totalCount"]
    assert len(rows) == min(PAGE, total) > 0
    assert page["pageInfo"]["hasNextPage"] == (total > PAGE)
    for row in rows:
        instance = row["instance"]
        assert word.lower() in f"{row['name']}\n{instance['name']}\n{instance['host']}".lower()


async def nested(person: Person) -> None:
    """Twenty instances with twenty databases with ten tables: all of them are full."""
    instances = (await person.ask(NESTED))["instances"]["edges"]
    databases = [edge for one in instances for edge in one["node"]["databases"]["edges"]]
    tables = [edge for one in databases for edge in one["node"]["tableSizes"]["edges"]]
    assert (len(instances), len(databases), len(tables)) == (20, 20 * 20, 20 * 20 * 10)


async def tables(person: Person) -> None:
    await _tables(person, person.random.choice(person.memory.databases), TABLES)


async def wide_tables(person: Person) -> None:
    assert await _tables(person, person.site.wide_id, WIDE) == WIDE


async def node(person: Person) -> None:
    id = person.random.choice(person.memory.databases)
    found = (await person.ask(NODE, id=id))["node"]
    assert found["id"] == id
    assert found["name"]


async def nodes(person: Person) -> None:
    """Databases and instances at once, in the order in which they are asked for."""
    memory = person.memory
    ids = [*person.random.sample(memory.databases, 8), person.random.choice(memory.instances)]
    person.random.shuffle(ids)
    found = (await person.ask(NODES, ids=ids))["nodes"]
    assert [one["id"] for one in found] == ids
    assert sum(one["__typename"] == "Instance" for one in found) == 1


async def history(person: Person) -> None:
    id = person.random.choice(person.memory.databases)
    database = (await person.ask(HISTORY, id=id))["database"]
    for points in (database["sizeHistory"], database["instance"]["sizeHistory"]):
        days = [point["date"] for point in points]
        assert days
        assert days == sorted(set(days))


async def sessions(person: Person) -> None:
    rows = (await person.ask(SESSIONS))["syncSessions"]["nodes"]
    assert rows
    assert all(row["total"] == len(row["records"]["nodes"]) == 1 for row in rows)


async def me(person: Person) -> None:
    answer = await person.ask(ME)
    assert answer["me"] == {"username": person.account.name, "role": person.account.role}


async def keys(person: Person) -> None:
    """What only administrators see: credentials, and everybody's tokens."""
    answer = await person.ask(KEYS)
    everybody = {account.name for account in person.site.accounts}
    assert answer["credentials"]["nodes"][0]["usage"]["instanceCount"] == 1
    assert {row["user"]["username"] for row in answer["apiTokens"]["nodes"]} == everybody


async def _tables(person: Person, id: str, first: int) -> int:
    database = (await person.ask(TABLE_SIZES, id=id, first=first))["database"]
    rows, total = database["tableSizes"]["nodes"], database["tableSizes"]["totalCount"]
    snapshot = database["tableSnapshot"]
    assert database["id"] == id
    assert len(rows) == min(first, total)
    assert total == (snapshot["tableCount"] if snapshot else 0)
    _check_largest_first(rows)
    return len(rows)


def _check_length(page: Any, size: int) -> None:
    length, has_more = len(page["nodes"]), page["pageInfo"]["hasNextPage"]
    assert length == size if has_more else length <= size, f"{length} rows"


def _check_largest_first(rows: Sequence[Any]) -> None:
    """Unknown sizes come last."""
    sizes = [-1 if row["sizeBytes"] is None else row["sizeBytes"] for row in rows]
    assert sizes == sorted(sizes, reverse=True)
