"""Objects related to a row (selectHosts and its kind), as a member of the row's JSON."""

from collections.abc import Sequence

from alertrpc.query.params import GetParams
from alertrpc.query.resource import Related
from alertrpc.query.sql import SqlValue
from alertrpc.records import Caller


def related_member(
    related: Related, fields: Sequence[str] | None, params: GetParams, caller: Caller
) -> tuple[str, tuple[SqlValue, ...]]:
    """The member's name and value for json_object, with its bound values; `fields` None is "extend"."""
    names = list(extended_fields(related, caller) if fields is None else fields)
    if related.key not in names:
        names.insert(0, related.key)
    row = _object(related, names)
    args: tuple[SqlValue, ...] = ()
    if related.public and not caller.is_super_admin:
        public = [name for name in names if name in related.public]
        row = f"CASE WHEN {related.is_own} THEN {row} ELSE {_object(related, public)} END"
        args = (caller.userid,)
    return f"'{related.member}', json((SELECT json_group_array(json({row})) {related.source(params)}))", args


def choice_of_fields(related: Related, caller: Caller) -> tuple[str, ...]:
    """The fields that `caller` may ask for."""
    return related.choice if caller.is_super_admin or not related.limited_choice else related.limited_choice


def extended_fields(related: Related, caller: Caller) -> tuple[str, ...]:
    """The fields that "extend" gives to `caller`."""
    return related.extended if caller.is_super_admin or not related.limited_extended else related.limited_extended


def _object(related: Related, names: Sequence[str]) -> str:
    members = [f"'{name}', {related.columns[name].json(related.alias)}" for name in names]
    return f"json_object({', '.join(members)})"
