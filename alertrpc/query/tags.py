"""Conditions on the tags of a row: https://www.zabbix.com/documentation/7.0/en/manual/api/reference/event/get, `tags`.

One of the conditions on a tag has to hold; "exists" replaces the others, and the negative ones on values count as one,
for which all must hold. Different tags are joined by `evaltype`: 0 all of them, 2 any.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

from alertrpc.query.get_params import GetParams
from alertrpc.query.linked import with_conditions
from alertrpc.query.search import joined, like, upper_pattern
from alertrpc.query.sql import NOTHING, Condition, Expression, all_of, any_of, negated

AND_OR, OR = 0, 2  # evaltype


class Operator(IntEnum):
    CONTAINS = 0
    EQUALS = 1
    CONTAINS_NOT = 2
    EQUALS_NOT = 3
    EXISTS = 4
    EXISTS_NOT = 5


OPERATORS = tuple(map(int, Operator))
_WITHOUT_VALUE = {Operator.CONTAINS: Operator.EXISTS, Operator.CONTAINS_NOT: Operator.EXISTS_NOT}
_LIKE = (Operator.CONTAINS, Operator.CONTAINS_NOT)
_Asked = Mapping[Operator, Sequence[str]]

NO_TAGS = "FROM event_tag et WHERE FALSE"  # of an object whose tags are not stored


class Tag(NamedTuple):
    """A condition on a tag."""

    tag: str
    operator: Operator
    value: str


def tags_asked_for(params: GetParams, tags_of_row: str) -> list[Condition]:
    """The condition of `tags` and `evaltype`."""
    if "tags" not in params.own:
        return []
    tags: Sequence[Tag] = params.own["tags"]
    return [tag_condition(tags, params.own.get("evaltype", AND_OR), tags_of_row) if tags else NOTHING]


def tag_condition(tags: Sequence[Tag], evaltype: int, tags_of_row: str) -> Condition:
    """The row's tags meet the conditions; `tags_of_row` is a FROM and WHERE clause that names them `et`."""
    asked: dict[str, defaultdict[Operator, list[str]]] = {}
    for name, given, value in tags:
        operator = given if value else _WITHOUT_VALUE.get(given, given)
        asked.setdefault(name, defaultdict(list))[operator].append(value)
    join = any_of if evaltype == OR else all_of
    return join([_of_one_tag(name, values, tags_of_row) for name, values in asked.items()])


def _of_one_tag(name: str, asked: _Asked, tags_of_row: str) -> Condition:
    exists = _exists(name, [], tags_of_row)
    if Operator.EXISTS in asked:
        return exists
    conditions = []
    if wanted := _values(asked, Operator.CONTAINS, Operator.EQUALS):
        conditions.append(_exists(name, wanted, tags_of_row))
    if unwanted := _values(asked, Operator.CONTAINS_NOT, Operator.EQUALS_NOT):
        conditions.append(negated(_exists(name, unwanted, tags_of_row)))
    if Operator.EXISTS_NOT in asked:
        conditions.append(negated(exists))
    return any_of(conditions)


def _values(asked: _Asked, *operators: Operator) -> list[Condition]:
    return [
        like("et.value", upper_pattern(value, "/tags"), brief=True)
        if operator in _LIKE
        else Condition("et.value = ?", (value,))
        for operator in operators
        for value in asked.get(operator, ())
    ]


def _exists(name: str, values: Sequence[Condition], tags_of_row: str) -> Condition:
    is_one = [joined(values, by_any=True)] if values else []
    fitting = with_conditions(Expression(f"SELECT 1 {tags_of_row} AND et.tag = ?", (name,)), is_one)
    return Condition(f"EXISTS ({fitting.sql})", fitting.args)
