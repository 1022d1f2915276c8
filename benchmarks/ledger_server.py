"""The web process with one route more: the ledger as PostgreSQL writes it, behind our sign-in."""

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall import logs
from whalefall.app import create_app
from whalefall.auth import Permission
from whalefall.settings import Settings

# What a person would write who needs this one page: the text of the GraphQL answer, from SQL.
LEDGER = """
    SELECT json_build_object('data', json_build_object('databases', json_build_object(
               'nodes', json_agg(node ORDER BY instance_name, name, id),
               'pageInfo', json_build_object('hasNextPage', count(*) = 50))))::text
      FROM (SELECT i.name AS instance_name, d.name, d.id, json_build_object(
                       'id', encode(convert_to('Database:' || d.id, 'UTF8'), 'base64'),
                       'name', d.name, 'sizeBytes', d.size_bytes,
                       'sizeCollectedAt', d.size_collected_at,
                       'instance', json_build_object('name', i.name, 'host', i.host,
                                                     'engine', i.engine)) AS node
              FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
             WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
             ORDER BY i.name, d.name, d.id LIMIT 50) AS page
"""


async def ledger(request: Request) -> Response:
    request.state.actor.require(Permission.VIEW)
    (((text,),),) = await request.app.state.db.fetch([(LEDGER, ())])
    return Response(text, media_type="application/json")


def main() -> None:
    settings = Settings.from_env()
    logs.configure(settings)
    app = create_app(settings)
    app.router.routes.append(Route("/ledger-by-hand", ledger))
    uvicorn.run(
        app, port=settings.port, loop="uvloop", http="httptools", ws="none", log_config=None
    )


if __name__ == "__main__":
    main()
