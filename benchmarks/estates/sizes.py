"""How large an estate is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Exact numbers of rows; history counts the days of databases."""

    name: str
    instances: int
    databases: int
    tables: int
    history: int


SIZES = {
    size.name: size
    for size in (
        Size("S", instances=50, databases=2_000, tables=100_000, history=10_000),
        Size("M", instances=500, databases=20_000, tables=1_000_000, history=588_000),
        Size("L", instances=2_000, databases=100_000, tables=5_000_000, history=980_000),
    )
}
# For the export: hardly more than a ledger, of which about 100,000 databases are active.
LEDGER = Size("ledger", instances=2_000, databases=112_000, tables=20_000, history=0)
# For the pages: the console's lists, with a month of history behind each database.
PAGES = Size("pages", instances=2_000, databases=100_000, tables=20_000, history=3_000_000)
