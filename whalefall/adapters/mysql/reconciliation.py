"""Where all bytes of one schema are: what lies in its files, by what it is for.

The server knows no size of a schema. Its files are the tablespaces of its tables, its partitions
and its full-text indexes, and the files of MyISAM and Aria. What a tablespace holds beyond data and
index is FREE: extents that nothing uses, and pages reserved inside of others. Page compression
makes files smaller than what they hold, so data and index share what is there.
"""

from collections import Counter
from collections.abc import Sequence

from whalefall.adapters.mysql.tables import Space, Spaces, TableRow, table_fact
from whalefall.domain.reconciliation import BucketKind, Reconciliation, reconcile


def reconciled(
    schema: str, tables: Sequence[TableRow], spaces: Spaces | None
) -> Reconciliation | None:
    """The parts of a schema. Without PROCESS (`spaces` is None) no file is known, and the parts are
    those of what the tables hold. Tables that the account cannot see, but whose files it
    can, are UNATTRIBUTED."""
    buckets: Counter[BucketKind] = Counter()
    for table in tables:
        buckets.update(_parts(table, spaces))
    facts = [table_fact(schema, table, spaces) for table in tables]
    objects = sum(fact.size_bytes or 0 for fact in facts)
    if spaces is None:
        return reconcile(buckets, objects_bytes=objects, whole_bytes=buckets.total())
    hidden = _allocated(spaces.hidden)
    buckets[BucketKind.TEMP] = _allocated(spaces.temporary)
    files = sum(fact.allocated_bytes or 0 for fact in facts) + buckets[BucketKind.TEMP] + hidden
    return reconcile(
        buckets,
        objects_bytes=objects,
        allocated_bytes=files,
        whole_bytes=buckets.total() + hidden,
    )


def _parts(table: TableRow, spaces: Spaces | None) -> dict[BucketKind, int]:
    """What a table takes in its own files, else in what it shares, else what it says it holds."""
    own = spaces.own.get(table.file_name, []) if spaces else []
    full_text = spaces.full_text.get(table.file_name, []) if spaces else []
    data, index = table.data_bytes or 0, table.index_bytes or 0
    parts = {BucketKind.FULL_TEXT: _allocated(full_text)}
    if any(space.is_shared for space in own):
        return {**parts, BucketKind.SHARED: data + index}
    files = _allocated(own)
    if not files:
        return {**parts, BucketKind.DATA: data, BucketKind.INDEX: index}
    if data + index > files:
        data, index = files * data // (data + index), files * index // (data + index)
    return {
        **parts,
        BucketKind.DATA: data,
        BucketKind.INDEX: index,
        BucketKind.FREE: files - data - index,
    }


def _allocated(spaces: Sequence[Space]) -> int:
    return sum(space.allocated_bytes or 0 for space in spaces)
