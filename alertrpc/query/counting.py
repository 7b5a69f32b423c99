"""Answers that are numbers of rows: countOutput, groupCount, groupBy."""

from collections.abc import Sequence

from alertrpc.query.get_params import GetParams
from alertrpc.query.resource import Resource
from alertrpc.query.row import fields_of
from alertrpc.query.sql import Condition, args_of, is_in
from alertrpc.query.statement import Shape, Statement, found, limited

ROWSCOUNT = "rowscount"
COUNT_OF_ROWS = "'\"' || COUNT(*) || '\"'"
_COUNTED = f"'{ROWSCOUNT}', CAST(COUNT(*) AS TEXT)"

GROUP_OF_ALL = f"@json_object({_COUNTED})"


def counted(resource: Resource, params: GetParams, where: Sequence[Condition]) -> Statement:
    """countOutput: the number of rows; with groupCount, one for each id of the `group_counted` parameters."""
    if not params.group_count:
        return Statement(
            f"SELECT {COUNT_OF_ROWS} AS row {found(resource, where)}", args_of(where), Shape.VALUE, limit=1
        )
    groupings = {
        grouping.member: (grouping, params.ids[name])
        for name, grouping in resource.group_counted.items()
        if name in params.ids
    }
    where = [*where, *[is_in(grouping.of, asked) for grouping, asked in groupings.values() if grouping.joins]]
    members = [f"'{grouping.member}', CAST({grouping.of} AS TEXT)" for grouping, _ in groupings.values()]
    by = ", ".join([grouping.of for grouping, _ in groupings.values()])
    tables = found(resource, where, [join for grouping, _ in groupings.values() for join in grouping.joins])
    row = f"@json_object({', '.join([_COUNTED, *members])})"
    sql = f"SELECT {row} AS row {tables}{f' GROUP BY {by} ORDER BY {by}' if by else ''}"
    return limited(Statement(sql, args_of(where), Shape.ARRAY), params.limit)


def grouped(resource: Resource, params: GetParams, where: Sequence[Condition]) -> Statement:
    """groupBy: the distinct values of some columns; with countOutput, the number of rows of each."""
    names = tuple(params.group_by)
    members = [field.sql for field in fields_of(resource.view, resource.alias, names)]
    row = f"@json_object({', '.join([*members, *([_COUNTED] if params.count_output else [])])})"
    value = {name: resource.view.columns[name].value(resource.alias) for name in names}
    order = [f"{value.get(name, 'COUNT(*)')} {direction}" for name, direction in params.sort]
    by = ", ".join(value.values())
    sql = f"SELECT {row} AS row {found(resource, where)} GROUP BY {by} ORDER BY {', '.join([*order, by])}"
    return limited(Statement(sql, args_of(where), Shape.ARRAY), None if params.count_output else params.limit)
