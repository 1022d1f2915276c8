"""What an instance says of its connections reaches its adapter."""

from tests.factories import make_credential, make_instance
from whalefall.db import Database
from whalefall.domain.engines import Engine
from whalefall.resolvers.collection.targets import endpoint_of, target_of


async def test_options_and_limits_are_the_instances_own(db: Database) -> None:
    async with db.write() as session:
        credential = await make_credential(session, keys=db.keys)
        own = await make_instance(
            session,
            engine=Engine("ORACLE"),
            host="127.0.0.1",
            port=1521,
            credential_id=credential.id,
            options={"name_kind": "SID"},
            connect_seconds=20,
            statement_seconds=300,
        )
        usual = await make_instance(session)
    async with db.read() as session:
        endpoint, plain = await endpoint_of(session, own.id), await endpoint_of(session, usual.id)

    assert (await target_of(db, endpoint)).options == {"name_kind": "SID"}
    assert (endpoint.limits.connect_seconds, endpoint.limits.statement_seconds) == (20, 300)
    assert (plain.limits.connect_seconds, plain.limits.statement_seconds) == (10, 120)
