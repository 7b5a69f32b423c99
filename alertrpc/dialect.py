"""What differs between SQLite and PostgreSQL in SQL.

SQL is written for no engine: `@name` or `@name(arguments)` stands for a fragment, and `rendered` puts in what an engine says
for it. In the table, {} is where the arguments go.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache

Fragment = str | Callable[[Sequence[str]], str]


class Engine(IntEnum):
    """A database, by its place in the rows of FRAGMENTS."""

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


# fmt: off
FRAGMENTS: Mapping[str, tuple[Fragment, Fragment]] = {
    # JSON: a value of text that is JSON already, objects and arrays, those of all rows, a text as a JSON string.
    "json": ("json({})", "CAST({} AS json)"),
    "json_object": ("json_object({})", "json_build_object({})"),
    "json_array": ("json_array({})", "json_build_array({})"),
    "json_array_of": ("json_group_array({})", "COALESCE(json_agg({}), CAST('[]' AS json))"),
    "json_object_of": ("json_group_object({})", "COALESCE(json_object_agg({}), CAST('{{}}' AS json))"),
    "json_string": ("json_quote({})", "CAST(to_json({}) AS text)"),
    # Tables, to be given an alias, of the values of a JSON array; their column is `value`.
    "numbers": ("json_each({})", _values_of_postgresql("bigint")),
    "texts": ("json_each({})", _values_of_postgresql("text")),
    # A statement of the arrays in a JSON array as rows, @rows(?, name TEXT, id BIGINT), with the `place` of each, from 0.
    "rows": (_rows_of_sqlite, _rows_of_postgresql),
    # @ordered JOIN: the table before it is read first, where SQLite would choose worse.
    "ordered": ("CROSS", ""),
    "indexed_by": ("INDEXED BY {}", ""),
    "unindexed": ("+{}", "{}"),  # the column is not to be found by an index
    # @like(column, pattern): the upper case of the column is like the pattern, ! before what stands for itself.
    "like": (lambda of: f"{of[0]} LIKE {of[1]} ESCAPE '!'", lambda of: f"upper({of[0]}) LIKE {of[1]} ESCAPE '!'"),
    "greatest": ("MAX({})", "GREATEST({})"),
    "joined": ("group_concat({})", "string_agg({})"),  # the texts of all rows with a separator
    "bytes": ("CAST({} AS BLOB)", "convert_to({}, 'UTF8')"),  # of a text
}
# fmt: on

_TOKEN = re.compile(r"('[^']*'|--[^\n]*|@[a-z_]+\(?|[(),?])")


@lru_cache(maxsize=512)
def rendered(sql: str, engine: Engine) -> str:
    """The SQL of an engine. Raises KeyError for an unknown fragment, ValueError where parentheses do not match."""
    tokens = iter([*_TOKEN.split(sql), ")"])
    text = ",".join(_arguments(tokens, engine))
    if next(tokens, None) is not None:
        raise ValueError(f"a parenthesis closes what none opened: {sql}")
    return text


def filled(sql: str, values: Iterable[str]) -> str:
    """The SQL with expressions in place of its placeholders."""
    left = iter(values)
    return "".join([next(left) if token == "?" else token for token in _TOKEN.split(sql)])


def _arguments(tokens: Iterator[str], engine: Engine) -> list[str]:
    """What is separated by commas as far as the parenthesis that closes it."""
    arguments = [""]
    for token in tokens:
        if token == ")":
            return arguments
        if token == ",":
            arguments.append("")
        elif token == "(":
            arguments[-1] += f"({','.join(_arguments(tokens, engine))})"
        elif token.startswith("@"):
            name = token[1:].removesuffix("(")
            arguments[-1] += _fragment(name, _arguments(tokens, engine) if token.endswith("(") else [], engine)
        else:
            arguments[-1] += token
    raise ValueError("a parenthesis is never closed")


def _fragment(name: str, arguments: Sequence[str], engine: Engine) -> str:
    fragment = FRAGMENTS[name][engine]
    if isinstance(fragment, str):
        return fragment.format(",".join(arguments))
    return fragment([argument.strip() for argument in arguments])
