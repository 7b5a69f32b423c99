"""Builds the server from its parts: each resource is acquired and its release registered in the same breath."""

import time
from collections.abc import AsyncIterator

from aiohttp import web

from alertrpc.api.context import Services
from alertrpc.api.credentials import Credentials
from alertrpc.query.search import fold
from alertrpc.records import Clock
from alertrpc.rpc.dispatch import Dispatcher
from alertrpc.settings import Settings
from alertrpc.store.database import open_database
from alertrpc.web import endpoint, health


def build_app(settings: Settings, clock: Clock = time.time) -> web.Application:
    """The server as an aiohttp application; its database is opened when it starts and closed when it stops."""
    app = web.Application(client_max_size=settings.body_limit)
    app[endpoint.STALL_TIMEOUT] = settings.stall_timeout

    async def services(app: web.Application) -> AsyncIterator[None]:
        async with open_database(
            settings.database_path,
            query_timeout=settings.query_timeout,
            scan_connections=settings.scan_connections,
            functions={"fold": fold},
        ) as database:
            credentials = Credentials(
                database,
                clock=clock,
                session_idle=settings.session_idle,
                login_attempts=settings.login_attempts,
                login_block=settings.login_block,
            )
            async with credentials.background_work():
                app[health.DATABASE] = database
                app[endpoint.DISPATCHER] = Dispatcher(Services(settings, database, credentials))
                yield

    app.cleanup_ctx.append(services)
    app.router.add_get("/healthz", health.healthz)
    endpoint.add_routes(app)
    return app
