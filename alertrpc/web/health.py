"""GET /healthz: whether the database answers."""

import logging
import sqlite3

from aiohttp import web

from alertrpc.store.database import Database

DATABASE = web.AppKey("database", Database)

log = logging.getLogger(__name__)


def _look(connection: sqlite3.Connection) -> None:
    connection.execute("SELECT 1 FROM role LIMIT 1").fetchone()


async def healthz(request: web.Request) -> web.Response:
    """200 `{"status": "ok"}`, or 503 `{"status": "database"}` when it does not answer."""
    try:
        await request.app[DATABASE].read(_look)
    except Exception:
        log.exception("the database does not answer")
        return web.json_response({"status": "database"}, status=503)
    return web.json_response({"status": "ok"})
