"""How long to wait after a failed attempt: a pure function of seconds."""

from alertrpc.records import MediaType

LONGEST_PAUSE = 600  # seconds, unless attempt_interval is longer


def pause_after(media_type: MediaType, failed: int, chance: float) -> float:
    """The seconds until the next attempt after so many failed ones; `chance` is from 0 to 1."""
    longest = max(LONGEST_PAUSE, media_type.attempt_interval)
    grown = media_type.attempt_interval * media_type.attempt_growth ** min(failed - 1, 100)
    return min(grown, longest) * (1 + media_type.attempt_jitter * chance)
