"""Turns the checked parameters of a get method into those that the compiler reads."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

from alertrpc.api.fields import members
from alertrpc.query.get_params import EXTEND, GetParams, Scalar
from alertrpc.query.resource import ByDefault, Resource
from alertrpc.query.sql import AskedIds
from alertrpc.records import Caller, Params


def as_get_params(
    resource: Resource, raw: Params, given: Mapping[str, Any], ids: Iterable[AskedIds], caller: Caller
) -> GetParams:
    """The parameters for the compiler; `raw` are those of the request, `given` the checked ones."""
    output = given.get("output", EXTEND)
    if output is None:
        output = [resource.key]
    defaults = {name: found.default for name, found in resource.parameters.items() if found.default is not None}
    return GetParams(
        ids={asked.name: asked for asked in ids},
        own={**defaults, **_not_none(given, resource.parameters)},
        output=resource.view.extended_for(caller) if output == EXTEND else output,
        select=_not_none(given, resource.related),
        filter={**_default_filter(resource, raw), **(given.get("filter") or {})},
        search=given.get("search") or {},
        search_by_any=given.get("searchByAny", False),
        search_wildcards=given.get("searchWildcardsEnabled", False),
        start_search=given.get("startSearch") or False,
        exclude_search=given.get("excludeSearch") or False,
        count_output=given.get("countOutput") or False,
        group_by=given.get("groupBy") or (),
        group_count=given.get("groupCount") or False,
        editable=given.get("editable", False),
        preserve_keys=given.get("preservekeys", False),
        sort=_sort(given.get("sortfield") or [], given.get("sortorder") or "ASC"),
        limit=given.get("limit"),
        limit_selects=given.get("limitSelects"),
    )


def _default_filter(resource: Resource, raw: Params) -> dict[str, list[Scalar]]:
    named = members(raw.get("filter")) or {}
    defaults = {name: match.values for name, match in resource.filters.items() if isinstance(match, ByDefault)}
    return {name: list(values) for name, values in defaults.items() if name not in named}


def _not_none(given: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: given[name] for name in names if given.get(name) is not None}


def _sort(names: Sequence[str], orders: str | Sequence[str]) -> list[tuple[str, str]]:
    of_names = repeat(orders) if isinstance(orders, str) else chain(orders, repeat("ASC"))
    return list(zip(names, of_names, strict=False))
