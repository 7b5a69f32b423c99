"""Opens what sends: the channels of all kinds, and what tells this database's alerts from those of any other."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from alertrpc.delivery.channels import KINDS
from alertrpc.delivery.sender import Sender
from alertrpc.records import Clock
from alertrpc.settings import Settings
from alertrpc.store.database import Database
from alertrpc.store.deliveries import instance_uuid


@asynccontextmanager
async def open_sender(database: Database, settings: Settings, clock: Clock) -> AsyncIterator[Sender]:
    """What tries to send alerts of the database."""
    instance = await database.write(instance_uuid)
    async with AsyncExitStack() as stack:
        channels = {
            name: await stack.enter_async_context(kind.channel(settings, clock)) for name, kind in KINDS.items()
        }
        yield Sender(channels, instance, clock)
