"""The secrets of a media type, in every form in which a receiver may return them."""

import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from alertrpc.delivery.body_credentials import assigned_credentials, body_credentials, is_credential
from alertrpc.delivery.masking import SHORTEST_SECRET
from alertrpc.records import MediaType

SHORTEST_SECRET_SEGMENT = 20  # characters; webhooks of chats have their secret in such a piece of the path

_SCHEMES = frozenset({"apikey", "basic", "bearer", "digest", "negotiate", "token"})
_URL = re.compile(r"https?://[^\s\"'<>]+")
_OF_URLS_TO_USUAL = str.maketrans("-_", "+/")  # the alphabets of base64
_VARIABLE = re.compile(r"\$\{[^{}]*\}")


@lru_cache(maxsize=256)
def secrets_of(media_type: MediaType) -> tuple[str, ...]:
    """The texts of a media type to be masked in answers; the longest first."""
    keys = [getattr(media_type, key.name) for key in media_type.own() if key.metadata["is_secret"]]
    found = {form for secret in keys if secret for form in forms_of(secret)} | set(media_type.secrets())
    return tuple(sorted(found, key=lambda secret: (-len(secret), secret)))


def in_templates(credentials: Iterable[str]) -> Iterator[str]:
    """The literal texts of credentials, without `${...}` and texts that are too short to be a secret."""
    for template in credentials:
        for piece in map(str.strip, _VARIABLE.split(template)):
            for literal in {piece, unquote(piece)}:
                if len(literal) >= SHORTEST_SECRET and literal.lower() not in _SCHEMES:
                    yield from forms_of(literal)


def forms_of(secret: str) -> Iterator[str]:
    """The secret, and in base64 and hexadecimal digits if it is long enough."""
    yield secret
    if len(secret) >= SHORTEST_SECRET:
        data = secret.encode("utf-8", "replace")
        yield from base64_forms(data)
        yield data.hex()
        yield data.hex().upper()


def base64_forms(data: bytes) -> Iterator[str]:
    """Both alphabets of RFC 4648, with padding, and without it if that is too long for a usual word."""
    for padded in {b64encode(data).decode(), urlsafe_b64encode(data).decode()}:
        yield padded
        if len(bare := padded.rstrip("=")) >= SHORTEST_SECRET:
            yield bare


def of_signing(secret: str) -> Iterator[str]:
    """The secret of signatures, as it is written and as Standard Webhooks decode it."""
    yield from in_templates([secret])
    bare = secret.removeprefix("whsec_")
    if bare != secret:
        yield from in_templates([bare])


def of_header(name: str, value: str) -> Iterator[str]:
    if is_credential(name) or _scheme_and_rest(value)[0] in _SCHEMES:
        yield from _of_value(value)
    yield from assigned_credentials(value)


def of_body(body: str) -> Iterator[str]:
    for value in (*body_credentials(body), *assigned_credentials(body)):
        yield from _of_value(value)
    for url in _URL.findall(body):
        yield from of_url(url)


def of_url(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(_VARIABLE.sub("${}", url))  # the braces may hold what ends a part
    except ValueError:
        return
    user_info = parts.netloc.rpartition("@")[0]
    if user_info:
        yield user_info
        yield user_info.partition(":")[2]
        yield from base64_forms(unquote(user_info).encode("utf-8", "replace"))  # as the header Authorization has it
    for pair in re.split("[?#&;]", parts.geturl()):
        name, _, value = pair.partition("=")
        if is_credential(name):
            yield value
    for segment in parts.path.split("/"):
        if len(_VARIABLE.sub("", segment)) >= SHORTEST_SECRET_SEGMENT:
            yield segment


def _of_value(value: str) -> Iterator[str]:
    """The value, what follows `Bearer` or `Basic`, the login of the latter, and the values of cookies."""
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
    """The login of RFC 7617, its password, and other spellings of the base64."""
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
    yield from base64_forms(data)
