"""aiohttp's log: what a client sends that is no HTTP is a line, a fault of a handler keeps its traceback."""

import logging

from aiohttp.http_exceptions import HttpProcessingError

from alertrpc.loglines import strangers
from alertrpc.web.body import BROKEN_BODY

log = logging.getLogger(__name__)


def _is_fault_of_ours(record: logging.LogRecord) -> bool:
    """False for what the client alone has caused, which is told to the log of strangers."""
    fault = record.exc_info[1] if record.exc_info else None
    if not isinstance(fault, BROKEN_BODY):
        return True
    # aiohttp gives the address with a request that it cannot read, and none with a rest of a body that nobody reads.
    if isinstance(record.args, tuple) and record.args:
        level = min(record.levelno, logging.WARNING)  # aiohttp tells of TLS and other garbage as DEBUG
        strangers.log(level, "a request of %s cannot be read or answered: %s", record.args[0], _told(fault))
    return False


log.addFilter(_is_fault_of_ours)


def _told(fault: BaseException) -> str:
    """The fault without the lines of aiohttp's parser, the last of which points at a character above it."""
    text = fault.message if isinstance(fault, HttpProcessingError) else str(fault)
    return " ".join(text.split()).removesuffix(" ^")
