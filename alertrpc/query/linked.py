"""Conditions on rows through other tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alertrpc.query.get_params import GetParams
from alertrpc.query.sql import Condition, Expression, args_of, is_in

NO_KEYS = "SELECT CAST(NULL AS INTEGER) WHERE FALSE"  # of a table that is not stored


@dataclass(frozen=True, slots=True)
class Linked:
    """Rows through another table: `column` is one of the `keys` with a value in the column `of`.

    `keys` is a subselect that ends with its WHERE clause.
    """

    column: str
    keys: str
    of: str


def ids_asked_for(params: GetParams, columns: Mapping[str, str]) -> list[Condition]:
    """Each column is one of the ids of its parameter, if that is given."""
    return [is_in(column, params.ids[name]) for name, column in columns.items() if name in params.ids]


def is_linked(column: str, keys: str, conditions: Sequence[Condition]) -> Condition:
    """`column` is one of the `keys`, a subselect that ends with its WHERE clause, for which the conditions hold."""
    found = with_conditions(Expression(keys), conditions)
    return Condition(f"{column} IN ({found.sql})", found.args)


def with_conditions(clause: Expression, conditions: Sequence[Condition]) -> Expression:
    """A FROM and WHERE clause with more conditions."""
    more = "".join([f" AND ({condition.sql})" for condition in conditions])
    return Expression(clause.sql + more, (*clause.args, *args_of(conditions)))
