"""Who may ask the Python peers: whoever brings a token that WhaleFall's own statement finds."""

import hashlib
import os
from typing import Any

import asyncpg
from starlette.exceptions import HTTPException

STATEMENT = os.environ.get("BEARER_SQL", "")


async def admit(connection: "asyncpg.Connection[Any]", authorization: str) -> None:
    """Raises 401 for anybody else."""
    token = authorization.removeprefix("Bearer ")
    user = await connection.fetchrow(STATEMENT, hashlib.sha256(token.encode()).digest())
    if user is None or user["is_expired"]:
        raise HTTPException(401)
