"""The credentials in the template of a body: members of JSON, elements and attributes of XML, pairs of forms."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import chain
from urllib.parse import unquote_plus

_CREDENTIAL = re.compile(
    r"auth|cookie|token|key|secret|passw(or)?d|passphrase|[pk](?:ass|enn)wort|pass(?![a-z])|pwd|pswd|credential|creds"
    r"|signature|session|bearer|private|ticket|assertion|hmac|code"
    r"|(?<![a-z])(?:sign?|pw|pin|otp|psk|sid|jwt)(?![a-z])",
    re.IGNORECASE,
)
# In many notations: a name, a colon or an equals sign, and a value, quoted or not.
_ASSIGNED = re.compile(
    r"""([\w.-]{1,100})["']?[ \t]{0,8}[:=][ \t]{0,8}(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"'&;,<>\[\]{}]+))"""
)
# A name and a value as two members or attributes.
_NAMED = re.compile(
    r"""\b(?:name|key|field|id)["']?\s{0,8}[:=]\s{0,8}["']([^"']{1,100})["']\s{0,8},?\s{0,8}["']?"""
    r"""(?:value|val|content)["']?\s{0,8}[:=]\s{0,8}["']([^"']*)["']""",
    re.IGNORECASE,
)
# A template is not JSON yet: it has `${...}` in place of values.
_JSON_TOKEN = re.compile(r'\$\{[^{}]*\}|"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|-?[0-9][0-9.eE+-]*|[\[\]{},:]', re.DOTALL)
_CDATA = "CDATA["


def is_credential(name: str) -> bool:
    """Whether a value of this name is likely a secret."""
    return _CREDENTIAL.search(name) is not None


def assigned_credentials(text: str) -> Iterator[str]:
    """The values that a text in any notation gives to names of credentials."""
    for name, *values in _ASSIGNED.findall(text):
        if is_credential(name):
            yield from filter(None, values)
    for name, value in _NAMED.findall(text):
        if is_credential(name):
            yield value


def body_credentials(body: str) -> Iterator[str]:
    """The values of credentials of any length, also of bodies within values; texts of JSON and XML are decoded."""
    match body.lstrip()[:1]:
        case "{" | "[":
            yield from _of_json(body)
        case "<":
            yield from _of_xml(body)
        case _:
            yield from chain(_of_form(body), _of_json(body))


def _of_json(body: str) -> Iterator[str]:
    """Texts and numbers of members with the name of a credential, and all within such members."""
    within = [False]  # whether each open array or object is a credential
    name = value = ""
    for token in chain(_JSON_TOKEN.findall(body), ","):
        if token == ":":
            name, value = value, ""
            continue
        if value:
            yield from [value] if within[-1] or is_credential(name) else _within(value)
        value = _json_value(token)
        if token in "{[":
            within.append(within[-1] or is_credential(name))
        elif token in "}]" and len(within) > 1:
            within.pop()
        if token in "{[}],":
            name = ""


def _json_value(token: str) -> str:
    """A string's text or a number's digits; "" for other tokens."""
    if token[0] != '"':
        return token if token[0] in "-0123456789" else ""
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token.strip('"')


def _of_form(body: str) -> Iterator[str]:
    """The undecoded values of pairs; a name with a space is prose."""
    for pair in re.split(r"[&\r\n]", body):
        name, _, value = pair.partition("=")
        if len(name.split()) == 1 and is_credential(unquote_plus(name)):
            yield value
        else:
            yield from _within(unquote_plus(value))


def _within(value: str) -> Iterator[str]:
    """The credentials of a value that is a body itself."""
    if value.lstrip()[:1] in ("{", "[", "<"):
        yield from body_credentials(value)


def _of_xml(body: str) -> Iterator[str]:
    elements = _Elements()
    elements.feed(body)
    elements.close()
    return iter(elements.found)


class _Elements(HTMLParser):
    """Reads a template of XML, which need not be well formed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._within = [False]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within.append(self._within[-1] or is_credential(tag))
        self.found += [value for name, value in attrs if value and (self._within[-1] or is_credential(name))]

    def handle_endtag(self, tag: str) -> None:
        if len(self._within) > 1:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        self.found += [data] if self._within[-1] else _within(data)

    def unknown_decl(self, data: str) -> None:
        if data.startswith(_CDATA):
            self.handle_data(data.removeprefix(_CDATA))
