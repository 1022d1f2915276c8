"""Parts always add up to their whole."""

from hypothesis import given
from hypothesis import strategies as st

from whalefall.domain.reconciliation import BucketKind, Reconciliation, reconcile

KINDS = [kind for kind in BucketKind if kind is not BucketKind.UNATTRIBUTED]
sizes = st.integers(min_value=0, max_value=2**50)
known = st.none() | sizes


@given(st.dictionaries(st.sampled_from(KINDS), sizes), known, known, known)
def test_buckets_add_up_to_the_best_known_whole(
    buckets: dict[BucketKind, int], files: int | None, said: int | None, objects: int | None
) -> None:
    parts = reconcile(buckets, objects_bytes=objects, database_bytes=said, allocated_bytes=files)

    wholes = [size for size in (files, said, objects) if size is not None]
    if not wholes:
        assert parts is None
        return
    assert parts is not None
    assert parts.whole_bytes == wholes[0]
    assert parts.unattributed_bytes == wholes[0] - sum(buckets.values())
    assert 0 not in parts.buckets.values()


def test_more_than_the_whole_is_said_and_not_hidden() -> None:
    parts = reconcile({BucketKind.DATA: 120}, database_bytes=100)

    assert parts is not None
    assert parts.unattributed_bytes == -20
    assert parts.whole_bytes == 100


def test_what_is_stored_is_what_is_read_in_the_order_of_kinds() -> None:
    parts = reconcile(
        {BucketKind.FREE: 10, BucketKind.DATA: 20}, allocated_bytes=50, objects_bytes=20
    )
    assert parts is not None

    read = Reconciliation.of_json(parts.to_json())

    assert read == parts
    assert list(read.buckets) == [BucketKind.DATA, BucketKind.FREE, BucketKind.UNATTRIBUTED]
