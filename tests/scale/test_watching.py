"""When memory counts as flat."""

from collections.abc import Callable

import pytest

from tests.scale.watching import Growth, Sample

MEBIBYTE = 1024**2


def samples(megabytes_at: Callable[[int], float], seconds: int = 600) -> list[Sample]:
    return [
        Sample(at, {"web": int(megabytes_at(at) * MEBIBYTE)}, ours=20, reading=0)
        for at in range(seconds + 1)
    ]


@pytest.mark.parametrize(
    ("megabytes_at", "is_flat"),
    [
        (lambda at: 140, True),
        (lambda at: 140 + 15 * (at >= 300), True),  # once, and within 10 % and 10 MiB
        (lambda at: 140 + 30 * (at >= 300), False),
        (lambda at: 140 + at / 10, False),  # 6 MiB a minute
        (lambda at: 40 + min(at, 110), True),  # all of it while warming up
        (lambda at: 140 + 500 * (at % 60 == 0), True),  # peaks that go away
    ],
)
def test_memory_is_flat_unless_it_goes_on_growing(
    megabytes_at: Callable[[int], float], is_flat: bool
) -> None:
    assert Growth.of("web", samples(megabytes_at)).is_flat == is_flat


def test_a_short_load_warms_up_for_a_fifth_of_it() -> None:
    growth = Growth.of("web", samples(lambda at: 40 + min(at, 6) * 10, seconds=30))

    assert growth.first_bytes == growth.last_bytes == growth.most_bytes == 100 * MEBIBYTE
