"""The clauses of a statement of SQL, and the statement with one of them dropped."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

_TOKEN = re.compile(r"'(?:[^']|'')*'|@?[A-Za-z_][A-Za-z_0-9]*|[()?]")
_BEGINS = {"WHERE", "HAVING", "ON", "AND", "OR"}
_ENDS = {
    "WHERE",
    "HAVING",
    "AND",
    "OR",
    "GROUP",
    "ORDER",
    "LIMIT",
    "UNION",
    "@ORDERED",
    "JOIN",
    "LEFT",
    "THEN",
    "ELSE",
    "END",
}


class Clause(NamedTuple):
    """One of the terms of a WHERE, HAVING or ON: where it stands, and the numbers of the values that are bound in it."""

    text: str
    start: int
    end: int
    values: range


def clauses(sql: str) -> Iterator[Clause]:
    """All clauses, those within others too."""
    open_at: list[tuple[int, int] | None] = [
        None
    ]  # of each parenthesis: where its clause begins, and the values before
    values = 0
    for token in _TOKEN.finditer(sql):
        word = token[0]
        if word == "?":
            values += 1
        elif word == "(":
            open_at.append(None)
        elif word == ")" or word.upper() in _ENDS | _BEGINS:
            if (begun := open_at[-1]) is not None:
                text = sql[begun[0] : token.start()].strip()
                yield Clause(text, begun[0], token.start(), range(begun[1], values))
            open_at[-1] = None
            if word == ")":
                open_at.pop()
            elif word.upper() in _BEGINS:
                open_at[-1] = (token.end(), values)
    if (begun := open_at[-1]) is not None:
        yield Clause(sql[begun[0] :].strip(), begun[0], len(sql), range(begun[1], values))


def without(clause: Clause, sql: str, args: Sequence[Any]) -> tuple[str, list[Any]]:
    """The statement and its values, as if the clause held always."""
    kept = [value for number, value in enumerate(args) if number not in clause.values]
    return f"{sql[: clause.start]} 1 {sql[clause.end :]}", kept
