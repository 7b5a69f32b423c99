"""What of a receiver's texts may be kept: no secrets of the media type, no NULs, and little enough to read.

A receiver may give a secret back in another spelling. Texts and secrets are compared by what they mean.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from alertrpc.delivery.spellings import LONGEST_ESCAPE, Meaning, meanings, without_begun_escape

MASK = "******"
READ_BYTES = 64 * 1024  # of an answer or a stream; what is behind is not looked at
KEPT_BYTES = 2 * 1024
ERROR_CHARACTERS = 255
SHORTEST_SECRET = 6  # shorter texts are in many others


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text with `******` for each secret, in whatever spelling of `alertrpc.delivery.spellings`."""
    return _masked(text, _needles(tuple(secrets)), is_cut=False)


def kept_text(data: bytes, secrets: Iterable[str]) -> str:
    """What is kept of the first READ_BYTES of an answer or a stream: at most KEPT_BYTES.

    Secrets are masked before the cut, so that none survives as a half.
    """
    text = plain(data.decode("utf-8", "replace"))
    return cut(_masked(text, _needles(tuple(secrets)), is_cut=len(data) >= READ_BYTES), KEPT_BYTES)


def _masked(text: str, needles: Sequence[bytes], *, is_cut: bool) -> str:
    """The end of a text that `is_cut` may be half a secret: it is left out, as masks may bring it among what is kept."""
    if not needles:
        return text
    found = list(meanings(text))
    end = _end_of_whole_secrets(found, len(needles[0])) if is_cut else len(text)
    pieces, done = [], 0
    for start, stop in _merged(sorted(place for meaning in found for place in _places(meaning, needles))):
        if start >= end:
            break
        pieces += [text[done:start], MASK]
        done = stop
    return "".join([*pieces, text[done:end]])


def _end_of_whole_secrets(found: Iterable[Meaning], longest: int) -> int:
    """Where in the text the last bytes begin that may be part of a secret, or of an escape, which the text's end cuts."""
    return min(
        (meaning.starts[max(0, len(meaning.data) - longest - LONGEST_ESCAPE)] for meaning in found if meaning.data),
        default=0,
    )


def _places(meaning: Meaning, needles: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    data = _comparable(meaning.data)
    for needle in needles:
        place = data.find(needle)
        while place >= 0:
            end = place + len(needle)
            yield meaning.starts[place], meaning.ends[end - 1]
            place = data.find(needle, end)


def _merged(places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sorted ranges, those that overlap as one."""
    start = end = 0
    for first, last in places:
        if first >= end:
            if end:
                yield start, end
            start, end = first, last
        else:
            end = max(end, last)
    if end:
        yield start, end


@lru_cache(maxsize=256)
def _needles(secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """What is looked for in the meanings of a text: all that a secret means, the longest first.

    A secret's end may be the start of an escape that the text behind it completes, so that it is missing there.
    """
    found = {_comparable(secret.encode("utf-8", "surrogatepass")) for secret in secrets if secret}
    for secret in secrets:
        for meaning in meanings(secret):
            data = _comparable(meaning.data)
            found |= {form for form in (data, without_begun_escape(data)) if len(form) >= SHORTEST_SECRET}
    return tuple(sorted(found, key=lambda needle: (-len(needle), needle)))


def _comparable(data: bytes) -> bytes:
    """In forms, a plus sign is a space."""
    return data.replace(b"+", b" ")


def one_line(text: str, secrets: Iterable[str]) -> str:
    """An error as an alert keeps it."""
    return " ".join(mask(plain(text), secrets).split())[:ERROR_CHARACTERS]


def cut(text: str, most: int) -> str:
    """The start of a text that is at most so many bytes in UTF-8."""
    if len(text) * 4 <= most:
        return text
    return text[:most].encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def plain(text: str) -> str:
    """The text without NULs and lone surrogates, which databases and environments do not take."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
