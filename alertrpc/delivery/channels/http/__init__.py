"""Media types that send HTTP requests made of templates."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain, starmap
from typing import Any, Self

from alertrpc.configuration.channel_values import header_name, header_value, proxy, template, url
from alertrpc.configuration.media_types import key
from alertrpc.configuration.tables import Key, Table
from alertrpc.configuration.values import boolean, one_of, table_of, text
from alertrpc.delivery.answers import answers_within
from alertrpc.delivery.channels.http.signing import SCHEMES, STANDARD, standard_key
from alertrpc.delivery.expect import EXPECT
from alertrpc.delivery.protocol import Channel
from alertrpc.delivery.secrets import in_templates, of_body, of_header, of_signing, of_url
from alertrpc.ledger.variables import OF_CHANNELS
from alertrpc.records import Clock, MediaType
from alertrpc.references import references_in
from alertrpc.settings import Settings

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WITH_BODY = ("POST", "PUT", "PATCH")
HTTP_BODY = '{"subject": ${subject_json}, "message": ${message_json}}'


@asynccontextmanager
async def _open(settings: Settings, clock: Clock) -> AsyncIterator[Channel]:
    from alertrpc.delivery.channels.http.sending import HttpChannel, new_session  # its library takes long to import

    async with new_session() as session:
        yield HttpChannel(session, clock)


def _as_dict(**values: str) -> dict[str, str]:
    return values


SIGN = Table(
    _as_dict,
    {
        "scheme": Key(one_of({name: name for name in SCHEMES}), required=True),
        "secret": Key(text(1, 1024), required=True),
    },
)


def _sign(value: Any) -> dict[str, str]:
    """The scheme and the secret of signatures."""
    given = SIGN(value)
    if given["scheme"] == STANDARD and not references_in(given["secret"]):
        try:
            standard_key(given["secret"])
        except ValueError as error:
            raise ValueError(f"secret: {error}") from error
    return given


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpMediaType(MediaType):
    kind, channel = "http", staticmethod(_open)

    method: str = key(one_of({method: method for method in METHODS}), "POST")
    url: str = key(url, is_template=True)
    headers: dict[str, str] = key(table_of(header_name, header_value), {}, is_template=True)
    body: str = key(template(OF_CHANNELS), "", is_template=True)
    expect: str = key(EXPECT, "")
    answers: list[dict[str, Any]] = key(answers_within(100, 599), [])
    proxy: str = key(proxy, "")
    sign: dict[str, str] = key(_sign, {}, is_stored=False)
    tls_ca: str = key(text(0, 1024), "", is_path=True, is_stored=False)
    tls_verify: bool = key(boolean, True, is_stored=False)

    @classmethod
    def declared(cls, **values: Any) -> Self:
        body = HTTP_BODY if values.get("method", "POST") in WITH_BODY else ""
        return cls(**{"body": body, **values})

    def secrets(self) -> Iterator[str]:
        of_headers = starmap(of_header, self.headers.items())
        of_sign = of_signing(self.sign.get("secret", ""))
        found = chain(*of_headers, of_body(self.body), of_url(self.url), of_url(self.proxy))
        return chain(in_templates(found), of_sign)


KIND = HttpMediaType
