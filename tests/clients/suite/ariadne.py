"""A client that ariadne-codegen made, at ADDRESS as the bearer of TOKEN. Prints what it got."""

import asyncio
import json
import os
import sys
from typing import Any

from whalefall_client import (  # type: ignore[import-not-found]
    Client,
    GraphQLClientGraphQLMultiError,
    GraphQLClientHttpError,
    RefreshTableSizesInput,
    UpdateInstanceInput,
)

ADDRESS, DATABASE_ID = os.environ["ADDRESS"], os.environ["DATABASE_ID"]


async def main() -> None:
    async with client_of(os.environ["TOKEN"]) as client, client_of("wf_nonsense") as stranger:
        pages = await paged(client)
        followed = await refreshed_and_followed(client)
        database = (await client.nested(DATABASE_ID)).database
        instance_id = database.instance.id
        nodes = (await client.nodes([instance_id, DATABASE_ID])).nodes
        described = await client.describe(
            UpdateInstanceInput(id=instance_id, description="described by ariadne")
        )
        refused = await client.refresh(
            RefreshTableSizesInput(database_id=DATABASE_ID, wait_seconds=90)
        )
        codes = {
            "cursor": await code(client.list_(first=1, after="nonsense")),
            "document": await code(answered(client, "{ nonsense }")),
            "variables": await code(client.nested(id=None)),
            "token": await code(stranger.nested(DATABASE_ID)),
        }
    answers = {
        "pages": pages,
        "followed": followed,
        "database": plain(database),
        "nodes": [plain(node) for node in nodes],
        "described": plain(described.update_instance),
        "refused": plain(refused.refresh_table_sizes),
        "codes": codes,
    }
    sys.stdout.write(json.dumps(answers))


def client_of(token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return Client(
        url=f"{ADDRESS}/graphql",
        headers=headers,
        ws_url=f"{ADDRESS.replace('http', 'ws', 1)}/graphql",
        ws_connection_init_payload=headers,
    )


async def paged(client: Any) -> dict[str, Any]:
    """All pages of two; sizes and moments are numbers and moments."""
    names: list[str] = []
    fetched, after, more = 0, None, True
    while more:
        page = (await client.list_(first=2, after=after)).databases
        for edge in page.edges:
            size_bytes, collected_at = edge.node.size_bytes, edge.node.size_collected_at
            assert isinstance(size_bytes, int | None)
            assert collected_at is None or collected_at.utcoffset().total_seconds() == 0
            names.append(edge.node.name)
        fetched, after = fetched + 1, page.page_info.end_cursor
        more = page.page_info.has_next_page
    return {"fetched": fetched, "names": names}


async def refreshed_and_followed(client: Any) -> dict[str, Any]:
    begun = await client.refresh(RefreshTableSizesInput(database_id=DATABASE_ID, wait_seconds=0))
    session_id = begun.refresh_table_sizes.session.id
    statuses = [event.sync_session.status async for event in client.follow(session_id)]
    return {"statuses": statuses}


async def answered(client: Any, document: str) -> Any:
    return client.get_data(await client.execute(query=document))


async def code(asking: Any) -> Any:
    try:
        await asking
    except GraphQLClientGraphQLMultiError as error:
        return error.errors[0].extensions["code"]
    except GraphQLClientHttpError as error:
        return error.response.json()["errors"][0]["extensions"]["code"]
    return None


def plain(model: Any) -> Any:
    return model.model_dump(mode="json", by_alias=True)


asyncio.run(main())
