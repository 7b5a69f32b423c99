"""Prepares a receiver's texts to be stored: without secrets of the media type, without NULs, and short.

A receiver may return a secret in another spelling, so texts and secrets are compared by their meanings.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from alertrpc.delivery.spellings import LONGEST_ESCAPE, Meaning, meanings, without_begun_escape

MASK = "******"
READ_BYTES = 64 * 1024  # of an answer or a stream; the rest is not looked at
KEPT_BYTES = 2 * 1024
ERROR_CHARACTERS = 255
LONGEST_SPELLING = 12  # characters of an escape for one of a secret
SHORTEST_SECRET = 6  # characters; shorter texts are parts of many others


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text with `******` for each secret in any spelling of `alertrpc.delivery.spellings`."""
    return _masked(text, _needles(tuple(secrets)), is_cut=False)


def kept_text(data: bytes, secrets: Iterable[str]) -> str:
    """At most KEPT_BYTES of the first READ_BYTES of an answer or a stream.

    Secrets are masked before the cut, so that no part of one is kept.
    """
    text = plain(data.decode("utf-8", "replace"))
    return cut(_masked(text, _needles(tuple(secrets)), is_cut=len(data) >= READ_BYTES), KEPT_BYTES)


def masked_start(data: bytes, secrets: Iterable[str], most: int) -> tuple[str, bool]:
    """At most so many bytes of the start of data, masked before the cut; and whether there is more."""
    needles = _needles(tuple(secrets))
    looked_at = most + (LONGEST_ESCAPE + len(needles[0]) * LONGEST_SPELLING if needles else 0)
    text = plain(data[:looked_at].decode("utf-8", "replace"))
    masked = _masked(text, needles, is_cut=len(data) > looked_at)
    kept = cut(masked, most)
    return kept, len(data) > looked_at or kept != masked


def _masked(text: str, needles: Sequence[bytes], *, is_cut: bool) -> str:
    """The text with masks. If it `is_cut`, its end may be a part of a secret and is dropped."""
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
    """The place in the text from which a secret, or an escape, may be cut by its end."""
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
    """Joins the sorted ranges that overlap."""
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
    """All meanings of the secrets, to be found in those of a text; the longest first.

    A secret's end may start an escape that the following text completes: the secret is then found without its end.
    """
    found = {_comparable(secret.encode("utf-8", "surrogatepass")) for secret in secrets if secret}
    for secret in secrets:
        for meaning in meanings(secret):
            data = _comparable(meaning.data)
            found |= {form for form in (data, without_begun_escape(data)) if len(form) >= SHORTEST_SECRET}
    return tuple(sorted(found, key=lambda needle: (-len(needle), needle)))


def _comparable(data: bytes) -> bytes:
    """The bytes with spaces for plus signs, as forms have them."""
    return data.replace(b"+", b" ")


def one_line(text: str, secrets: Iterable[str]) -> str:
    """An error in one masked line, for an alert's `error`."""
    return " ".join(mask(plain(text), secrets).split())[:ERROR_CHARACTERS]


def cut(text: str, most: int) -> str:
    """The start of a text, of at most so many bytes in UTF-8."""
    if len(text) * 4 <= most:
        return text
    return text[:most].encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def plain(text: str) -> str:
    """The text without NULs and lone surrogates, which databases and environments cannot hold."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
