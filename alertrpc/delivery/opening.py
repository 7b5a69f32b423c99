"""Opens what sends: the channels of all kinds, and what tells this database's alerts from those of any other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alertrpc.delivery.channels.email import EmailChannel
from alertrpc.delivery.channels.http import HttpChannel, new_session
from alertrpc.delivery.channels.script import ScriptChannel
from alertrpc.delivery.message import Channel
from alertrpc.delivery.sender import Sender
from alertrpc.records import Clock, Kind
from alertrpc.store.database import Database
from alertrpc.store.deliveries import instance_uuid


@asynccontextmanager
async def open_sender(database: Database, scripts_dir: Path, work_dir: Path, clock: Clock) -> AsyncIterator[Sender]:
    """What tries to send alerts of the database; scripts are in `scripts_dir` and run in folders of `work_dir`."""
    instance = await database.write(instance_uuid)
    async with new_session() as session:
        channels: dict[Kind, Channel] = {
            Kind.SCRIPT: ScriptChannel(scripts_dir, work_dir),
            Kind.HTTP: HttpChannel(session, clock),
            Kind.EMAIL: EmailChannel(),
        }
        yield Sender(channels, instance, clock)
