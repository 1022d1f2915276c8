"""Databases whose pages somebody has added up by hand: what goes in, and what has to come out.

Pages of 8 KB. Every database has 1,024 pages of data file, of which the engine's own table has
reserved 40, and 512 pages of log.
"""

from dataclasses import dataclass, field

from tests.tds.instance import Index, TdsInstance
from whalefall.domain.facts import TableKind
from whalefall.domain.reconciliation import BucketKind

PAGE = 8192
HEAP, CLUSTERED, NONCLUSTERED = 0, 1, 2
COLUMNSTORE = 5


@dataclass(frozen=True, kw_only=True)
class Golden:
    """`expected` is pages: used, data, index, lob, reserved; `buckets` are pages too."""

    name: str
    indexes: list[Index]
    kind: TableKind = TableKind.TABLE
    expected: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    rows: int = 0
    buckets: dict[BucketKind, int] = field(default_factory=dict)
    attached: tuple[tuple[int, Index], ...] = ()  # internal tables: type, pages


GOLDEN = (
    Golden(
        name="heap",
        indexes=[Index(index_id=HEAP, in_row=10, used=11, reserved=17, rows=500)],
        # data 10, index 11 - 10 = 1 (the IAM page), unused 17 - 11 = 6
        expected=(11, 10, 1, 0, 17),
        rows=500,
        buckets={BucketKind.DATA: 10, BucketKind.INDEX: 1, BucketKind.FREE: 6 + 1024 - 40 - 17},
    ),
    Golden(
        name="clustered",
        indexes=[Index(index_id=CLUSTERED, type=1, in_row=100, used=103, reserved=105, rows=9_000)],
        expected=(103, 100, 3, 0, 105),
        rows=9_000,
        buckets={BucketKind.DATA: 100, BucketKind.INDEX: 3, BucketKind.FREE: 2 + 1024 - 40 - 105},
    ),
    Golden(
        name="nonclustered with LOB",
        indexes=[
            Index(
                index_id=CLUSTERED,
                type=1,
                in_row=50,
                lob=30,
                overflow=5,
                used=90,
                reserved=96,
                rows=700,
            ),
            # Its 20 + 7 pages are index, though 7 of them hold LOBs; its 700 rows count no more.
            Index(index_id=NONCLUSTERED, type=2, in_row=20, lob=7, used=29, reserved=32, rows=700),
        ],
        # used 90 + 29 = 119, data 50 + 30 + 5 = 85, index 119 - 85 = 34, reserved 96 + 32 = 128
        expected=(119, 85, 34, 30, 128),
        rows=700,
        buckets={
            BucketKind.DATA: 55,
            BucketKind.LOB: 30,
            BucketKind.INDEX: 34,
            BucketKind.FREE: 9 + 1024 - 40 - 128,
        },
    ),
    Golden(
        name="partitioned",
        kind=TableKind.PARTITIONED_TABLE,
        indexes=[
            Index(
                index_id=CLUSTERED, type=1, in_row=64, used=70, reserved=72, rows=10, partitions=4
            )
        ],
        expected=(70, 64, 6, 0, 72),
        rows=10,
        buckets={BucketKind.DATA: 64, BucketKind.INDEX: 6, BucketKind.FREE: 2 + 1024 - 40 - 72},
    ),
    Golden(
        name="columnstore",
        # All of its pages are in the LOB columns, but they are rows and no large objects.
        indexes=[
            Index(
                index_id=CLUSTERED,
                type=COLUMNSTORE,
                in_row=0,
                lob=80,
                used=81,
                reserved=88,
                rows=1_000_000,
            )
        ],
        expected=(81, 80, 1, 0, 88),
        rows=1_000_000,
        buckets={BucketKind.DATA: 80, BucketKind.INDEX: 1, BucketKind.FREE: 7 + 1024 - 40 - 88},
    ),
    Golden(
        name="XML and full-text",
        indexes=[Index(index_id=CLUSTERED, type=1, in_row=20, used=22, reserved=24, rows=40)],
        attached=(
            (202, Index(index_id=CLUSTERED, type=1, in_row=12, used=14, reserved=16, rows=900)),
            (212, Index(index_id=CLUSTERED, type=1, in_row=6, used=7, reserved=8, rows=77)),
        ),
        # used 22 + 14 + 7 = 43, data 20, index 23 of which 7 are full-text, reserved 24 + 16 + 8
        expected=(43, 20, 23, 0, 48),
        rows=40,
        buckets={
            BucketKind.DATA: 20,
            BucketKind.INDEX: 16,
            BucketKind.FULL_TEXT: 7,
            BucketKind.FREE: 5 + 1024 - 40 - 48,
        },
    ),
)


async def make(tds: TdsInstance, database: str, golden: Golden) -> None:
    parent = await tds.create_table(database, golden.name, golden.indexes)
    for internal_type, index in golden.attached:
        child = await tds.add_object(
            database,
            f"internal_{internal_type}",
            type="IT",
            schema_id=4,
            is_ms_shipped=True,
            internal_type=internal_type,
            parent_id=parent,
        )
        await tds.add_pages(database, child, index)
