"""What differs between SQLite and PostgreSQL in SQL.

SQL is written for both engines: `@name` or `@name(arguments)` stands for a fragment, which `rendered` replaces by the
engine's own. In the table, {} stands for the arguments.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum

Fragment = str | Callable[[Sequence[str]], str]


class Engine(IntEnum):
    """A database; its number is its index in the rows of FRAGMENTS."""

    SQLITE = 0
    POSTGRESQL = 1


def _rows_of_sqlite(arguments: Sequence[str]) -> str:
    rows, *columns = arguments
    names = [column.split()[0] for column in columns]
    values = [f"json_extract(r.value, '$[{index}]') AS {name}" for index, name in enumerate(names)]
    return f"SELECT r.key AS place, {', '.join(values)} FROM json_each({rows}) r"


def _rows_of_postgresql(arguments: Sequence[str]) -> str:
    rows, *columns = arguments
    named = [column.split() for column in columns]
    values = [f"CAST(r.value ->> {index} AS {kind}) AS {name}" for index, (name, kind) in enumerate(named)]
    array = f"json_array_elements(CAST({rows} AS json))"
    return f"SELECT r.place - 1 AS place, {', '.join(values)} FROM {array} WITH ORDINALITY r (value, place)"


def _values_of_postgresql(kind: str) -> str:
    return f"LATERAL (SELECT CAST(value AS {kind}) AS value FROM json_array_elements_text(CAST({{}} AS json)))"


def _nothing(_arguments: Sequence[str]) -> str:
    return ""


# fmt: off
FRAGMENTS: Mapping[str, tuple[Fragment, Fragment]] = {
    # JSON: a text that is JSON, objects, arrays, aggregates of both, a text as a JSON string.
    "json": ("json({})", "CAST({} AS json)"),
    "json_object": ("json_object({})", "json_build_object({})"),
    "json_array": ("json_array({})", "json_build_array({})"),
    "json_array_of": ("json_group_array({})", "COALESCE(json_agg({}), CAST('[]' AS json))"),
    "json_object_of": ("json_group_object({})", "COALESCE(json_object_agg({}), CAST('{{}}' AS json))"),
    "json_string": ("json_quote({})", "CAST(to_json({}) AS text)"),
    # Tables of the values of a JSON array; their column is `value`, and they need an alias.
    "numbers": ("json_each({})", _values_of_postgresql("bigint")),
    "texts": ("json_each({})", _values_of_postgresql("text")),
    # A statement of the arrays in a JSON array as rows, @rows(?, name TEXT, id BIGINT), with the `place` of each, from 0.
    "rows": (_rows_of_sqlite, _rows_of_postgresql),
    # @ordered JOIN: reads the table before it first, where SQLite would choose a slower order.
    "ordered": ("CROSS", ""),
    "indexed_by": ("INDEXED BY {}", ""),
    "not_indexed": ("NOT INDEXED", ""),  # a table is read in the order of its keys
    "unindexed": ("+({})", "({})"),  # keeps the engine from using an index on the column
    "folded": ("({})", "upper({})"),  # @folded(column) LIKE: in upper case; SQLite's LIKE ignores case itself
    "contains": ("instr({}) > 0", "strpos({}) > 0"),  # a text has another in it
    "narrowed": ("({}) AND ", _nothing),  # what follows from the condition behind it, and SQLite finds sooner
    "greatest": ("MAX({})", "GREATEST({})"),
    "joined": ("group_concat({})", "string_agg({})"),  # the texts of all rows with a separator
    "bytes": ("CAST({} AS BLOB)", "convert_to({}, 'UTF8')"),  # of a text
}
# fmt: on

_FRAGMENT = re.compile(r"'[^']*'|--[^\n]*|@([a-z_]+)(\(?)")
_PLACEHOLDER = re.compile(r"'[^']*'|--[^\n]*|\?")
_PARENTHESIS = re.compile(r"'[^']*'|--[^\n]*|[(,)]")


def rendered(sql: str, engine: Engine) -> str:
    """The SQL of an engine. Raises KeyError for an unknown fragment, ValueError for one that is not closed."""
    for found in reversed([*_FRAGMENT.finditer(sql)]):  # from the end, so that nested fragments are replaced first
        if found[1]:
            sql = sql[: found.start()] + _said(FRAGMENTS[found[1]][engine], sql[found.end() :], found[2])
    return sql


def filled(sql: str, values: Iterable[str]) -> str:
    """The SQL with expressions in place of its placeholders."""
    left = iter(values)
    return _PLACEHOLDER.sub(lambda found: next(left) if found[0] == "?" else found[0], sql)


def _said(fragment: Fragment, rest: str, parenthesis: str) -> str:
    """The fragment and the rest of the SQL; if a parenthesis opens, `rest` begins with the arguments."""
    if not parenthesis:
        return f"{fragment}{rest}"
    if isinstance(fragment, str) and fragment.endswith("({})"):
        return fragment.removesuffix("{})") + rest  # a shortcut that most fragments take
    arguments, rest = _closed(rest)
    return (fragment.format(",".join(arguments)) if isinstance(fragment, str) else fragment(arguments)) + rest


def _closed(sql: str) -> tuple[list[str], str]:
    """The arguments up to the closing parenthesis, and the SQL after it."""
    arguments, start, depth = [], 0, 0
    for token in _PARENTHESIS.finditer(sql):
        if depth == 0 and token[0] in ",)":
            arguments.append(sql[start : token.start()])
            start = token.end()
            if token[0] == ")":
                return arguments, sql[start:]
        depth += {"(": 1, ")": -1}.get(token[0], 0)
    raise ValueError(f"a fragment is not closed: {sql}")
