"""The tables of media types: what all of them have, and what each kind has of its own."""

from typing import Any

from alertrpc.configuration.channel_values import (
    email_address,
    expect,
    folder_name,
    header_name,
    header_value,
    host_name,
    proxy,
    script_name,
    template,
    url,
)
from alertrpc.configuration.tables import Key, Table
from alertrpc.configuration.values import one_of, seconds, table_of, text, true_or_false
from alertrpc.ledger.variables import OF_CHANNELS, OF_MESSAGES
from alertrpc.records import Kind, MediaType, SmtpSecurity
from alertrpc.values import number

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WITH_BODY = ("POST", "PUT", "PATCH")
HTTP_BODY = '{"subject": ${subject_json}, "message": ${message_json}}'
_KINDS = {str(kind): kind for kind in Kind}

OF_ALL = {
    "name": Key(text(1, 100), required=True),
    "type": Key(one_of(_KINDS), required=True, attribute="kind"),
    "timeout": Key(seconds("1s", "1h")),
    "max_attempts": Key(number(1, 100)),
    "attempt_interval": Key(seconds("0s", "1h")),
    "max_sessions": Key(number(0, 100)),
    "subject": Key(template(OF_MESSAGES, 1000)),
    "message": Key(template(OF_MESSAGES)),
    "recovery_subject": Key(template(OF_MESSAGES, 1000)),
    "recovery_message": Key(template(OF_MESSAGES)),
}
OF_KIND = {
    Kind.SCRIPT: {
        "name": Key(folder_name, required=True),
        "script": Key(script_name, required=True),
        "expect": Key(expect),
    },
    Kind.HTTP: {
        "method": Key(one_of({method: method for method in METHODS})),
        "url": Key(url, required=True),
        "headers": Key(table_of(header_name, header_value)),
        "body": Key(template(OF_CHANNELS)),
        "expect": Key(expect),
        "proxy": Key(proxy),
    },
    Kind.EMAIL: {
        "smtp_server": Key(host_name, required=True),
        "smtp_port": Key(number(1, 65535)),
        "smtp_email": Key(email_address, required=True),
        "smtp_helo": Key(host_name),
        "smtp_security": Key(one_of({str(security): security for security in SmtpSecurity})),
        "smtp_verify": Key(true_or_false),
        "username": Key(text(0, 255)),
        "password": Key(text(0, 255)),
    },
}


def _make_media_type(**values: Any) -> MediaType:
    media_type = MediaType(**values)
    if media_type.kind is Kind.HTTP and media_type.method in WITH_BODY:
        return MediaType(**{"body": HTTP_BODY, **values})
    return media_type


def _elsewhere(kind: Kind) -> dict[str, str]:
    return {
        key: f"it is of media types of type {other}, and this is of type {kind}"
        for other, keys in OF_KIND.items()
        for key in keys
        if key not in OF_KIND[kind]
    }


_MEDIA_TYPE = {kind: Table(_make_media_type, {**OF_ALL, **keys}, _elsewhere(kind)) for kind, keys in OF_KIND.items()}
# Where the type is wrong, which is one fault, the others are looked for among the keys of every type.
_OF_ANY = {key: Key(field.check) for keys in OF_KIND.values() for key, field in keys.items() if key not in OF_ALL}
_UNTYPED = Table(_make_media_type, {**OF_ALL, **_OF_ANY})


def media_type(value: Any) -> MediaType:
    named = value.get("type") if isinstance(value, dict) else None
    kind = _KINDS.get(named.casefold()) if isinstance(named, str) else None
    return (_MEDIA_TYPE[kind] if kind else _UNTYPED)(value)
