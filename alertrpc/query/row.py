"""A row of the answer as one JSON text: its fields, and the objects related to it."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from alertrpc.query.get_params import COUNT, EXTEND, GetParams, Selection
from alertrpc.query.related import NotKept, Related
from alertrpc.query.resource import Resource
from alertrpc.query.sql import Expression, args_of
from alertrpc.query.view import View
from alertrpc.records import Caller

EMPTY = "'[]'"  # to Zabbix an object without members is an empty array


def row_json(resource: Resource, names: Sequence[str], params: GetParams, caller: Caller) -> Expression:
    """The row with the named fields and the related objects."""
    selected = [(resource.related[name], asked) for name, asked in params.select.items()]
    members = {related.member: related_member(related, asked, params, caller) for related, asked in selected}
    return object_json(resource.view, resource.alias, names, caller, members)


def object_json(
    view: View, alias: str, names: Sequence[str], caller: Caller, related: Mapping[str, Expression]
) -> Expression:
    """The named fields of an object and its `related` members. Callers without rights on it see the public ones."""
    whole = _json_object([*fields_of(view, alias, tuple(names)), *related.values()])
    if not view.public or caller.is_super_admin:
        return whole
    public_names = tuple([name for name in names if name in view.public])
    public_members = [member for name, member in related.items() if name in view.public]
    public = _json_object([*fields_of(view, alias, public_names), *public_members])
    return Expression(
        f"CASE WHEN {view.whole_if} THEN {whole.sql} ELSE {public.sql} END", (caller.userid, *whole.args, *public.args)
    )


@lru_cache(maxsize=64)
def fields_of(view: View, alias: str, names: tuple[str, ...]) -> list[Expression]:
    """The named fields as names and values for json_object."""
    return [Expression(f"'{column.name}', {column.json(alias)}") for column in [view.columns[name] for name in names]]


def _json_object(members: Sequence[Expression]) -> Expression:
    if not members:
        return Expression(EMPTY)
    return Expression(f"@json_object({', '.join([member.sql for member in members])})", args_of(members))


def related_member(related: Related | NotKept, asked: Selection, params: GetParams, caller: Caller) -> Expression:
    """The member that a select parameter gives, as name and value for json_object."""
    if isinstance(related, NotKept):
        value = Expression("'0'" if asked == COUNT else "@json('[]')")
    elif asked == COUNT:
        source = related.rows(params, caller)
        value = Expression(f"(SELECT CAST(COUNT(*) AS TEXT) {source.sql})", source.args)
    else:
        value = _objects(related, asked, params, caller)
    return Expression(f"'{related.member}', {value.sql}", value.args)


def _objects(related: Related, asked: Selection, params: GetParams, caller: Caller) -> Expression:
    view = related.view
    wanted = view.extended_for(caller) if asked == EXTEND else tuple(asked)
    shown = related.shows(wanted, caller)
    names = [name for name in shown if name in view.columns]  # a choice may name fields of objects that are not stored
    row = object_json(view, related.alias, names, caller, {})
    source = _limited(related, related.rows(params, caller), params)
    args = (*row.args, *source.args)
    if related.single:
        return Expression(f"@json(COALESCE((SELECT {row.sql} {source.sql} LIMIT 1), {EMPTY}))", args)
    return Expression(f"@json((SELECT @json_array_of(@json({row.sql})) {source.sql}))", args)


def _limited(related: Related, source: Expression, params: GetParams) -> Expression:
    """The first objects, as many as limitSelects allows."""
    if not related.limited_by or params.limit_selects is None:
        return source
    alias = related.alias
    sql = f"FROM (SELECT {alias}.* {source.sql} ORDER BY {alias}.{related.limited_by} LIMIT ?) {alias}"
    return Expression(sql, (*source.args, params.limit_selects))
