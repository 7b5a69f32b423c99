"""The parameters of the get methods that ignore invalid values, as Zabbix 7.0's older ones do."""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import fields

from alertrpc.api.choice_fields import Fields
from alertrpc.api.fields import Boolean
from alertrpc.api.lax_choice_fields import (
    Filter,
    Output,
    Search,
    Selection,
    SortFields,
    SortOrders,
    StrictSelection,
    WordSelection,
)
from alertrpc.api.lax_fields import Ids, IsGiven, Limit, Number, Numbers, Tags, Text, Truth
from alertrpc.query.checks import Selecting
from alertrpc.query.filters import Filter as Matched
from alertrpc.query.filters import Special
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.params import COUNT, EXTEND
from alertrpc.query.related import NotKept, Related
from alertrpc.query.resource import Resource
from alertrpc.records import Caller

Field = fields.Field[Any]


def lax_fields(resource: Resource, caller: Caller) -> dict[str, Field]:
    """All parameters of a method that have an effect; the choice of some depends on the caller's type."""
    first, last = _select_fields(resource, caller)
    return {  # in the order in which Zabbix finds what is wrong
        **{name: Ids() for name in resource.ids},
        **{name: _OF_KIND[parameter.given](parameter) for name, parameter in resource.parameters.items()},
        **first,
        "output": Output(resource.key, resource.view.choice_for(caller)),
        "filter": Filter(*_matched(resource, resource.filters, caller)),
        "search": Search(*_matched(resource, resource.searches, caller)),
        "searchByAny": Truth(),
        "startSearch": Truth(),
        "excludeSearch": Truth(),
        "searchWildcardsEnabled": Truth(),
        "sortfield": SortFields(resource.sorts.fields),
        "sortorder": SortOrders(),
        "limit": Limit(),
        "limitSelects": Limit(),
        "countOutput": Truth(),
        **({} if resource.group_counts is None else {"groupCount": Truth()}),
        "editable": Truth(),
        "preservekeys": Truth(),
        **last,
    }


def _matched(resource: Resource, fields: Mapping[str, Matched], caller: Caller) -> tuple[list[str], list[str]]:
    """The fields by which rows are matched, of the resource's own those that are shown to the caller; and the refused."""
    hidden = (
        set(resource.view.columns).difference(resource.view.limited) if resource.view.is_limited_for(caller) else ()
    )
    refused = [name for name, about in fields.items() if about is Special.REFUSED]
    return [name for name in fields if name not in refused and name not in hidden], refused


def _select_fields(resource: Resource, caller: Caller) -> tuple[dict[str, Field], dict[str, Field]]:
    """Those that are checked before all else, and the others."""
    shown = {name: related for name, related in resource.related.items() if related.is_shown_to(caller)}
    first = [name for name, related in shown.items() if related.checked is Selecting.BEFORE_ALL]
    selects = {name: _select_field(related, caller) for name, related in shown.items()}
    return {name: selects.pop(name) for name in first}, selects


def _select_field(related: Related | NotKept, caller: Caller) -> Field:
    choice = related.choice_for(caller, {})
    key = related.key if isinstance(related, Related) else ""
    match related.checked:
        case Selecting.BEFORE_ALL:
            return Fields(lambda given: choice, (EXTEND, COUNT) if related.countable else (EXTEND,), null=True)
        case Selecting.AS_OUTPUT:
            return StrictSelection(choice, single=related.single)
        case Selecting.ANY_WORD:
            return WordSelection(key, choice)
        case Selecting.IGNORES:
            return Selection(key, choice, countable=related.countable, single=related.single)


_OF_KIND: Mapping[Given, Callable[[Parameter], Field]] = {
    Given.ANYTHING: lambda parameter: IsGiven(),
    Given.BOOLEAN: lambda parameter: Boolean(null=parameter.null),
    Given.TRUTH: lambda parameter: Truth(),
    Given.IDS: lambda parameter: Ids(),
    Given.NUMBER: lambda parameter: Number(),
    Given.NUMBERS: lambda parameter: Numbers(parameter.allowed),
    Given.TIME: lambda parameter: Number(),
    Given.TEXT: lambda parameter: Text(),
    Given.TAGS: lambda parameter: Tags(),
}
