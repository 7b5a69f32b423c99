"""Media types that send HTTP requests made of templates."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain, starmap
from typing import Any, Self

from alertrpc.configuration.channel_values import header_name, header_value, proxy, template, url
from alertrpc.configuration.media_types import key
from alertrpc.configuration.values import one_of, table_of
from alertrpc.delivery.answers import answers_within
from alertrpc.delivery.expect import EXPECT
from alertrpc.delivery.protocol import Channel
from alertrpc.delivery.secrets import in_templates, of_body, of_header, of_url
from alertrpc.ledger.variables import OF_CHANNELS
from alertrpc.records import Clock, MediaType
from alertrpc.settings import Settings

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WITH_BODY = ("POST", "PUT", "PATCH")
HTTP_BODY = '{"subject": ${subject_json}, "message": ${message_json}}'


@asynccontextmanager
async def _open(settings: Settings, clock: Clock) -> AsyncIterator[Channel]:
    from alertrpc.delivery.channels.http.sending import HttpChannel, new_session  # its library takes long to import

    async with new_session() as session:
        yield HttpChannel(session, clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpMediaType(MediaType):
    kind, channel = "http", staticmethod(_open)

    method: str = key(one_of({method: method for method in METHODS}), "POST")
    url: str = key(url)
    headers: dict[str, str] = key(table_of(header_name, header_value), {})
    body: str = key(template(OF_CHANNELS), "")
    expect: str = key(EXPECT, "")
    answers: list[dict[str, Any]] = key(answers_within(100, 599), [])
    proxy: str = key(proxy, "")

    @classmethod
    def declared(cls, **values: Any) -> Self:
        body = HTTP_BODY if values.get("method", "POST") in WITH_BODY else ""
        return cls(**{"body": body, **values})

    def secrets(self) -> Iterator[str]:
        of_headers = starmap(of_header, self.headers.items())
        return in_templates(chain(*of_headers, of_body(self.body), of_url(self.url), of_url(self.proxy)))


KIND = HttpMediaType
