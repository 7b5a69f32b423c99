"""GET /healthz: whether the database answers."""

import logging

from aiohttp import web

from alertrpc.store.database import Database

DATABASE = web.AppKey("database", Database)

log = logging.getLogger(__name__)


class Health:
    """Asks the database whether it answers, and logs when that changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._answered = True

    async def answers(self) -> bool:
        fault = ""
        try:
            await self._database.ping()
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
        if fault and self._answered:
            log.error("the database does not answer: %s", fault)
        elif not fault and not self._answered:
            log.warning("the database answers again")
        self._answered = not fault
        return self._answered


HEALTH = web.AppKey("health", Health)


async def healthz(request: web.Request) -> web.Response:
    """200 `{"status": "ok"}`, or 503 `{"status": "error", "reason": "database"}` if it does not answer."""
    if await request.app[HEALTH].answers():
        return web.json_response({"status": "ok"})
    return web.json_response({"status": "error", "reason": "database"}, status=503)
