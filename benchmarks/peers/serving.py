"""How every Python peer is served: as fast as uvicorn can, like WhaleFall itself."""

import os

import uvicorn
from starlette.applications import Starlette


def serve(app: Starlette) -> None:
    """Answer on PORT until told to end."""
    uvicorn.run(
        app,
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        access_log=False,
    )
