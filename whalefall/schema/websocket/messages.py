"""What is said over the socket. Who does not keep to the protocol is sent away with a code.

Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from dataclasses import dataclass
from typing import Any

from whalefall.schema.requests import Refusal, read_json

BAD_MESSAGE = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
WRONG_SUBPROTOCOL = 4406
TOO_LATE = 4408
SAME_ID = 4409
GREETED_AGAIN = 4429
TRY_AGAIN_LATER = 1013

MAX_ID_LENGTH = 128
MAX_REASON_BYTES = 123
KINDS = ("connection_init", "subscribe", "complete", "ping", "pong")


class Close(Exception):
    """The connection must end, with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")


@dataclass(frozen=True, kw_only=True)
class Message:
    """A well-formed message of a client: one of KINDS. `id` is "" where the kind has none."""

    kind: str
    id: str
    payload: dict[str, Any] | None


def read_message(text: object) -> Message:
    """Raises Close."""
    try:
        given = read_json(text.encode()) if isinstance(text, str) else None
    except Refusal as problem:
        raise Close(BAD_MESSAGE, problem.message) from problem
    if not isinstance(given, dict):
        raise Close(BAD_MESSAGE, "The message is not a JSON object in a text frame")
    kind, payload = given.get("type"), given.get("payload")
    if kind not in KINDS:
        raise Close(BAD_MESSAGE, "The message has no type of this protocol")
    if not isinstance(payload, dict | None):
        raise Close(BAD_MESSAGE, "The payload is not an object")
    if kind == "subscribe" and not _is_operation(payload or {}):
        raise Close(BAD_MESSAGE, "The payload is not an operation")
    id = _id(given) if kind in ("subscribe", "complete") else ""
    return Message(kind=kind, id=id, payload=payload)


def _id(given: dict[str, Any]) -> str:
    id = given.get("id")
    if not isinstance(id, str) or not 0 < len(id) <= MAX_ID_LENGTH:
        raise Close(BAD_MESSAGE, f"The id is not a text of 1 to {MAX_ID_LENGTH} characters")
    return id


def _is_operation(payload: dict[str, Any]) -> bool:
    return (
        isinstance(payload.get("query"), str)
        and isinstance(payload.get("operationName"), str | None)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("extensions"), dict | None)
    )
