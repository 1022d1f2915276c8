"""What holds after every fault, whatever it was: one function that asks all of it."""

from collections.abc import Callable

from sqlalchemy import text

from tests.faults.scene import OK, PARTLY, Picture, Run, Scene
from whalefall.errors import CATALOGUE, Code
from whalefall.models import Base

CONNECTIONS_AT_ONCE = 2  # one that reads, and one that ends it
ENDED = ("COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED")
UNENDED = text("""
    SELECT (SELECT count(*) FROM sync_instance_records
             WHERE status NOT IN ('COMPLETED', 'COMPLETED_WITH_ERRORS', 'FAILED')
                OR finished_at IS NULL OR lease_expires_at IS NOT NULL OR attempt <> 1)
         + (SELECT count(*) FROM sync_sessions
             WHERE status NOT IN ('COMPLETED', 'COMPLETED_WITH_ERRORS', 'FAILED'))
         + (SELECT count(*) FROM target_leases) AS count
""")


async def assert_all_holds(
    scene: Scene,
    run: Run,
    before: Picture,
    logged: Callable[[], str],
    *,
    leaves_stale: bool = False,
) -> Picture:
    """(a) to (f) of a run that went wrong or well; what is shown after it.

    That the next try succeeds, (g), is the caller's to see: `assert_next_try_succeeds`.
    """
    after = await scene.picture()
    await _assert_wholly_old_or_new(scene, run, before, after)
    assert leaves_stale or run.ending != OK or not after.stale
    assert run.record["status"] in ENDED
    assert (await scene.one(UNENDED))["count"] == 0
    await scene.customer.nobody_is_left()
    assert run.most_at_once <= CONNECTIONS_AT_ONCE
    _assert_typed(scene, run)
    await _assert_secret_is_nowhere(scene, logged)
    return after


async def assert_next_try_succeeds(scene: Scene) -> None:
    """(g): with the fault gone, nothing has to be started again."""
    run = await scene.run(60)
    after = await scene.picture()
    assert run.ending == OK, run.record
    assert after.names == await scene.truth()
    assert not after.stale


async def _assert_wholly_old_or_new(
    scene: Scene, run: Run, before: Picture, after: Picture
) -> None:
    """(a) and (b). A reading in part may add and renew; it takes nothing away."""
    if run.ending == OK:
        assert after.names >= await scene.truth()
        assert after.names <= before.names | await scene.truth()
        assert before.collected_at is None or after.collected_at > before.collected_at
        assert after.count == len(after.names)
    elif run.ending.startswith(PARTLY):
        assert after.names >= before.names
        assert after.count == len(after.names)
    else:
        assert (after.whole, after.head) == (before.whole, before.head)


def _assert_typed(scene: Scene, run: Run) -> None:
    """(e): a code of the catalogue, and nothing of the address or the account in its words."""
    code, message = run.record["error_code"], run.record["error_message"] or ""
    assert (code is None) == (run.ending == OK)
    assert code is None or Code(code) in CATALOGUE
    assert code != Code.INTERNAL_ERROR
    mine, proxy = scene.customer, scene.proxy
    for private in (mine.secret, mine.username, proxy.host, str(proxy.port)):
        assert private not in message


async def _assert_secret_is_nowhere(scene: Scene, logged: Callable[[], str]) -> None:
    """(f): in no row of any table of ours, and in no line of the log."""
    secret = scene.customer.secret
    assert secret not in logged()
    columns = " UNION ALL ".join(
        f"SELECT '{table.name}' AS name FROM {table.fullname} AS row"
        " WHERE strpos(to_jsonb(row)::text, :secret) > 0"
        for table in Base.metadata.sorted_tables
    )
    async with scene.db.read() as session:
        found = (await session.execute(text(columns), {"secret": secret})).scalars().all()
    assert not found
