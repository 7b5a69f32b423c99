"""The tables of media types: the keys of all kinds, and those of each."""

from collections.abc import Mapping
from dataclasses import MISSING, field, fields
from typing import Any

from alertrpc.configuration.channel_values import template
from alertrpc.configuration.checking import Check, T
from alertrpc.configuration.tables import Key, Table
from alertrpc.configuration.values import decimal, one_of, rate, seconds, size, text
from alertrpc.ledger.variables import OF_DIGESTS, OF_MESSAGES, OF_UPDATES
from alertrpc.records import HOLDS_ADDRESS, HOLDS_MEDIA_TYPE, MediaType
from alertrpc.values import number

Kinds = Mapping[str, type[MediaType]]  # the classes of media types by their `type`
MOST_DIGEST = 999  # alerts that may wait for one address without a digest; a digest has 1000 at most
_NONE: Any = object()


def key(
    check: Check[T],
    default: T = _NONE,
    *,
    column: str = "",
    is_secret: bool = False,
    is_template: bool = False,
    is_path: bool = False,
    is_stored: bool = True,
) -> T:
    """A key of a kind of media types, as a field of its class; the file has to give it if it has no default.

    The database stores it in a column of Zabbix's table, or else as a parameter; unless it `is_stored`, its
    default has none. One that `is_template` has variables, and a relative one that `is_path` starts at the file's folder.
    """
    given: dict[str, Any] = {} if default is _NONE else {"default_factory": lambda: default}
    metadata = {
        "check": check,
        "column": column,
        "is_secret": is_secret,
        "is_template": is_template,
        "is_path": is_path,
        "unstored": _NONE if is_stored else default,
    }
    made: T = field(repr=not is_secret, hash=False, metadata=metadata, **given)  # some values have no hash
    return made


def media_type(kinds: Kinds) -> Check[MediaType]:
    """The check of a table that declares a media type of one of the kinds."""
    of_all = {
        "name": Key(text(1, 100), required=True),
        "type": Key(one_of(kinds), required=True),
        "timeout": Key(seconds("1s", "1h")),
        "max_attempts": Key(number(1, 100)),
        "attempt_interval": Key(seconds("0s", "1h")),
        "attempt_growth": Key(decimal(1, 10)),
        "give_up_after": Key(seconds("1s", "52w")),
        "max_sessions": Key(number(0, 100)),
        "rate": Key(rate),
        "address_rate": Key(rate),
        "hold": Key(one_of({word: word for word in (HOLDS_MEDIA_TYPE, HOLDS_ADDRESS)})),
        "digest": Key(number(0, MOST_DIGEST)),
        "digest_bytes": Key(size("256", "64K")),
        "digest_subject": Key(template(OF_DIGESTS, 1000)),
        "digest_message": Key(template(OF_DIGESTS)),
        "subject": Key(template(OF_MESSAGES, 1000)),
        "message": Key(template(OF_MESSAGES)),
        "recovery_subject": Key(template(OF_MESSAGES, 1000)),
        "recovery_message": Key(template(OF_MESSAGES)),
        "update_subject": Key(template(OF_UPDATES, 1000)),
        "update_message": Key(template(OF_UPDATES)),
    }

    def declared(**values: Any) -> MediaType:
        kind: type[MediaType] = values.pop("type")
        return kind.declared(**values)

    of_kind = {name: _keys(kind) for name, kind in kinds.items()}
    tables = {name: Table(declared, {**of_all, **keys}, _elsewhere(name, of_kind)) for name, keys in of_kind.items()}
    # If the type is wrong, the table may have the keys of every type: a wrong type is one fault.
    of_any = {name: Key(each.check) for keys in of_kind.values() for name, each in keys.items() if name not in of_all}
    untyped = Table(declared, {**of_all, **of_any})

    def check(value: Any) -> MediaType:
        named = value.get("type") if isinstance(value, dict) else None
        return tables.get(named.casefold() if isinstance(named, str) else "", untyped)(value)

    return check


def _keys(kind: type[MediaType]) -> dict[str, Key]:
    return {
        each.name: Key(each.metadata["check"], required=each.default_factory is MISSING)
        for each in fields(kind)
        if each.metadata
    }


def _elsewhere(kind: str, of_kind: Mapping[str, Mapping[str, Key]]) -> dict[str, str]:
    """The faults of keys that only other kinds have."""
    others: dict[str, list[str]] = {}
    for other, keys in of_kind.items():
        for key in keys.keys() - of_kind[kind].keys():
            others.setdefault(key, []).append(other)
    return {
        key: f"it is of media types of type {' or '.join(kinds)}, and this is of type {kind}"
        for key, kinds in others.items()
    }
