"""What of a receiver's texts may be kept: no secrets of the media type, no NULs, and little enough to read."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import SplitResult, quote, unquote, urlsplit

from alertrpc.records import MediaType

MASK = "******"
READ_BYTES = 64 * 1024  # of an answer or a stream; what is behind is not looked at
KEPT_BYTES = 2 * 1024
ERROR_CHARACTERS = 255
SHORTEST_SECRET = 6  # shorter texts are in many others
SHORTEST_SECRET_SEGMENT = 20  # webhooks of chats carry their secret in such a piece of the path

_CREDENTIAL = re.compile(
    r"auth|cookie|token|key|secret|passw(or)?d|pwd|credential|signature|(?<![a-z])sign?(?![a-z])|code", re.IGNORECASE
)
_MEMBER = re.compile(r'"([^"\\]{1,100})"\s*:\s*"((?:[^"\\]|\\.)*)"')  # of a JSON body: a name and a text
_SCHEMES = frozenset({"bearer", "digest", "negotiate"})
_VARIABLE = re.compile(r"\$\{[^{}]*\}")


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text with `******` for each secret; the longest first, as one may hold another."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def kept_text(data: bytes, secrets: Iterable[str]) -> str:
    """What is kept of the first READ_BYTES of an answer or a stream: at most KEPT_BYTES.

    Secrets are masked before the cut, so that none survives as a half.
    """
    text = mask(plain(data.decode("utf-8", "replace")), secrets)
    if len(data) >= READ_BYTES:  # the end may be half a secret, and masks may have brought it within the cut
        text = text[: max(0, len(text) - max(map(len, secrets), default=0))]
    return cut(text, KEPT_BYTES)


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
    found |= {form for form in _password_forms(media_type) if form}
    return tuple(sorted(found, key=lambda secret: (-len(secret), secret)))


def _literals(template: str) -> Iterator[str]:
    for piece in map(str.strip, _VARIABLE.split(template)):
        for form in {piece, unquote(piece)}:
            if len(form) >= SHORTEST_SECRET and form.lower() not in _SCHEMES:
                yield from _spellings(form)


def _spellings(secret: str) -> Iterator[str]:
    """The secret, and as JSON or a URL may write it."""
    in_json = json.dumps(secret)[1:-1]
    yield from {secret, in_json, in_json.replace("/", "\\/"), quote(secret, safe=""), quote(secret)}


def _password_forms(media_type: MediaType) -> tuple[str, ...]:
    """The password, and as SMTP carries it, which servers repeat when they refuse it."""
    if not media_type.password:
        return ()
    login = f"\0{media_type.username}\0{media_type.password}"
    return media_type.password, _base64(media_type.password), _base64(login)


def _base64(text: str) -> str:
    return b64encode(text.encode("utf-8", "replace")).decode()


def _credentials(media_type: MediaType) -> Iterator[str]:
    for name, value in media_type.headers.items():
        if _CREDENTIAL.search(name):
            yield from _of_header(value)
    for name, value in _MEMBER.findall(media_type.body):
        if _CREDENTIAL.search(name):
            yield value
    for url in (media_type.url, media_type.proxy):
        # a template is no URL yet: what is in its braces must not end its parts
        parts = _split(_VARIABLE.sub("${}", url))
        if parts is not None:
            yield from _of_url(parts)


def _of_header(value: str) -> Iterator[str]:
    """The value, what follows `Bearer` or `Basic`, and the values of cookies."""
    yield value
    yield value.partition(" ")[2]
    for pair in re.split(r"[;,]", value):
        yield pair.partition("=")[2].strip(' "')


def _of_url(parts: SplitResult) -> Iterator[str]:
    user_info = parts.netloc.rpartition("@")[0]
    if user_info:
        yield user_info
        yield user_info.partition(":")[2]
        yield _base64(unquote(user_info))  # as the header Authorization has it
    for pair in parts.query.split("&"):
        name, _, value = pair.partition("=")
        if _CREDENTIAL.search(name):
            yield value
    for segment in parts.path.split("/"):
        if len(_VARIABLE.sub("", segment)) >= SHORTEST_SECRET_SEGMENT:
            yield segment


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None
