"""Work on the database while it serves: older tables are filled, and the engine learns how values are distributed."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from alertrpc.errors import AlertrpcError
from alertrpc.store.analysis import ANALYZED, analyze, tell_readers
from alertrpc.store.connection import SqlError
from alertrpc.store.database import Database
from alertrpc.store.filling import ALERT_INDEX, fill_piece
from alertrpc.words import counted

PAUSE = 0.005  # seconds between two pieces, in which others may write
SECONDS_BETWEEN_LINES = 10.0  # in the log
SECONDS_BETWEEN_ANALYSES = 600.0
SECONDS_AFTER_FAULT = 5.0

log = logging.getLogger(__name__)


@asynccontextmanager
async def upkeep(database: Database) -> AsyncIterator[None]:
    """Runs the work as long as the block runs."""
    work = asyncio.create_task(_work(database))
    try:
        yield
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def _work(database: Database) -> None:
    while True:
        try:
            if ALERT_INDEX in database.unfilled:
                await _fill(database)
            await _analyze(database)
        except (AlertrpcError, SqlError) as error:
            log.info("the upkeep of the database goes on later: %s", error)
            await asyncio.sleep(SECONDS_AFTER_FAULT)
        else:
            await asyncio.sleep(SECONDS_BETWEEN_ANALYSES)


async def _fill(database: Database) -> None:
    done, told = 0, time.monotonic()
    log.info("alerts are indexed; until then, lists of alerts take longer")
    while rows := await database.write(fill_piece, patient=True):
        done += rows
        if time.monotonic() >= told + SECONDS_BETWEEN_LINES:
            log.info("%s indexed so far", counted(done, "alert"), extra={"alerts": done})
            told = time.monotonic()
        await asyncio.sleep(PAUSE)
    database.filled(ALERT_INDEX)
    log.info("all alerts are indexed; %s now", counted(done, "alert"), extra={"alerts": done})


async def _analyze(database: Database) -> None:
    """A table at a time, so that no other write waits for long."""
    for table in ANALYZED:
        await database.write(partial(analyze, table), patient=True)
    await database.write(tell_readers, patient=True)
