"""Lines that keep us from lying, each written wrong once: the matrix must see every one of them."""

from collections.abc import Callable

import pytest

from tests.faults.causes import sql
from tests.faults.customers import TABLES as SHOP_TABLES
from tests.faults.doubles import OracleCustomer, SQLServerCustomer
from tests.faults.holding import see_it_hold
from tests.faults.matrix import DENIED, MARIADB, MATRIX, ORACLE, POSTGRESQL, SQLSERVER, Cell
from tests.faults.mutation import Mutant, let_live
from tests.faults.scene import CAPACITY, OK, PARTLY, TABLES, Scene

COLLECTION = "whalefall.resolvers.collection"
ADAPTERS = "whalefall.adapters"
LEAVE_ONE = sql(
    "REVOKE ALL PRIVILEGES, GRANT OPTION FROM {username}",
    f"GRANT SELECT ON {{shop}}.{SHOP_TABLES[0]} TO {{username}}",
)
ONE_TABLE_LEFT = Cell(ending=f"{PARTLY} {DENIED}", before=LEAVE_ONE)


async def _keep_in_memory(scene: Scene) -> None:
    """A table that the statistics of memory know nothing of."""
    customer = scene.customer
    assert isinstance(customer, SQLServerCustomer)
    await customer.server.create_table(customer.shop, "hot", [], is_memory_optimized=True)


async def _own_one(scene: Scene) -> None:
    """Of the views, the account has those about its own tables left: and it owns one."""
    customer = scene.customer
    assert isinstance(customer, OracleCustomer)
    await customer.revoke(*customer.granted)
    await customer.server.add_table(customer.shop, "mine", owner=customer.username)


ONLY_ITS_OWN = Cell(ending=f"{PARTLY} {DENIED}", before=_own_one)
UNKNOWN_TABLE = Cell(ending=OK, before=_keep_in_memory)


def _of(engine: str, fault: str, reading: str) -> Cell:
    cell = MATRIX[engine][fault][reading]
    assert isinstance(cell, Cell)
    return cell


NO_INVENTORY = _of(MARIADB, "no privilege", "inventory")
NO_SIZES = _of(POSTGRESQL, "no privilege", "sizes")
NOTHING_THERE = _of(SQLSERVER, "empty answer", "inventory")
MUTANTS = [
    # The check of completeness is dropped: where it is saved, and where it is proven.
    (
        "an inventory in part deactivates the rest",
        f"{COLLECTION}.inventory",
        "if collected.complete and not doubted:",
        "if not doubted:",
        (NO_INVENTORY, MARIADB, CAPACITY),
    ),
    (
        "a snapshot in part deletes the rest",
        f"{COLLECTION}.snapshots",
        "if collected.complete else 0",
        "if collected else 0",
        (ONE_TABLE_LEFT, MARIADB, TABLES),
    ),
    (
        "a first empty inventory is believed",
        f"{COLLECTION}.inventory",
        "doubtful = suspicious and not was_doubted",
        "doubtful = False",
        (NOTHING_THERE, SQLSERVER, CAPACITY),
    ),
    (
        "MariaDB's list of schemas is always whole",
        f"{ADAPTERS}.mysql.session",
        'complete=proven,\n            source="information_schema.SCHEMATA"',
        'complete=True,\n            source="information_schema.SCHEMATA"',
        (NO_INVENTORY, MARIADB, CAPACITY),
    ),
    (
        "MariaDB's tables are always all of them",
        f"{ADAPTERS}.mysql.session",
        "complete = proven and not hidden",
        "complete = True",
        (ONE_TABLE_LEFT, MARIADB, TABLES),
    ),
    (
        "PostgreSQL's locked tables are forgotten",
        f"{ADAPTERS}.postgresql.tables",
        "complete=not sizes.locked",
        "complete=True",
        (_of(POSTGRESQL, "locked", "table sizes"), POSTGRESQL, TABLES),
    ),
    (
        "SQL Server's list of databases is always whole",
        f"{ADAPTERS}.sqlserver.session",
        'complete=not missing,\n            source="sys.databases"',
        'complete=True,\n            source="sys.databases"',
        (_of(SQLSERVER, "no privilege", "inventory"), SQLSERVER, CAPACITY),
    ),
    (
        "the tables that an account of Oracle's owns are all there are",
        f"{ADAPTERS}.oracle.session",
        "complete=not owned and not missing",
        "complete=not missing",
        (ONLY_ITS_OWN, ORACLE, TABLES),
    ),
    # What is unknown becomes 0: where it is read, where it is saved, and over what was known.
    (
        "PostgreSQL's unknown size is 0",
        f"{ADAPTERS}.postgresql.session",
        'text(row["name"]), row["size_bytes"]',
        'text(row["name"]), row["size_bytes"] or 0',
        (NO_SIZES, POSTGRESQL, CAPACITY),
    ),
    (
        "SQL Server's database without a file to be seen has 0 bytes",
        f"{ADAPTERS}.sqlserver.databases",
        "    if not files:\n",
        "    if files is None:\n",
        (_of(SQLSERVER, "no privilege", "sizes"), SQLSERVER, CAPACITY),
    ),
    (
        "an unknown size of a database is saved as 0",
        f"{COLLECTION}.inventory",
        '"sizes": [fact.size_bytes for',
        '"sizes": [fact.size_bytes or 0 for',
        (NO_SIZES, POSTGRESQL, CAPACITY),
    ),
    (
        "an unknown size of a table is saved as 0",
        f"{COLLECTION}.snapshots",
        "            fact.size_bytes,\n",
        "            fact.size_bytes or 0,\n",
        (UNKNOWN_TABLE, SQLSERVER, TABLES),
    ),
    (
        "an unknown size takes the place of the older number",
        f"{COLLECTION}.inventory",
        "_KEPT = \"fact.size_bytes IS NULL AND fact.reason <> 'EXCLUDED'\"",
        '_KEPT = "false"',
        (NO_SIZES, POSTGRESQL, CAPACITY),
    ),
    # What is old passes for new.
    (
        "an older number does not say that it is one",
        f"{COLLECTION}.inventory",
        "THEN 'STALE' ELSE fact.quality END",
        "THEN 'EXACT' ELSE fact.quality END",
        (NO_SIZES, POSTGRESQL, CAPACITY),
    ),
]
PARTS = {MARIADB: [pytest.mark.mariadb], SQLSERVER: [pytest.mark.odbc]}
CONTROLS = [
    (ONE_TABLE_LEFT, MARIADB, TABLES),
    (ONLY_ITS_OWN, ORACLE, TABLES),
    (UNKNOWN_TABLE, SQLSERVER, TABLES),
]


@pytest.mark.parametrize(
    ("mutant", "cell", "engine", "operation"),
    [
        pytest.param(
            Mutant(name=name, module=module, right=right, wrong=wrong),
            *seen_by,
            id=name,
            marks=PARTS.get(seen_by[1], []),
        )
        for name, module, right, wrong, seen_by in MUTANTS
    ],
)
async def test_a_line_written_wrong_is_seen(
    mutant: Mutant,
    cell: Cell,
    scene: Scene,
    logged: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_live(mutant, monkeypatch)

    with pytest.raises(AssertionError):
        await see_it_hold(cell, scene, logged)


@pytest.mark.parametrize(
    ("cell", "engine", "operation"),
    [pytest.param(*one, marks=PARTS.get(one[1], [])) for one in CONTROLS],
)
async def test_cells_beside_the_matrix_hold_as_it_is_written(
    cell: Cell, scene: Scene, logged: Callable[[], str]
) -> None:
    await see_it_hold(cell, scene, logged)
