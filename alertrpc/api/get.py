"""What all get methods share: the parameters that a Resource's description gives them, and their answer."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from marshmallow import fields

from alertrpc.api.fields import Boolean, Fields, Flag, Integer, SortFields, SortOrders, Values, as_text
from alertrpc.query.compile import Shape
from alertrpc.query.params import GetParams
from alertrpc.query.related import choice_of_fields
from alertrpc.query.resource import Resource
from alertrpc.records import Caller
from alertrpc.store.rows import Rows

LIMITS = range(1, 2**31)


class RowsAnswer(NamedTuple):
    """An answer whose rows are finished JSON text and come as they are taken."""

    rows: Rows
    shape: Shape


def common_fields(resource: Resource, caller: Caller) -> dict[str, fields.Field[Any]]:
    """The parameters that every get method has, in Zabbix's order; the choice of some depends on the caller's type."""
    return {
        "output": Fields([column.name for column in resource.columns]),
        **{name: Fields(choice_of_fields(related, caller), null=True) for name, related in resource.related.items()},
        "filter": Values(resource.filterable),
        "search": Values(resource.searchable, as_text),
        "searchByAny": Boolean(),
        "startSearch": Flag(),
        "excludeSearch": Flag(),
        "searchWildcardsEnabled": Boolean(),
        "sortfield": SortFields(resource.sortable),
        "sortorder": SortOrders(),
        "limit": Integer(LIMITS, "1-2147483647", null=True),
        "countOutput": Flag(),
        "groupCount": Flag(),
        "editable": Boolean(),
        "preservekeys": Boolean(),
        "nopermissions": Flag(),  # internal to Zabbix: taken, and without effect
    }


def get_params(
    resource: Resource, given: Mapping[str, Any], *, ids: Sequence[str], numbers: Mapping[str, int]
) -> GetParams:
    """The checked parameters as the compiler takes them; `numbers` are the resource's own."""
    output = given.get("output", "extend")
    return GetParams(
        ids={name: given[name] for name in ids if given.get(name) is not None},
        numbers=numbers,
        output=[column.name for column in resource.columns] if output == "extend" else output,
        select={
            name: None if given[name] == "extend" else given[name]
            for name in resource.related
            if given.get(name) is not None
        },
        filter=given.get("filter") or {},
        search=given.get("search") or {},
        search_by_any=given.get("searchByAny", False),
        search_wildcards=given.get("searchWildcardsEnabled", False),
        start_search=given.get("startSearch") or False,
        exclude_search=given.get("excludeSearch") or False,
        count_output=given.get("countOutput") or False,
        group_count=given.get("groupCount") or False,
        editable=given.get("editable", False),
        preserve_keys=given.get("preservekeys", False),
        sort=_sort(given.get("sortfield", []), given.get("sortorder", "ASC")),
        limit=given.get("limit"),
    )


def _sort(names: Sequence[str], orders: str | Sequence[str]) -> list[tuple[str, str]]:
    if isinstance(orders, str):
        return [(name, orders) for name in names]
    return [(name, orders[index] if index < len(orders) else "ASC") for index, name in enumerate(names)]
