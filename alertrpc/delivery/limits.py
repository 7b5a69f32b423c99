"""What a media type may send now: the rates of its receivers, and the times for which they asked to wait."""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable

from alertrpc.records import HOLDS_ADDRESS, MediaType
from alertrpc.store.connection import SqlConnection
from alertrpc.store.limits import Holds, find_holds, find_turns
from alertrpc.values import Rate

SLACK = 500  # milliseconds from a claim until its alerts are sent


class Window:
    """The attempts that a rate counts, by their ends, in milliseconds; the next one begins at `now`.

    A receiver takes a message before its attempt ends. If none begins within a span after as many ended as the rate
    allows, the receiver gets no more than these in any span.
    """

    def __init__(self, rate: Rate, ended: Iterable[int], now: int) -> None:
        self._most, self._span = rate.most, rate.milliseconds
        self._ended = sorted(end for end in ended if end > now - self._span)

    def opens(self) -> int | None:
        """When the next attempt may begin; None: now."""
        return None if len(self._ended) < self._most else self._ended[-self._most] + self._span

    def take(self, ends: int) -> None:
        """Counts an attempt that ends at that time at the latest."""
        insort(self._ended, ends)


class Limits:
    """The limits of a media type at `now`; `turns` are the address and the end of each attempt. Times are milliseconds."""

    def __init__(self, media_type: MediaType, holds: Holds, turns: Iterable[tuple[str, int]], now: int) -> None:
        self._media_type, self.now = media_type, now
        self._ends = latest_end(media_type, now)
        self._hold = holds.whole
        self.closed = dict(holds.addresses)
        ended = list(turns)
        self._all = media_type.rate and Window(media_type.rate, [end for _, end in ended], now)
        self._by_address: dict[str, Window] = {}
        if media_type.address_rate:
            of_address: dict[str, list[int]] = defaultdict(list)
            for sendto, end in ended:
                of_address[sendto].append(end)
            for sendto, ends in of_address.items():
                self._close(sendto, Window(media_type.address_rate, ends, now))

    @property
    def opens(self) -> int | None:
        """When anything may be sent; None: now."""
        return max(self._hold or 0, (self._all and self._all.opens()) or 0) or None

    def opens_for(self, sendto: str) -> int | None:
        """When something may be sent to the address; None: now."""
        return max(self.opens or 0, self.closed.get(sendto, 0)) or None

    def takes(self, sendto: str) -> int | None:
        """Takes a turn for an address, whose attempt ends at the returned time at the latest; None if there is none."""
        if self.opens_for(sendto) is not None:
            return None
        if self._all:
            self._all.take(self._ends)
        if rate := self._media_type.address_rate:
            window = self._by_address.get(sendto) or Window(rate, (), self.now)
            window.take(self._ends)
            self._close(sendto, window)
        return self._ends

    def _close(self, sendto: str, window: Window) -> None:
        self._by_address[sendto] = window
        if (opens := window.opens()) is not None:
            self.closed[sendto] = max(opens, self.closed.get(sendto, 0))


def has_limits(media_type: MediaType) -> bool:
    """Whether an alert that may be sent now may have to wait after others are sent."""
    return has_rates(media_type) or media_type.hold == HOLDS_ADDRESS or bool(media_type.digest)


def has_rates(media_type: MediaType) -> bool:
    return bool(media_type.rate or media_type.address_rate)


def latest_end(media_type: MediaType, now: int) -> int:
    """When an attempt that begins at `now`, or SLACK later, has ended at the latest."""
    return now + 1000 * media_type.timeout + 2 * SLACK


def limits_of(mediatypeid: int, media_type: MediaType, now: int, connection: SqlConnection) -> Limits:
    """The limits as the database has them; `now` is in milliseconds."""
    span = max(rate.milliseconds if rate else 0 for rate in (media_type.rate, media_type.address_rate))
    turns = find_turns(mediatypeid, now - span, latest_end(media_type, now), connection) if span else []
    return Limits(media_type, find_holds(mediatypeid, now, connection), turns, now)
