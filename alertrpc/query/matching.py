"""Conditions that the parameters of a get method set: ids, filter, search and its own ones."""

import re
from collections.abc import Sequence
from typing import Any

from alertrpc.errors import invalid_parameter
from alertrpc.query.get_params import GetParams, Scalar, as_text
from alertrpc.query.linked import Linked, is_linked
from alertrpc.query.parameters import Parameter
from alertrpc.query.resource import Match, Resource, id_columns
from alertrpc.query.search import A_FEW_PATTERNS, joined, like
from alertrpc.query.sql import NOTHING, AskedIds, Condition, Listed, all_of, any_of, is_in, json_list, negated
from alertrpc.query.statement import keys_of
from alertrpc.query.view import Column, Kind
from alertrpc.records import Caller
from alertrpc.values import INT64, seconds

MOST_PATTERNS = 5000  # in one search; each is a term of the statement
_INTEGER = re.compile(r"-?[0-9]{1,4000}")  # Python refuses to read longer ones


def id_conditions(resource: Resource, params: GetParams) -> list[Condition]:
    """The conditions of the id parameters; those that pick the fewest rows come first."""
    names = [name for name in dict.fromkeys([*resource.plan.few_first, *resource.ids]) if name in params.ids]
    return [
        is_linked(about.column, about.keys, [is_in(about.of, params.ids[name])])
        if isinstance(about, Linked)
        else _is_one_of(resource, resource.view.columns[about], params.ids[name])
        for name in names
        if (about := resource.ids[name]) is not None
    ]


def _is_one_of(resource: Resource, column: Column, values: AskedIds | Listed) -> Condition:
    expression = column.value(resource.alias)
    if column.kind is Kind.DURATION:
        expression = f"seconds({expression})"
    found = is_in(expression, values)
    if found is NOTHING:
        return found
    is_zero_null = column.kind is Kind.NULLABLE_ID and values.has_zero
    if is_zero_null:
        found = any_of([found, Condition(f"{expression} IS NULL")])
    if column.join:
        return found._replace(joins=frozenset({column.join}))
    if resource.indexes:
        return _indexed(resource, column.name, found, pins=values.size == 1 and not is_zero_null)
    return found if column.name not in id_columns(resource).values() else found._replace(keys=keys_of(resource, found))


def _indexed(resource: Resource, column: str, condition: Condition, *, pins: bool = False) -> Condition:
    """A condition on a column of the finder's table, with the keys that an index has."""
    index = resource.indexes.get(column)
    is_listed = index is not None and " OR " not in condition.sql
    keys = resource.listed(index, condition.sql) if index is not None and is_listed else ""
    if column == resource.key:
        keys = keys_of(resource, condition)
    return condition._replace(column=column, keys=keys, pins=pins)


def filter_conditions(resource: Resource, params: GetParams, caller: Caller) -> list[Condition]:
    """The conditions of `filter`. In a column of numbers, other values match nothing, as in Zabbix."""
    asked = [(name, resource.filters[name], values) for name, values in params.filter.items()]
    conditions = [
        NOTHING if match is Match.NO_ROW else _in_column(resource, name, values, caller)
        for name, match, values in asked
        if match is not Match.IGNORED and not isinstance(match, Linked)
    ]
    matched_by_any = [any_of(conditions)] if params.search_by_any and conditions else conditions
    # searchByAny does not count for conditions on other tables.
    linked = [_in_table(match, values) for _, match, values in asked if isinstance(match, Linked)]
    return [*matched_by_any, *linked]


def _in_column(resource: Resource, name: str, values: Sequence[Scalar], caller: Caller) -> Condition:
    column = resource.view.columns[name]
    matched = _comparable(column.kind, values)
    found = _is_one_of(resource, column, Listed(matched)) if matched else NOTHING
    return _where_shown(resource, name, found, caller)


def _in_table(link: Linked, values: Sequence[Scalar]) -> Condition:
    return is_linked(link.column, link.keys, [is_in(link.of, Listed([as_text(value) for value in values]))])


