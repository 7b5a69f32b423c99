"""The lines of the log: each record is one, and strangers cannot fill it or forge a line of it."""

import logging
import time
from collections import deque
from collections.abc import Callable

from alertrpc.words import counted

MOST_LINES = 10  # that strangers cause within PERIOD
PERIOD = 10.0  # seconds
LONGEST_LINE = 400  # characters of what strangers cause


def one_line(text: str, most: int) -> str:
    """The printable text in at most `most` characters: what is longer loses its middle, as its end may say what is wrong."""
    shown, half = printable(text), (most - 3) // 2
    return shown if len(shown) <= most else f"{shown[:half]}...{shown[-half:]}"


def printable(text: str) -> str:
    """The text with escapes for line breaks, control characters and lone surrogates, as Python writes them."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class LineFormatter(logging.Formatter):
    """Writes a message in one line, whatever it quotes; the traceback of a fault of ours follows in lines of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging names it so
        record.message = printable(record.message)
        return super().formatMessage(record)


class FewLines(logging.Filter):
    """Lets through MOST_LINES records within PERIOD, each cut; the next that passes says how many were left out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed: deque[float] = deque(maxlen=MOST_LINES)  # when
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        if len(self._passed) == MOST_LINES and now - self._passed[0] < PERIOD:
            self._left_out += 1
            return False
        self._passed.append(now)
        line = one_line(record.getMessage(), LONGEST_LINE)
        record.msg = f"{line} ({counted(self._left_out, 'such line')} left out before)" if self._left_out else line
        record.args = None
        self._left_out = 0
        return True


strangers = logging.getLogger("alertrpc.strangers")  # for what any client can cause, as often as it likes
strangers.addFilter(FewLines())
