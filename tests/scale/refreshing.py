"""What operators do: have tables read anew, and wait for it or follow it."""

import asyncio
from typing import Any

from tests.scale.person import Person
from tests.sockets import connected

WAIT_SECONDS = 20
WINDOWS = 3  # in which one follows a session at once
FOLLOWED = "a refresh, followed to its end"
REFRESH = """
    mutation Refresh($input: RefreshTableSizesInput!) {
      refreshTableSizes(input: $input) {
        session { id status }
        savedCount deletedCount elapsedMs
        database { id tableSnapshot { status tableCount } }
        errors { code message }
      }
    }
"""
FOLLOW = """
    subscription Follow($id: ID!) {
      syncSession(id: $id) {
        id status finishedAt
        records(first: 1) { nodes { id status stage progress error { code } } }
      }
    }
"""


async def refresh_and_wait(person: Person) -> None:
    payload = await _refresh(person, WAIT_SECONDS)
    snapshot = payload["database"]["tableSnapshot"]
    assert payload["session"]["status"] == "COMPLETED"
    assert snapshot["status"] == "READY"
    assert payload["savedCount"] == snapshot["tableCount"] > 0
    assert payload["deletedCount"] == 0


async def refresh_and_follow(person: Person) -> None:
    """Begin only, and follow the session over sockets."""
    payload = await _refresh(person, 0)
    id = payload["session"]["id"]
    with person.notes.timing(FOLLOWED):
        seen = await asyncio.gather(*(_follow(person, id) for _ in range(WINDOWS)))
    for events in seen:
        assert [event["id"] for event in events] == [id] * len(events)
        assert events[-1]["status"] == "COMPLETED", events[-1]
        assert all(event["finishedAt"] is None for event in events[:-1])
        assert events[-1]["finishedAt"] is not None


async def _refresh(person: Person, seconds: int) -> Any:
    id = person.random.choice(person.site.refreshed)
    given = {"databaseId": id, "waitSeconds": seconds}
    payload = (await person.ask(REFRESH, input=given))["refreshTableSizes"]
    assert payload["errors"] == []
    assert payload["database"]["id"] == id
    return payload


async def _follow(person: Person, id: str) -> list[Any]:
    """Every event of a session, to the last one."""
    events = []
    async with connected(person.site.port) as client:
        await client.greet(person.authorization)
        await client.ask(FOLLOW, {"id": id})
        while (message := await client.hear())["type"] == "next":
            assert "errors" not in message["payload"], message
            events.append(message["payload"]["data"]["syncSession"])
    assert message["type"] == "complete", message
    return events
