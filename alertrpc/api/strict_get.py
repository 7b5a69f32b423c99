"""The parameters of the get methods that check them, in Zabbix's order: the first fault is the answer."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from alertrpc.api.choice_fields import Fields, FieldsOfObject, SortFields, SortOrders, Values
from alertrpc.api.fields import Boolean, Flag, Id, Ids, Integer, Integers, String, Timestamp
from alertrpc.api.tag_fields import Tags
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.params import COUNT, EXTEND, as_text
from alertrpc.query.related import NotKept, Related
from alertrpc.query.resource import Resource
from alertrpc.records import Caller
from alertrpc.values import INT32_MAX

LIMITS = range(1, INT32_MAX + 1)
_LIMITS_SPELLED = "1-2147483647"

Field = fields.Field[Any]


def strict_fields(resource: Resource, caller: Caller) -> dict[str, Field]:
    """All parameters of a method; the choice of some depends on the caller's type."""
    flag = Boolean if resource.has_boolean_flags else Flag
    output = {
        "output": Fields(resource.view.choice_for(caller)),
        **({"groupBy": SortFields(resource.group_by)} if resource.group_by else {}),
        **_select_fields(resource, caller),
    }
    match = {
        "filter": Values(resource.filterable),
        "search": Values(resource.searchable, as_text),
        "searchByAny": Boolean(),
        "startSearch": flag(),
        "excludeSearch": flag(),
        "searchWildcardsEnabled": Boolean(),
    }
    return {
        **{name: Ids() for name in resource.ids},
        **{name: _own_field(parameter) for name, parameter in resource.parameters.items()},
        **({**output, **match} if resource.output_is_first else {**match, **output}),
        "countOutput": flag(),
        **({} if resource.group_counted is None else {"groupCount": flag()}),
        "sortfield": SortFields(resource.sortable),
        "sortorder": SortOrders(),
        "limit": Integer(LIMITS, _LIMITS_SPELLED, null=True),
        **({"limitSelects": Integer(LIMITS, _LIMITS_SPELLED, null=True)} if resource.limits_selects else {}),
        "editable": Boolean(),
        "preservekeys": Boolean(),
        "nopermissions": Flag(),  # internal to Zabbix: taken, and without effect
    }


def _select_fields(resource: Resource, caller: Caller) -> Mapping[str, Field]:
    return {name: _select_field(related, caller) for name, related in resource.related.items()}


def _select_field(related: Related | NotKept, caller: Caller) -> Field:
    words = (EXTEND, COUNT) if related.countable else (EXTEND,)
    if isinstance(related, NotKept):
        return Fields(related.choice, words, null=True)
    if related.choices:
        return FieldsOfObject(related.choices)
    return Fields(related.view.choice_for(caller), words, null=True)


def _own_field(parameter: Parameter) -> Field:
    if parameter.given is Given.NUMBER:
        return Integer(parameter.allowed, parameter.spelled, null=parameter.null)
    if parameter.given is Given.NUMBERS:
        return Integers(parameter.allowed)
    if parameter.given is Given.BOOLEAN:
        return Boolean(null=parameter.null)
    return _OF_KIND[parameter.given]()


_OF_KIND = {
    Given.ANYTHING: Flag,
    Given.ID: lambda: Id(null=True),
    Given.IDS: Ids,
    Given.TIME: lambda: Timestamp(null=True),
    Given.TEXT: String,
    Given.TAGS: Tags,
}
