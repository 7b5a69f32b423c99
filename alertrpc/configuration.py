"""What a TOML file declares beside settings: media types, users' media and actions, read with all its faults at once."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from alertrpc.delivery.channels.expect import check_expect
from alertrpc.errors import ConfigurationError
from alertrpc.ledger.variables import OF_CHANNELS, OF_MESSAGES, unknown_variables
from alertrpc.records import Action, Configuration, Kind, Media, MediaType, Receiver, Severity, SmtpSecurity, Step
from alertrpc.settings import DECLARED, duration, host, read_document

T = TypeVar("T")
# Gives a value of the document as the record has it. Raises ValueError that says what is expected, to which the value is
# added, or ValidationError with a text that stands for itself, or with faults by key or, in a list, by index from 0.
Check = Callable[[Any], T]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WITH_BODY = ("POST", "PUT", "PATCH")
HTTP_BODY = '{"subject": ${subject_json}, "message": ${message_json}}'
LONGEST_TEXT = 65535
LONGEST_FOLDER = 200  # bytes; file systems take 255, and what is made beside the folder has a longer name

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,255}")
_NO_TIME = "a time such as 30s, 15m or 1h is expected"
_SHOWN = 60  # characters of a wrong value


def read_configuration(path: str) -> Configuration:
    """What the file at `path` declares; raises ConfigurationError whose faults name the file too."""
    try:
        return parse_configuration(read_document(path))
    except ConfigurationError as error:
        raise ConfigurationError([f"{path}: {fault}" for fault in error.faults]) from error


def declares(path: str) -> bool:
    """Whether the file at `path` declares anything, or nothing but settings."""
    return any(table in DECLARED for table in read_document(path))


def parse_configuration(document: Mapping[str, Any]) -> Configuration:
    """What a document declares; its other members are left aside. Raises ConfigurationError with all faults."""
    faults: list[str] = []
    media_types, receivers, actions = (_declared(table, document.get(table, []), faults) for table in DECLARED)
    if faults:
        raise ConfigurationError(faults)
    return Configuration(media_types=media_types, receivers=receivers, actions=actions)


def place(table: str, number: int, name: object) -> str:
    """Where a declaration stands, such as `media_type 2 "chat"`."""
    return f"{table} {number} {_shown(name)}" if isinstance(name, str) and name else f"{table} {number}"


def _declared(table: str, value: Any, faults: list[str]) -> tuple[Any, ...]:
    check, name_key = _TABLES[table]
    if not isinstance(value, list):
        faults.append(f"{table}: a list of tables is expected, each under [[{table}]], not {_shown(value)}")
        return ()
    parsed = []
    numbers: dict[str, int] = {}
    for number, entry in enumerate(value, 1):
        name = entry.get(name_key) if isinstance(entry, dict) else None
        here = place(table, number, name)
        if isinstance(name, str) and numbers.setdefault(name, number) != number:
            faults.append(f"{here}: {name_key}: {table} {numbers[name]} has this name already")
        try:
            parsed.append(_checked(check, entry))
        except ValidationError as error:
            faults += _told(here, error.messages)
    return tuple(parsed)


def _told(here: str, messages: Any) -> Iterator[str]:
    """The lines of nested messages, each with its place."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _told(f"{here} {key + 1}" if isinstance(key, int) else f"{here}: {_key(key)}", inner)
    else:
        yield from (f"{here}: {message}" for message in messages)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _shown(key)


def _shown(value: Any) -> str:
    """A value in a few characters of one line."""
    match value:
        case str():
            short = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
            return json.dumps(short, ensure_ascii=not short.isprintable())
        case bool():
            return str(value).lower()
        case int() if abs(value) < 2**63:
            return str(value)
        case float():
            return str(value)
    return _sort(value)


def _sort(value: Any) -> str:
    """What sort of value it is, where the value may be secret or long."""
    sorts = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return sorts.get(type(value), "a date or a time")


def _checked(check: Check[T], value: Any) -> T:
    try:
        return check(value)
    except ValueError as error:
        raise ValidationError(f"{error}, not {_shown(value)}") from error


def _meant(name: str, known: Iterator[str]) -> str:
    nearest = get_close_matches(name[:100], list(known), n=1)
    return f'; did you mean "{nearest[0]}"?' if nearest else ""


# --- values


