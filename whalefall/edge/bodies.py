"""The body of a write: read once, bounded in size and time, handed on as if it just arrived."""

import asyncio

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from whalefall.errors import BadInput

BODY_BYTES = 1024 * 1024
BODY_SECONDS = 30


class BodyTooLarge(BadInput):
    """Answered with 413."""

    def __init__(self) -> None:
        super().__init__(f"A body may have {BODY_BYTES} bytes.")


class BodyTooSlow(BadInput):
    """Answered with 408."""

    def __init__(self) -> None:
        super().__init__("The body took too long to arrive.")


def check_length(headers: Headers) -> None:
    """Refuse by the announced length, before anything is read. Raises BodyTooLarge."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > BODY_BYTES:
        raise BodyTooLarge


async def read_body(receive: Receive) -> bytes:
    """The whole body. Raises BodyTooLarge, BodyTooSlow, ClientDisconnect."""
    body, more = bytearray(), True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > BODY_BYTES:
                    raise BodyTooLarge
    except TimeoutError as error:
        raise BodyTooSlow from error
    return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """A receive that first hands out a body that was read already."""
    is_read = False

    async def receive_again() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
