"""What of a receiver's texts may be kept: no secrets of the media type, no NULs, and little enough to read.

A receiver may give a secret back in another spelling. Texts and secrets are compared by what they mean.
"""

import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urlsplit

from alertrpc.delivery.body_credentials import assigned_credentials, body_credentials, is_credential
from alertrpc.delivery.spellings import LONGEST_ESCAPE, Meaning, meanings, without_begun_escape
from alertrpc.records import MediaType

MASK = "******"
READ_BYTES = 64 * 1024  # of an answer or a stream; what is behind is not looked at
KEPT_BYTES = 2 * 1024
ERROR_CHARACTERS = 255
SHORTEST_SECRET = 6  # shorter texts are in many others
SHORTEST_SECRET_SEGMENT = 20  # webhooks of chats carry their secret in such a piece of the path

_SCHEMES = frozenset({"apikey", "basic", "bearer", "digest", "negotiate", "token"})
_URL = re.compile(r"https?://[^\s\"'<>]+")
_OF_URLS_TO_USUAL = str.maketrans("-_", "+/")  # the alphabets of base64
_VARIABLE = re.compile(r"\$\{[^{}]*\}")


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


@lru_cache(maxsize=256)
def secrets_of(media_type: MediaType) -> tuple[str, ...]:
    """The literal texts of a media type that nobody should read in an answer; the longest first.

    `${...}` is no secret, nor is a text that is too short to be one; a password always is.
    """
    found = {piece for text in _credentials(media_type) for piece in _literals(text)}
    plain_secrets = [each for each in (*found, media_type.password) if len(each) >= SHORTEST_SECRET]
    found |= {form for secret in plain_secrets for form in _other_forms(secret)}
    found |= set(_password_forms(media_type))
    return tuple(sorted(found, key=lambda secret: (-len(secret), secret)))


def _literals(template: str) -> Iterator[str]:
    for piece in map(str.strip, _VARIABLE.split(template)):
        for form in {piece, unquote(piece)}:
            if len(form) >= SHORTEST_SECRET and form.lower() not in _SCHEMES:
                yield form


def _password_forms(media_type: MediaType) -> Iterator[str]:
    """The password, and as SMTP carries it, which servers repeat when they refuse it."""
    if media_type.password:
        yield media_type.password
        for text in ("{1}", "\0{0}\0{1}", "{0}:{1}"):
            login = text.format(media_type.username, media_type.password)
            yield from _base64_forms(login.encode("utf-8", "replace"))


def _other_forms(secret: str) -> Iterator[str]:
    """The secret as programs write bytes that are no text."""
    data = secret.encode("utf-8", "replace")
    yield from _base64_forms(data)
    yield data.hex()
    yield data.hex().upper()


def _base64_forms(data: bytes) -> Iterator[str]:
    """In both alphabets of RFC 4648, with padding and without, where that is no word of other texts."""
    for padded in {b64encode(data).decode(), urlsafe_b64encode(data).decode()}:
        yield padded
        if len(bare := padded.rstrip("=")) >= SHORTEST_SECRET:
            yield bare


def _credentials(media_type: MediaType) -> Iterator[str]:
    for name, value in media_type.headers.items():
        if is_credential(name) or _scheme_and_rest(value)[0] in _SCHEMES:
            yield from _of_value(value)
        yield from assigned_credentials(value)
    for value in (*body_credentials(media_type.body), *assigned_credentials(media_type.body)):
        yield from _of_value(value)
    for url in (media_type.url, media_type.proxy, *_URL.findall(media_type.body)):
        # a template is no URL yet: what is in its braces must not end its parts
        parts = _split(_VARIABLE.sub("${}", url))
        if parts is not None:
            yield from _of_url(parts)


def _of_value(value: str) -> Iterator[str]:
    """The value, what follows `Bearer` or `Basic`, what that says, and the values of cookies."""
    yield value
    scheme, rest = _scheme_and_rest(value)
    yield rest
    if scheme == "basic":
        yield from _of_basic(rest.strip())
    for pair in re.split(r"[;,]", value):
        yield pair.partition("=")[2].strip(' "')


def _scheme_and_rest(value: str) -> tuple[str, str]:
    """The scheme of RFC 9110, section 11.4, in lower case, and what follows it."""
    scheme, _, rest = " ".join(value.split(maxsplit=1)).partition(" ")
    return scheme.lower(), rest


def _of_basic(text: str) -> Iterator[str]:
    """User and password of RFC 7617, the password alone, and other spellings of the base64."""
    digits = text.rstrip("=").translate(_OF_URLS_TO_USUAL)
    try:
        data = b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except ValueError:
        return
    try:
        login = data.decode()
    except UnicodeDecodeError:
        login = data.decode("latin-1")
    yield login
    yield login.partition(":")[2]
    yield from _base64_forms(data)


def _of_url(parts: SplitResult) -> Iterator[str]:
    user_info = parts.netloc.rpartition("@")[0]
    if user_info:
        yield user_info
        yield user_info.partition(":")[2]
        yield from _base64_forms(unquote(user_info).encode("utf-8", "replace"))  # as the header Authorization has it
    for pair in re.split("[?#&;]", parts.geturl()):
        name, _, value = pair.partition("=")
        if is_credential(name):
            yield value
    for segment in parts.path.split("/"):
        if len(_VARIABLE.sub("", segment)) >= SHORTEST_SECRET_SEGMENT:
            yield segment


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None
