"""Rows found through other tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alertrpc.query.get_params import GetParams
from alertrpc.query.sql import Condition, Expression, args_of, is_in

NO_KEYS = "SELECT CAST(NULL AS INTEGER) WHERE FALSE"  # of a table that is not kept


@dataclass(frozen=True, slots=True)
class Linked:
    """Rows found through another table: their `column` is one of the `keys`, a subselect up to its WHERE clause, where the
    column `of` is one of the values."""

    column: str
    keys: str
    of: str


def ids_asked_for(params: GetParams, columns: Mapping[str, str]) -> list[Condition]:
    """The columns, by the names of id parameters, are among the ids of those that are given."""
    return [is_in(column, params.ids[name]) for name, column in columns.items() if name in params.ids]


def is_linked(column: str, keys: str, conditions: Sequence[Condition]) -> Condition:
    """`column` is one of the `keys`: a subselect that ends with its WHERE clause, and more conditions on its rows."""
    found = with_conditions(Expression(keys), conditions)
    return Condition(f"{column} IN ({found.sql})", found.args)


def with_conditions(clause: Expression, conditions: Sequence[Condition]) -> Expression:
    """A FROM and WHERE clause with more conditions."""
    more = "".join([f" AND ({condition.sql})" for condition in conditions])
    return Expression(clause.sql + more, (*clause.args, *args_of(conditions)))