def text(least: int, most: int) -> Check[str]:
    """A text; its faults do not show it, as it may be a secret."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(f"a text is expected, not {_sort(value)}")
        if "\0" in value:
            raise ValidationError("a text without NUL is expected")
        if not least <= len(value) <= most:
            raise ValidationError(f"a text of {least} to {most} characters is expected, not of {len(value)}")
        return value

    return check


def whole(least: int, most: int) -> Check[int]:
    def check(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most} is expected")
        return value

    return check


def seconds(least: str, most: str) -> Check[int]:
    """A time as settings have it, or a whole number of seconds."""

    def check(value: Any) -> int:
        if type(value) is not int and not isinstance(value, str):
            raise ValueError(_NO_TIME)
        number = duration(value) if isinstance(value, str) else value
        if not duration(least) <= number <= duration(most):
            raise ValueError(f"a time from {least} to {most} is expected")
        return number

    return check


def true_or_false(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is expected")
    return value


def one_of(values: Mapping[str, T]) -> Check[T]:
    """One of the named values, in upper or lower case."""
    by_name = {name.casefold(): value for name, value in values.items()}

    def check(value: Any) -> T:
        if not isinstance(value, str) or value.casefold() not in by_name:
            raise ValueError(f"one of {', '.join(values)} is expected")
        return by_name[value.casefold()]

    return check


def list_of(check: Check[T], least: int = 0) -> Check[tuple[T, ...]]:
    def check_list(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise ValueError("a list is expected")
        if len(value) < least:
            raise ValidationError("a list that is not empty is expected")
        return tuple(_each(check, dict(enumerate(value))).values())

    return check_list


def table_of(check_name: Check[str], check: Check[T]) -> Check[dict[str, T]]:
    """A table whose names are free."""

    def check_table(value: Any) -> dict[str, T]:
        if not isinstance(value, dict):
            raise ValidationError(f"a table is expected, not {_sort(value)}")
        return _each(check_pair, {name: (name, inner) for name, inner in value.items()})

    def check_pair(pair: tuple[str, Any]) -> T:
        _checked(check_name, pair[0])
        return _checked(check, pair[1])

    return check_table


def _each(check: Check[T], values: Mapping[Any, Any]) -> dict[Any, T]:
    checked, faults = {}, {}
    for key, value in values.items():
        try:
            checked[key] = _checked(check, value)
        except ValidationError as error:
            faults[key] = error.messages
    if faults:
        raise ValidationError(faults)
    return checked


def names(most: int) -> Check[tuple[str, ...]]:
    """Names, each of them once."""
    check = list_of(text(1, most))
    return lambda value: tuple(dict.fromkeys(check(value)))


def globs(value: Any) -> tuple[str, ...]:
    check = text(1, 255)
    return list_of(check, 1)(value) if isinstance(value, list) else (check(value),)


def severities(value: Any) -> int:
    """The bits of severities."""
    bits = 0
    for severity in list_of(one_of(_SEVERITIES), 1)(value):
        bits |= 1 << severity
    return bits


def template(known: frozenset[str], most: int = LONGEST_TEXT, least: int = 0) -> Check[str]:
    check_text = text(least, most)

    def check(value: Any) -> str:
        unknown = dict.fromkeys(unknown_variables(check_text(value), known))
        if unknown:
            raise ValidationError([_no_variable(name, known) for name in unknown])
        return str(value)

    return check


def _no_variable(name: str, known: frozenset[str]) -> str:
    return f"there is no variable {_shown(name)}{_meant(name, iter(sorted(known)))}"


def folder_name(value: Any) -> str:
    """The name of a media type that has a folder of this name."""
    name = text(1, 100)(value)
    if "/" in name or name.startswith(".") or len(name.encode()) > LONGEST_FOLDER:
        raise ValueError(f'it names a folder: no "/", no leading "." and at most {LONGEST_FOLDER} bytes are expected')
    return name


def script_name(value: Any) -> str:
    name = text(1, 255)(value)
    if name.startswith("/") or ".." in name.split("/"):
        raise ValueError("the name of a file in scripts_dir is expected")
    return name


def url(value: Any) -> str:
    """A template of an address, of which nothing is shown: many hold a token."""
    address = template(OF_CHANNELS, 2048, 1)(value)
    if not address.lower().startswith(("http://", "https://", "${")) or any(c.isspace() for c in address):
        raise ValidationError("an address that starts with http:// or https:// is expected, without white space")
    return address


def proxy(value: Any) -> str:
    address = text(1, 2048)(value)
    if not address.lower().startswith(("http://", "https://")) or any(c.isspace() for c in address):
        raise ValidationError("an address that starts with http:// or https:// is expected, without white space")
    return address


def header_name(value: Any) -> str:
    if not _HEADER.fullmatch(value):
        raise ValidationError("this is no name of a header")
    return str(value)


def header_value(value: Any) -> str:
    header = template(OF_CHANNELS, 8000)(value)
    if "\r" in header or "\n" in header:
        raise ValidationError("one line is expected")
    return header


def expect(value: Any) -> str:
    expected = text(0, LONGEST_TEXT)(value)
    try:
        check_expect(expected)
    except ValueError as error:
        raise ValidationError(str(error)) from error
    return expected


def host_name(value: Any) -> str:
    return host(text(1, 255)(value))


def email_address(value: Any) -> str:
    address = text(1, 255)(value)
    if "@" not in address or not address.isprintable():
        raise ValueError("an address such as alerts@example.com is expected")
    return address


# --- tables


class Key(fields.Field[Any]):
    """A key of a table; where it is absent, the record's own default stands."""

    def __init__(self, check: Check[Any], *, required: bool = False, attribute: str | None = None) -> None:
        messages: dict[str, Any] = {"required": "it is missing", "null": "a value is expected"}
        super().__init__(required=required, attribute=attribute, error_messages=messages)
        self.check = check

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return _checked(self.check, value)


