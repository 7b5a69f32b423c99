"""Builds the server from its parts: each part registers its release when it is acquired."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from aiohttp import web

from alertrpc.api.context import Services
from alertrpc.api.credentials import Credentials
from alertrpc.api.heavy import Heavy
from alertrpc.delivery.bell import Bell
from alertrpc.delivery.deliverer import Deliverer
from alertrpc.delivery.lock import DeliveryLock
from alertrpc.delivery.sender import open_sender
from alertrpc.delivery.trials import Trials
from alertrpc.intake.pushes import Pushes
from alertrpc.ledger.ledger import Ledger
from alertrpc.query.functions import FUNCTIONS
from alertrpc.records import Clock
from alertrpc.rpc.dispatch import Dispatcher
from alertrpc.settings import Settings
from alertrpc.store.database import open_database
from alertrpc.store.upkeep import upkeep
from alertrpc.web import alarms, channels, endpoint, health, home, ocp, pushes
from alertrpc.web.body import BODIES, SETTINGS, Bodies
from alertrpc.web.callers import CREDENTIALS, PUSH_LIMIT, PushLimit
from alertrpc.web.encodings import refuse_encodings
from alertrpc.web.headers import expect, name_server


def build_app(settings: Settings, bell: Bell, clock: Clock = time.time) -> web.Application:
    """The server as an aiohttp application; its database is opened when it starts and closed when it stops.

    `bell` is shared by all workers of the database; `settings` may change while the application runs.
    """
    name_server()
    app = web.Application(middlewares=[refuse_encodings, ocp.envelop])
    app[SETTINGS] = settings
    app[BODIES] = Bodies(settings)
    app[ocp.HEAVY] = heavy = Heavy()
    app[PUSH_LIMIT] = PushLimit(settings)
    app[pushes.CLOCK] = clock

    async def parts(app: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            opening = open_database(settings.database_path, settings, functions=FUNCTIONS)
            database = await stack.enter_async_context(opening)
            await stack.enter_async_context(upkeep(database))
            credentials = Credentials(database, settings, clock)
            await stack.enter_async_context(credentials.background_work())
            sender = await stack.enter_async_context(open_sender(database, settings, clock))
            trials = Trials(database, sender)
            ledger = Ledger(settings)
            stack.callback(bell.close)
            stack.callback(heavy.close)
            if settings.deliver == "yes":
                deliverer = Deliverer(database, ledger, sender, bell, DeliveryLock(settings.database_path))
                await stack.enter_async_context(deliverer.running(settings))
            app[health.DATABASE] = database
            app[health.HEALTH] = health.Health(database)
            app[CREDENTIALS] = credentials
            app[pushes.PUSHES] = Pushes(database, ledger, clock, bell.ring)
            app[channels.TRIALS] = trials
            services = Services(settings, database, credentials, trials, heavy, clock, bell.ring)
            app[endpoint.DISPATCHER] = Dispatcher(services)
            yield

    app.cleanup_ctx.append(parts)
    app.router.add_get("/healthz", health.healthz, expect_handler=expect)
    app.router.add_get("/", home.home, expect_handler=expect)
    ocp.add_routes(app, alarms.ROUTES)
    endpoint.add_routes(app)
    return app
