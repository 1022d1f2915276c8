"""F17: a database of 100,000 tables."""

import resource
from collections.abc import Callable

import pytest

from tests.faults.customers import PostgreSQLCustomer
from tests.faults.invariants import assert_all_holds, assert_next_try_succeeds
from tests.faults.scene import OK, Scene
from tests.faults.surviving import Line

TABLES = 100_000
MOST_SECONDS = 60
MOST_KILOBYTES = 300 * 1024
MAKE = f"""
    DO $$ BEGIN
        FOR number IN 1..{TABLES} LOOP
            EXECUTE 'CREATE TABLE one_of_many_' || number || ' ()';
            IF number % 500 = 0 THEN COMMIT; END IF;
        END LOOP;
    END $$
"""


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("engine", "operation"), [("postgresql", "table_sizes")])
async def test_many_tables_are_read_in_time_and_in_little_memory(
    scene: Scene, logged: Callable[[], str], table: list[Line]
) -> None:
    assert isinstance(scene.customer, PostgreSQLCustomer)
    await scene.remember_a_good_run()
    before = await scene.picture()
    async with scene.customer.server.inside(scene.customer.shop) as owner:
        await owner.execute(MAKE)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    run = await scene.run(MOST_SECONDS)

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used
    assert run.ending == OK, run.record
    assert grown < MOST_KILOBYTES
    after = await assert_all_holds(scene, run, before, logged)
    await assert_next_try_succeeds(scene)
    table.append(
        Line(
            case=f"F17 100,000 tables, {grown // 1024} MiB",
            engine=scene.customer.engine,
            operation=scene.operation,
            ending=run.ending,
            kept=f"{len(before.names)} -> {len(after.names)}",
            seconds=run.seconds,
        )
    )
