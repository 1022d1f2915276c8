"""docs/api.md: its reference is what the schema says, its examples do what stands beside them."""

import csv
import json
import re
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from docs.generate import API, renewed
from tests.installation import Installation, installed, run
from whalefall.db import Database
from whalefall.embedded import EmbeddedPostgres
from whalefall.resolvers.instances import INSTANCES
from whalefall.resolvers.table_sizes import TABLE_SIZES
from whalefall.schema.cost import COUNT_COST, INTROSPECTION, LIST_COST, WRITE_COST
from whalefall.schema.execution import READING_COST
from whalefall.schema.lookup import MAX_NODES
from whalefall.schema.sync.mutations import MAX_WAIT_SECONDS
from whalefall.schema.websocket import connection, crowd
from whalefall.settings import Settings

TEXT = API.read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(#([^)]+)\)")
COMMANDS = {"sh": ("sh", "-ec"), "python": (sys.executable, "-c")}
ANYTHING = "…"
TOKENS = {"accessToken": "ACCESS_TOKEN", "refreshToken": "REFRESH_TOKEN", "token": "TOKEN"}

pytestmark = pytest.mark.timeout(240)


@dataclass(frozen=True)
class Example:
    """A command, and the answer that is printed behind it."""

    language: str
    code: str
    answer_language: str
    answer: str

    def read(self, text: str) -> Any:
        """An answer, as something that can be compared."""
        if self.answer_language == "json":
            return json.loads(text)
        if self.answer_language == "csv":
            return list(csv.reader(text.splitlines()))
        return text.splitlines()


def examples() -> Iterator[Example]:
    blocks = BLOCK.findall(TEXT)
    for asked, answered in zip(blocks[::2], blocks[1::2], strict=True):
        yield Example(*asked, *answered)


@pytest.fixture
async def installation(
    db: Database, settings: Settings, postgres: EmbeddedPostgres
) -> AsyncIterator[Installation]:
    async with installed(settings, postgres) as installation:
        yield installation


def test_the_reference_is_what_the_schema_says() -> None:
    assert renewed(TEXT) == TEXT, "run ./run docs"


def test_every_link_leads_to_one_heading() -> None:
    plain = (re.sub(r"[^\w -]", "", heading) for heading in HEADING.findall(TEXT))
    anchors = [heading.lower().replace(" ", "-") for heading in plain]

    assert set(LINK.findall(TEXT)) <= set(anchors)
    assert len(set(anchors)) == len(anchors)


def test_every_code_block_is_an_example_with_its_answer() -> None:
    found = [(each.language, each.answer_language) for each in examples()]

    assert set(found) == {("sh", "json"), ("sh", "csv"), ("python", "text")}
    assert len(found) >= 10


@pytest.mark.parametrize(
    "sentence",
    [
        f"a field costs 1, another list {LIST_COST}, `totalCount` {COUNT_COST}, a mutation"
        f" {WRITE_COST:,}, introspection {INTROSPECTION['__schema']:,};",
        f"One operation may cost {Settings().graphql_max_cost:,}",
        f"of {Settings().graphql_cost_per_second:,}, that fills up by as much in a second",
        f"costs {READING_COST} for each character",
        f"has {INSTANCES.page_size} rows. At most it has {INSTANCES.max_page_size}, and"
        f" {TABLE_SIZES.max_page_size:,} of `tableSizes`",
        f"no `connection_init` within {connection.GREETING_SECONDS} seconds",
        f"too many connections: {crowd.MAX_CONNECTIONS} of one caller",
        f"may run {crowd.MAX_OPERATIONS} operations in each process,"
        f" {connection.MAX_OPERATIONS} of them on one connection",
        f"`waitSeconds` (0 to {MAX_WAIT_SECONDS}; 20 if not given",
        f"`nodes(ids:)` up to {MAX_NODES} things",
    ],
)
def test_numbers_in_the_text_are_those_in_force(sentence: str) -> None:
    assert sentence in TEXT


async def test_each_example_answers_as_printed(installation: Installation) -> None:
    known = installation.environment
    del known["TOKEN"]  # the examples make their own

    for example in examples():
        done = await run(*COMMANDS[example.language], example.code, environment=known)
        assert done.status == 0, (example.code, done.errors)
        got, wanted = example.read(done.output), example.read(example.answer)
        assert is_like(got, wanted), f"{example.code}{done.output}"
        if isinstance(got, dict):
            known |= dict(tokens(got))


def is_like(got: Any, wanted: Any) -> bool:
    """Whether an answer is what is printed, which may leave out members, and with … the rest."""
    if isinstance(wanted, dict):
        members = isinstance(got, dict) and wanted.keys() <= got.keys()
        return members and all(is_like(got[name], value) for name, value in wanted.items())
    if isinstance(wanted, list):
        if wanted and wanted[0] == ANYTHING:
            wanted = wanted[1:]
            got = got[-len(wanted) :]
        return len(got) == len(wanted) and all(map(is_like, got, wanted))
    if isinstance(wanted, str) and wanted.endswith(ANYTHING):
        return str(got).startswith(wanted.removesuffix(ANYTHING))
    return bool(got == wanted)


def tokens(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tokens in an answer, by the names under which the next examples use them."""
    for payload in (answer.get("data") or {}).values():
        for name, variable in TOKENS.items():
            if name in payload:
                yield variable, payload[name]
