"""The parameters of the get methods that check them, in Zabbix's order: the first fault is the answer."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from marshmallow import fields

from alertrpc.api.choice_fields import Fields, SortFields, SortOrders, Values
from alertrpc.api.fields import Boolean, Flag, Id, Ids, Integer, Integers, String, Timestamp
from alertrpc.api.tag_fields import Tags
from alertrpc.query.checks import SELECTS, Strict
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.params import COUNT, EXTEND, as_text
from alertrpc.query.related import NotKept, Related
from alertrpc.query.resource import Resource
from alertrpc.records import Caller
from alertrpc.values import INT32_MAX

LIMITS = range(1, INT32_MAX + 1)
_LIMITS_SPELLED = "1-2147483647"

Field = fields.Field[Any]


def strict_fields(resource: Resource, checks: Strict, caller: Caller) -> dict[str, Field]:
    """All parameters of a method in the order of `checks`; the choice of some depends on the caller's type."""
    own = {
        **{name: Ids() for name in resource.ids},
        **{name: _own_field(parameter) for name, parameter in resource.parameters.items()},
    }
    selects = {name: _select_field(related, caller) for name, related in resource.related.items()}
    known = {**_common_fields(resource, _own_field(Parameter(checks.flags)), caller), **own, **selects}
    names = [name for name in own if name not in checks.order]
    for name in checks.order:
        names += selects if name == SELECTS else [name]
    return {name: known[name] for name in names if name in known}


def _common_fields(resource: Resource, flag: Field, caller: Caller) -> Mapping[str, Field]:
    """What all methods have, as far as the resource has something of the kind."""
    limited = any(isinstance(related, Related) and related.limited for related in resource.related.values())
    limit = Integer(LIMITS, _LIMITS_SPELLED, null=True)
    return {
        "filter": Values(tuple(resource.filters)),
        "search": Values(tuple(resource.searches), as_text),
        "searchByAny": Boolean(),
        "startSearch": flag,
        "excludeSearch": flag,
        "searchWildcardsEnabled": Boolean(),
        "output": Fields(lambda given: resource.view.choice_for(caller)),
        "countOutput": flag,
        **({} if resource.group_counts is None else {"groupCount": flag}),
        "sortfield": SortFields(resource.sorts.fields),
        "sortorder": SortOrders(),
        "limit": limit,
        **({"limitSelects": limit} if limited else {}),
        "editable": Boolean(),
        "preservekeys": Boolean(),
        "nopermissions": Flag(),  # internal to Zabbix: taken, and without effect
    }


def _select_field(related: Related | NotKept, caller: Caller) -> Field:
    words = (EXTEND, COUNT) if related.countable else (EXTEND,)
    return Fields(partial(related.choice_for, caller), words, null=True)


def _own_field(parameter: Parameter) -> Field:
    return _OF_KIND[parameter.given](parameter)


_OF_KIND: Mapping[Given, Callable[[Parameter], Field]] = {
    Given.ANYTHING: lambda parameter: Flag(),
    Given.BOOLEAN: lambda parameter: Boolean(null=parameter.null),
    Given.ID: lambda parameter: Id(null=True),
    Given.IDS: lambda parameter: Ids(),
    Given.NUMBER: lambda parameter: Integer(parameter.allowed, parameter.spelled, null=parameter.null),
    Given.NUMBERS: lambda parameter: Integers(parameter.allowed),
    Given.TIME: lambda parameter: Timestamp(null=True),
    Given.TEXT: lambda parameter: String(),
    Given.FIELDS: lambda parameter: SortFields(parameter.allowed),
    Given.TAGS: lambda parameter: Tags(),
}
