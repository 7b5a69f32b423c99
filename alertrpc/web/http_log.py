"""aiohttp's log: invalid HTTP of a client is one line, an exception of a handler keeps its traceback."""

import logging

from aiohttp.http_exceptions import HttpProcessingError

from alertrpc.loglines import strangers
from alertrpc.web.body import BROKEN_BODY

log = logging.getLogger(__name__)


def _is_fault_of_ours(record: logging.LogRecord) -> bool:
    """False for a fault of the client alone, which goes to the log of strangers."""
    fault = record.exc_info[1] if record.exc_info else None
    if not isinstance(fault, BROKEN_BODY):
        return True
    # aiohttp gives the address with an invalid request, but not with the unread rest of a body.
    if isinstance(record.args, tuple) and record.args:
        level = min(record.levelno, logging.WARNING)  # aiohttp logs TLS and other garbage as DEBUG
        strangers.log(level, "a request of %s cannot be read or answered: %s", record.args[0], _told(fault))
    return False


log.addFilter(_is_fault_of_ours)


def _told(fault: BaseException) -> str:
    """The fault in one line, without the caret line of aiohttp's parser."""
    text = fault.message if isinstance(fault, HttpProcessingError) else str(fault)
    return " ".join(text.split()).removesuffix(" ^")
