"""Tablespaces whose segments somebody has added up by hand, in mebibytes.

Each has one file of 100 MiB, of which 1 is its header and 99 are for segments.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.adapters.oracle.seam import MEBIBYTE, OracleSeam
from whalefall.domain.facts import TableKind
from whalefall.domain.reconciliation import BucketKind

Make = Callable[[OracleSeam, str], Awaitable[None]]
Expected = tuple[str, TableKind, int, int, int]  # name, kind, data with LOBs, LOBs, indexes


@dataclass(frozen=True, kw_only=True)
class Golden:
    """`buckets` beside the header (CATALOG 1); what is left of 99 is free."""

    name: str
    make: Make
    tables: list[Expected]
    buckets: dict[BucketKind, int] = field(default_factory=dict)


async def _heap(seam: OracleSeam, space: str) -> None:
    await seam.add_table(space, "ORDERS", 8)
    await seam.add_segment(space, "ORDERS_PK", "INDEX", 2)
    await seam.insert(
        "indexes",
        owner="SHOP",
        index_name="ORDERS_PK",
        index_type="NORMAL",
        table_owner="SHOP",
        table_name="ORDERS",
    )


async def _partitioned(seam: OracleSeam, space: str) -> None:
    await seam.add_table("", "SALES", 0, partitioned="YES", segment_created="N/A")
    for _ in range(3):
        await seam.add_segment(space, "SALES", "TABLE PARTITION", 4)
        await seam.add_segment(space, "SALES_IX", "INDEX PARTITION", 1)
    await seam.insert(
        "indexes",
        owner="SHOP",
        index_name="SALES_IX",
        index_type="NORMAL",
        table_owner="SHOP",
        table_name="SALES",
    )


async def _lob(seam: OracleSeam, space: str) -> None:
    """One plain LOB with its index, one that is partitioned; named by people, not by the system."""
    await seam.add_table(space, "DOCUMENTS", 1)
    await seam.add_segment(space, "DOC_BODY", "LOBSEGMENT", 40)
    await seam.add_segment(space, "DOC_BODY_IX", "LOBINDEX", 1)
    await seam.add_segment(space, "DOC_SCAN", "LOB PARTITION", 10)
    await seam.add_segment(space, "DOC_SCAN_IX", "INDEX PARTITION", 1)
    for column, segment in (("BODY", "DOC_BODY"), ("SCAN", "DOC_SCAN")):
        await seam.insert(
            "lobs",
            owner="SHOP",
            table_name="DOCUMENTS",
            column_name=column,
            segment_name=segment,
            index_name=f"{segment}_IX",
        )
        await seam.insert(
            "indexes",
            owner="SHOP",
            index_name=f"{segment}_IX",
            index_type="LOB",
            table_owner="SHOP",
            table_name="DOCUMENTS",
        )


async def _index_organized(seam: OracleSeam, space: str) -> None:
    """The table has no segment: its rows are in its index, and what is long flows over."""
    await seam.add_table(space, "CODES", 0, iot_type="IOT", segment_created="N/A")
    await seam.add_segment(space, "CODES_PK", "INDEX", 6)
    await seam.insert(
        "indexes",
        owner="SHOP",
        index_name="CODES_PK",
        index_type="IOT - TOP",
        table_owner="SHOP",
        table_name="CODES",
    )
    await seam.add_table(
        space, "SYS_IOT_OVER_1", 3, iot_type="IOT_OVERFLOW", iot_name="CODES", num_rows=None
    )


async def _nested(seam: OracleSeam, space: str) -> None:
    await seam.add_table(space, "INVOICES", 5)
    await seam.add_table("", "INVOICE_LINES", 0, nested="YES", segment_created="N/A")
    await seam.add_segment(space, "INVOICE_LINES", "NESTED TABLE", 7)
    await seam.insert(
        "nested_tables", owner="SHOP", table_name="INVOICE_LINES", parent_table_name="INVOICES"
    )


async def _dropped(seam: OracleSeam, space: str) -> None:
    await seam.add_table(space, "KEPT", 2)
    await seam.add_table(space, "BIN$a0==$0", 9, dropped="YES")
    await seam.recycle(space, "BIN$a0==$0")


async def _deferred(seam: OracleSeam, space: str) -> None:
    await seam.add_table(space, "LATER", 0, num_rows=0)
    await seam.add_table(space, "NOW", 1)


async def _cluster(seam: OracleSeam, space: str) -> None:
    await seam.add_segment(space, "PEOPLE_CLUSTER", "CLUSTER", 11)


async def _view(seam: OracleSeam, space: str) -> None:
    await seam.add_table(space, "SALES_MV", 4)
    await seam.insert("mviews", owner="SHOP", mview_name="SALES_MV", container_name="SALES_MV")


async def _full(seam: OracleSeam, space: str) -> None:
    """No extent is free, so the free-space view has no row of it."""
    await seam.add_table(space, "BIG", 99)


GOLDEN = (
    Golden(
        name="heap",
        make=_heap,
        tables=[("ORDERS", TableKind.TABLE, 8, 0, 2)],
        buckets={BucketKind.DATA: 8, BucketKind.INDEX: 2},
    ),
    Golden(
        name="partitioned",
        make=_partitioned,
        tables=[("SALES", TableKind.PARTITIONED_TABLE, 12, 0, 3)],
        buckets={BucketKind.DATA: 12, BucketKind.INDEX: 3},
    ),
    Golden(
        name="LOBs",
        make=_lob,
        tables=[("DOCUMENTS", TableKind.TABLE, 53, 52, 0)],  # 1 + 40 + 1 + 10 + 1
        buckets={BucketKind.DATA: 1, BucketKind.LOB: 52},
    ),
    Golden(
        name="index-organized with overflow",
        make=_index_organized,
        tables=[("CODES", TableKind.INDEX_ORGANIZED, 9, 0, 0)],  # 6 + 3
        buckets={BucketKind.DATA: 9},
    ),
    Golden(
        name="nested table",
        make=_nested,
        tables=[("INVOICES", TableKind.TABLE, 12, 0, 0)],  # 5 + 7
        buckets={BucketKind.DATA: 12},
    ),
    Golden(
        name="dropped",
        make=_dropped,
        tables=[("KEPT", TableKind.TABLE, 2, 0, 0)],
        buckets={BucketKind.DATA: 2, BucketKind.RECYCLE_BIN: 9},
    ),
    Golden(
        name="deferred",
        make=_deferred,
        tables=[("NOW", TableKind.TABLE, 1, 0, 0), ("LATER", TableKind.TABLE, 0, 0, 0)],
        buckets={BucketKind.DATA: 1},
    ),
    Golden(
        name="cluster",
        make=_cluster,
        tables=[("PEOPLE_CLUSTER", TableKind.CLUSTER, 11, 0, 0)],
        buckets={BucketKind.DATA: 11},
    ),
    Golden(
        name="materialized view",
        make=_view,
        tables=[("SALES_MV", TableKind.MATERIALIZED_VIEW, 4, 0, 0)],
        buckets={BucketKind.DATA: 4},
    ),
    Golden(
        name="full",
        make=_full,
        tables=[("BIG", TableKind.TABLE, 99, 0, 0)],
        buckets={BucketKind.DATA: 99},
    ),
)


def in_bytes(golden: Golden) -> dict[BucketKind, int]:
    """The buckets with the header, and with what is free of 99 MiB."""
    free = 99 - sum(golden.buckets.values())
    whole = {**golden.buckets, BucketKind.CATALOG: 1, **({BucketKind.FREE: free} if free else {})}
    return {kind: size * MEBIBYTE for kind, size in whole.items()}
