"""GET /healthz: whether the database answers."""

import logging

from aiohttp import web

from alertrpc.store.database import Database

DATABASE = web.AppKey("database", Database)

SERVER = {"Server": "alertrpc"}

log = logging.getLogger(__name__)


async def healthz(request: web.Request) -> web.Response:
    """200 `{"status": "ok"}`, or 503 `{"status": "database"}` when it does not answer."""
    try:
        await request.app[DATABASE].ping()
    except Exception:
        log.exception("the database does not answer")
        return web.json_response({"status": "database"}, status=503, headers=SERVER)
    return web.json_response({"status": "ok"}, headers=SERVER)
