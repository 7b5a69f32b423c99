"""Objects by name: the columns of their names, the ids of names, and the texts of names and lists."""

import json
import sqlite3
from collections.abc import Iterable

# The columns of the id and of the name, and the noun, of objects that are found by name.
NAMED = {
    "media_type": ("mediatypeid", "name", "media type"),
    "users": ("userid", "username", "user"),
    "usrgrp": ("usrgrpid", "name", "user group"),
    "hstgrp": ("groupid", "name", "host group"),
    "actions": ("actionid", "name", "action"),
}
_AMONG = {"hstgrp": "type = 0"}  # the same table has groups of templates, whose names are separate


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())


def spoken(table: str, name: str) -> str:
    return f"{NAMED[table][2]} {quoted(name)}"


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def ids_of(table: str, names: Iterable[str], connection: sqlite3.Connection) -> dict[str, int]:
    """The ids of the names that exist; the lowest id of a name that several objects have."""
    key, name, _ = NAMED[table]
    found = connection.execute(
        f"SELECT {name}, MIN({key}) FROM {table} WHERE {name} IN (SELECT listed.value FROM @texts(?) listed)"
        f" AND {_AMONG.get(table, 'TRUE')} GROUP BY {name}",
        (as_json(list(names)),),
    )
    return dict(found.fetchall())
