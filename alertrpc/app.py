"""Builds the server from its parts: each resource is acquired and its release registered in the same breath."""

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from aiohttp import web

from alertrpc.api.context import Services
from alertrpc.api.credentials import Credentials
from alertrpc.api.heavy import Heavy
from alertrpc.delivery.bell import Bell
from alertrpc.delivery.deliverer import Deliverer
from alertrpc.delivery.lock import DeliveryLock
from alertrpc.delivery.opening import open_sender
from alertrpc.delivery.trials import Trials
from alertrpc.intake.pushes import Pushes
from alertrpc.ledger.ledger import Ledger
from alertrpc.query.functions import FUNCTIONS
from alertrpc.records import Clock
from alertrpc.rpc.dispatch import Dispatcher
from alertrpc.settings import Settings
from alertrpc.store.database import Database, open_database
from alertrpc.web import alarm_routes, channels, endpoint, health, home, pushes
from alertrpc.web.body import BODIES, Bodies
from alertrpc.web.callers import CREDENTIALS, PUSH_LIMIT, PushLimit
from alertrpc.web.encodings import refuse_encodings
from alertrpc.web.expect import expect
from alertrpc.web.ocp import HEAVY
from alertrpc.web.server_header import name_server


def build_app(settings: Settings, bell: Bell, clock: Clock = time.time) -> web.Application:
    """The server as an aiohttp application; its database is opened when it starts and closed when it stops.

    `bell` is shared by all workers of the database.
    """
    name_server()
    app = web.Application(client_max_size=settings.body_limit, middlewares=[refuse_encodings])
    app[BODIES] = Bodies(
        limit=settings.body_limit,
        anonymous_limit=settings.anonymous_body_limit,
        stall_timeout=settings.stall_timeout,
    )
    app[endpoint.STALL_TIMEOUT] = settings.stall_timeout
    app[HEAVY] = heavy = Heavy()
    app[PUSH_LIMIT] = PushLimit(settings.push_limit)
    app[pushes.CLOCK] = clock
    app[pushes.RESOLVE_TIMEOUT] = settings.resolve_timeout

    async def services(app: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(_database(settings))
            credentials = Credentials(
                database,
                clock=clock,
                session_idle=settings.session_idle,
                login_attempts=settings.login_attempts,
                login_block=settings.login_block,
            )
            await stack.enter_async_context(credentials.background_work())
            sender = await stack.enter_async_context(
                open_sender(database, settings.scripts_dir, settings.work_dir, clock)
            )
            trials = Trials(database, sender, clock)
            ledger = Ledger(settings.push_group)
            stack.callback(bell.close)
            stack.callback(heavy.close)
            if settings.deliver == "yes":
                lock = DeliveryLock(settings.database_path)
                deliverer = Deliverer(database, ledger, sender, bell, lock, clock)
                await stack.enter_async_context(deliverer.running(settings.shutdown_timeout))
            app[health.DATABASE] = database
            app[health.HEALTH] = health.Health(database)
            app[CREDENTIALS] = credentials
            app[pushes.PUSHES] = Pushes(database, ledger, clock, bell.ring)
            app[channels.TRIALS] = trials
            app[endpoint.DISPATCHER] = Dispatcher(
                Services(settings, database, credentials, trials, heavy, clock, bell.ring)
            )
            yield

    app.cleanup_ctx.append(services)
    app.router.add_get("/healthz", health.healthz, expect_handler=expect)
    home.add_routes(app)
    alarm_routes.add_routes(app)
    channels.add_routes(app)
    endpoint.add_routes(app)
    return app


def _database(settings: Settings) -> AbstractAsyncContextManager[Database]:
    return open_database(
        settings.database_path,
        query_timeout=settings.query_timeout,
        scan_connections=settings.scan_connections,
        functions=FUNCTIONS,
    )
