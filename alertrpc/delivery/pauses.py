"""How long to wait after a failed attempt, and when to give up: pure functions of seconds."""

from alertrpc.records import MediaType

LONGEST_PAUSE = 600  # seconds, unless attempt_interval is longer
LONGEST_WAITING = 86_400  # seconds that receivers may ask for, if the media type has no give_up_after
JITTER = 0.2  # the part of a pause that chance adds at most


def pause_after(media_type: MediaType, failed: int, chance: float) -> float:
    """The seconds until the next attempt after so many failed ones; `chance` is from 0 to 1."""
    interval = media_type.attempt_interval
    if media_type.give_up_after is None:
        return interval
    grown = interval * media_type.attempt_growth ** min(failed - 1, 100)
    return min(grown, max(LONGEST_PAUSE, interval)) * (1 + JITTER * chance)


def is_too_late(media_type: MediaType, waited: float) -> bool:
    """Whether an alert that was made so many seconds ago is not tried any more."""
    return waited > (LONGEST_WAITING if media_type.give_up_after is None else media_type.give_up_after)
