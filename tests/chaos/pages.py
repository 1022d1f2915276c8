"""What programs ask a web process while everything around it goes wrong."""

import asyncio
from contextlib import suppress

import httpx2

PATIENCE_SECONDS = 60
LOOK_SECONDS = 0.1


async def asked(client: httpx2.AsyncClient) -> httpx2.Response:
    """A page of the ledger."""
    query = "{ databases(first: 5) { totalCount nodes { name sizeBytes } } }"
    return await client.post("/graphql", json={"query": query})


async def until_answered(client: httpx2.AsyncClient, seconds: float = PATIENCE_SECONDS) -> None:
    """Until the web process answers as it should. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            with suppress(httpx2.TransportError):
                answer = await asked(client)
                if answer.status_code == 200 and "errors" not in answer.json():
                    return
            await asyncio.sleep(LOOK_SECONDS)