class Table(Generic[T]):
    """The check of a table of known keys; `make` makes the record of them.

    `elsewhere` says of keys that other tables have why they do not stand here.
    """

    def __init__(
        self, make: Callable[..., T], keys: Mapping[str, Key], elsewhere: Mapping[str, str] | None = None
    ) -> None:
        self._make = make
        self.keys = keys
        self._elsewhere = elsewhere or {}
        self._schema = Schema.from_dict(dict(keys))(unknown=EXCLUDE)

    def __call__(self, value: Any) -> T:
        if not isinstance(value, dict):
            raise ValueError("a table is expected")
        faults = {key: [self._no_such(key)] for key in value if key not in self.keys}
        try:
            loaded = self._schema.load(value)
        except ValidationError as error:
            raise ValidationError({**error.messages_dict, **faults}) from error
        if faults:
            raise ValidationError(faults)
        return self._make(**loaded)

    def _no_such(self, key: str) -> str:
        return self._elsewhere.get(key) or f"there is no such key{_meant(key, iter(self.keys))}"


_SEVERITIES = {severity.name.replace("_", " ").capitalize(): severity for severity in Severity}
_KINDS = {str(kind): kind for kind in Kind}

_OF_ALL = {
    "name": Key(text(1, 100), required=True),
    "type": Key(one_of(_KINDS), required=True, attribute="kind"),
    "timeout": Key(seconds("1s", "1h")),
    "max_attempts": Key(whole(1, 100)),
    "attempt_interval": Key(seconds("0s", "1h")),
    "max_sessions": Key(whole(0, 100)),
    "subject": Key(template(OF_MESSAGES, 1000)),
    "message": Key(template(OF_MESSAGES)),
    "recovery_subject": Key(template(OF_MESSAGES, 1000)),
    "recovery_message": Key(template(OF_MESSAGES)),
}
_OF_KIND = {
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
        "smtp_port": Key(whole(1, 65535)),
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
        for other, keys in _OF_KIND.items()
        for key in keys
        if key not in _OF_KIND[kind]
    }


_MEDIA_TYPE = {kind: Table(_make_media_type, {**_OF_ALL, **keys}, _elsewhere(kind)) for kind, keys in _OF_KIND.items()}
# Where the type is wrong, which is one fault, the others are looked for among the keys of every type.
_OF_ANY = {key: Key(field.check) for keys in _OF_KIND.values() for key, field in keys.items() if key not in _OF_ALL}
_UNTYPED = Table(_make_media_type, {**_OF_ALL, **_OF_ANY})


def _media_type(value: Any) -> MediaType:
    named = value.get("type") if isinstance(value, dict) else None
    kind = _KINDS.get(named.casefold()) if isinstance(named, str) else None
    return (_MEDIA_TYPE[kind] if kind else _UNTYPED)(value)


_MEDIUM = Table(
    Media,
    {
        "media_type": Key(text(1, 100), required=True),
        "sendto": Key(text(1, 1024), required=True),
        "severities": Key(severities),
    },
)


def _media(value: Any) -> tuple[Media, ...]:
    media = list_of(_MEDIUM)(value)
    first: dict[tuple[str, str], int] = {}
    for index, medium in enumerate(media):
        if (found := first.setdefault((medium.media_type, medium.sendto), index)) != index:
            raise ValidationError({index: [f"media {found + 1} has the same media type and address"]})
    return media


_USER = Table(
    Receiver,
    {
        "username": Key(text(1, 100), required=True),
        "name": Key(text(0, 100)),
        "surname": Key(text(0, 100)),
        "user_groups": Key(names(64)),
        "media": Key(_media),
    },
)


def _make_step(**values: Any) -> Step:
    step = Step(**values)
    if not step.users and not step.user_groups:
        raise ValidationError({"users": ["users or user_groups are expected"]})
    return step


_STEP = Table(
    _make_step,
    {
        "after": Key(seconds("0s", "52w")),
        "users": Key(names(100)),
        "user_groups": Key(names(64)),
        "media_types": Key(names(100)),
    },
)


def _steps(value: Any) -> tuple[Step, ...]:
    steps = list_of(_STEP, 1)(value)
    for index in range(1, len(steps)):
        if steps[index].after < steps[index - 1].after:
            raise ValidationError({index: {"after": ["it is sooner than the step before"]}})
    return steps


_ACTION = Table(
    Action,
    {
        "name": Key(text(1, 255), required=True),
        "alarm_type": Key(globs),
        "target": Key(globs),
        "labels": Key(table_of(text(1, 255), globs)),
        "min_severity": Key(one_of(_SEVERITIES)),
        "recovery": Key(true_or_false),
        "repeat_every": Key(seconds("1m", "52w")),
        "resolve_after": Key(seconds("1s", "52w")),
        "steps": Key(_steps, required=True),
    },
)

# Each table's check, and the key that names its entries.
_TABLES: dict[str, tuple[Check[Any], str]] = {
    "media_type": (_media_type, "name"),
    "user": (_USER, "username"),
    "action": (_ACTION, "name"),
}
assert tuple(_TABLES) == DECLARED, "the settings leave aside what is read here"
