"""Objects by name: the columns of their names, the ids that names stand for, and how names and lists are written."""

import json
import sqlite3
from collections.abc import Iterable

# The columns of the id and the name of what is found by name.
NAMED = {
    "media_type": ("mediatypeid", "name"),
    "users": ("userid", "username"),
    "usrgrp": ("usrgrpid", "name"),
    "hstgrp": ("groupid", "name"),
    "actions": ("actionid", "name"),
}
_SPOKEN = {
    "media_type": "media type",
    "users": "user",
    "usrgrp": "user group",
    "hstgrp": "host group",
    "actions": "action",
}
_AMONG = {"hstgrp": "type = 0"}  # of the same table, groups of templates have names of their own


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())


def spoken(table: str, name: str) -> str:
    return f"{_SPOKEN[table]} {quoted(name)}"


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def ids_of(table: str, names: Iterable[str], connection: sqlite3.Connection) -> dict[str, int]:
    """The ids of those names that there are; of a name that several have, the first."""
    key, name = NAMED[table]
    found = connection.execute(
        f"SELECT {name}, MIN({key}) FROM {table} WHERE {name} IN (SELECT listed.value FROM @texts(?) listed)"
        f" AND {_AMONG.get(table, 'TRUE')} GROUP BY {name}",
        (as_json(list(names)),),
    )
    return dict(found.fetchall())