def _where_shown(resource: Resource, name: str, condition: Condition, caller: Caller) -> Condition:
    """The condition, and that the caller may see the field in that row."""
    view = resource.view
    if caller.is_super_admin or not view.public or name in view.public:
        return condition
    return all_of([condition, Condition(view.whole_if, (caller.userid,))])


def _comparable(kind: Kind, values: Sequence[Scalar]) -> list[int | str]:
    """The values that can be equal to a column of this kind."""
    if kind is Kind.TEXT:
        return [as_text(value) for value in values]
    if kind is Kind.DURATION:
        return [number for value in values if (number := seconds(as_text(value))) is not None]
    return [number for value in values if (number := _whole_number(value, kind)) is not None]


def _whole_number(value: Scalar, kind: Kind) -> int | None:
    if isinstance(value, str) and _INTEGER.fullmatch(value.removesuffix("\n")):
        if kind is Kind.NULLABLE_ID and value.startswith("-"):
            return None
        value = int(value)
    return value if isinstance(value, int) and value in INT64 else None


def search_conditions(resource: Resource, params: GetParams, caller: Caller) -> list[Condition]:
    number = sum(map(len, params.search.values()))
    if number > MOST_PATTERNS:
        raise invalid_parameter("/search", f"more than {MOST_PATTERNS} values.")
    whole, start, brief = params.search_wildcards, params.start_search, number > A_FEW_PATTERNS
    conditions = []
    for name, values in params.search.items():
        if resource.searches[name] is Match.NO_ROW:
            conditions.append(NOTHING)
            continue
        expression = resource.view.columns[name].value(resource.alias)
        patterns = [like(expression, value, whole=whole, start=start, brief=brief) for value in values if value]
        if params.exclude_search:
            patterns = [negated(pattern) for pattern in patterns]
        if patterns:
            found = joined(patterns, by_any=params.search_by_any)
            if join := resource.view.columns[name].join:
                found = found._replace(joins=frozenset({join}))
            conditions.append(_where_shown(resource, name, found, caller))
    if not conditions:
        return []
    return [any_of(conditions) if params.search_by_any else all_of(conditions)]


def own_conditions(resource: Resource, params: GetParams) -> list[Condition]:
    """The conditions of the method's own parameters; those that may lead are one, for one walk through an index."""
    given = [(parameter, params.own[name]) for name, parameter in resource.parameters.items() if name in params.own]
    if resource.indexes:
        return _by_columns(resource, given)
    leading = [(parameter, value) for parameter, value in given if parameter.leads]
    others = [_asked(parameter, value) for parameter, value in given if not parameter.leads]
    return [*_leading(resource, params, leading), *[condition for condition in others if condition]]


def _by_columns(resource: Resource, given: Sequence[tuple[Parameter, Any]]) -> list[Condition]:
    """The conditions; those on one column with an index are one."""
    asked = [(parameter.column, condition) for parameter, value in given if (condition := _asked(parameter, value))]
    columns = [column for column in dict.fromkeys([column for column, _ in asked]) if column]
    return [
        *[_indexed(resource, name, all_of([one for column, one in asked if column == name])) for name in columns],
        *[condition for column, condition in asked if not column],
    ]


def _leading(resource: Resource, params: GetParams, given: Sequence[tuple[Parameter, Any]]) -> list[Condition]:
    conditions = [condition for parameter, value in given if (condition := _asked(parameter, value))]
    if not conditions:
        return []
    leading, order = all_of(conditions), params.sort[0][0] if params.sort else resource.key
    if not params.count_output and any(order in parameter.leads for parameter, _ in given):
        leading = leading._replace(keys=keys_of(resource, leading))
    return [leading]


def _asked(parameter: Parameter, value: Any) -> Condition | None:
    """The condition of a parameter with this value; None if it sets none."""
    if isinstance(value, bool):
        sql = parameter.condition if value else parameter.otherwise
        return Condition(sql) if sql else None
    if not parameter.condition:
        return None
    return Condition(parameter.condition, (json_list(value) if isinstance(value, list) else value,))
