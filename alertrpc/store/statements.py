"""The statements of this room: sql/NOUN.sql has those of a noun, each after the line `-- name: NAME`.

`@NOUN.NAME` in a statement is replaced by that other statement, as a subquery. Parameters in JSON are called `given` if they
are rows, `listed` if they are values. The aliases are those of the room query, and

    action_rules   ar        alert_queue   q         media_type_message   mm        sessions   s
    action_steps   st        applied       ap        role_rule            rr        token      tk
    escalations    es        media_type_rules   mr   holds                ho        turns      tu
    digests        dg
"""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_COMMENT = re.compile(r"^-- .*\n", re.MULTILINE)
_OTHER = re.compile(r"@(\w+\.\w+)")


def _statements() -> Iterator[tuple[str, str]]:
    for file in (files("alertrpc.store") / "sql").iterdir():
        noun, suffix = file.name.split(".")
        if suffix == "sql":
            _, *parts = _NAME.split(file.read_text("utf-8"))
            for name, sql in zip(parts[::2], parts[1::2], strict=True):
                yield f"{noun}.{name}", _COMMENT.sub("", sql).strip()


def _with_others(sql: str, written: Mapping[str, str]) -> str:
    return _OTHER.sub(lambda other: f"({_with_others(written[other[1]], written)})", sql)


_WRITTEN = dict(_statements())
SQL: Mapping[str, str] = {name: _with_others(sql, _WRITTEN) for name, sql in _WRITTEN.items()}
