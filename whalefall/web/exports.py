"""The plain routes for files: the ledger and the instances as CSV."""

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.db import Statement
from whalefall.resolvers.databases import ledger_csv
from whalefall.resolvers.instances import instances_csv
from whalefall.web.csv import csv_response
from whalefall.web.databases import ledger_filter, ledger_order
from whalefall.web.instances import instance_filter, instance_order

log = structlog.get_logger(__name__)


async def ledger(request: Request) -> Response:
    """The ledger with the page's own filters and order."""
    query = request.query_params
    statement = ledger_csv(request.state.actor, ledger_filter(query), ledger_order(query))
    return await _export(request, statement, "database_ledger")


async def instances(request: Request) -> Response:
    query = request.query_params
    statement = instances_csv(request.state.actor, instance_filter(query), instance_order(query))
    return await _export(request, statement, "instances")


async def _export(request: Request, statement: Statement, name: str) -> Response:
    log.info("file.exported", file=name)
    bom = request.query_params.get("bom") == "1"
    return await csv_response(request.app.state.db, statement, name=name, bom=bom)


ROUTES = [
    Route("/api/v1/databases/ledgers/exports", ledger),
    Route("/api/v1/instances/exports", instances),
]
