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
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.params import COUNT, EXTEND
from alertrpc.query.related import NotKept, Related
from alertrpc.query.resource import Resource
from alertrpc.records import Caller

Field = fields.Field[Any]


def lax_fields(resource: Resource, caller: Caller) -> dict[str, Field]:
    """All parameters of a method that have an effect; the choice of some depends on the caller's type."""
    view = resource.view
    names = view.choice_for(caller)
    is_limited = bool(view.limited) and not view.public and not caller.is_super_admin
    matched = view.limited if is_limited else tuple(view.columns)
    filterable = [name for name in resource.filterable if name in matched]
    searchable = [name for name in resource.searchable if name in matched]
    selects = {
        name: _select_field(related, caller)
        for name, related in resource.related.items()
        if caller.is_super_admin or not (isinstance(related, NotKept) and related.for_super_admins)
    }
    return {  # in the order in which Zabbix finds what is wrong
        **{name: Ids() for name in resource.ids},
        **{name: _OF_KIND[parameter.given](parameter) for name, parameter in resource.parameters.items()},
        **{name: field for name, field in selects.items() if isinstance(field, Fields)},
        "output": Output(resource.key, names),
        "filter": Filter([*filterable, *resource.filter_links, *resource.unmatched], resource.secrets),
        "search": Search([*searchable, *resource.unmatched], resource.secrets),
        "searchByAny": Truth(),
        "startSearch": Truth(),
        "excludeSearch": Truth(),
        "searchWildcardsEnabled": Truth(),
        "sortfield": SortFields(resource.sortable),
        "sortorder": SortOrders(),
        "limit": Limit(),
        "limitSelects": Limit(),
        "countOutput": Truth(),
        **({} if resource.group_counted is None else {"groupCount": Truth()}),
        "editable": Truth(),
        "preservekeys": Truth(),
        **{name: field for name, field in selects.items() if not isinstance(field, Fields)},
    }


def _select_field(related: Related | NotKept, caller: Caller) -> Field:
    if isinstance(related, NotKept):
        if related.strict:
            return Fields(related.choice, (EXTEND, COUNT) if related.countable else (EXTEND,), null=True)
        if related.choice:
            return StrictSelection(related.choice, single=False)
        return Selection("", (), countable=related.countable, single=related.always)
    choice = related.view.choice_for(caller)
    if related.strict:
        return StrictSelection(choice, single=related.single)
    if related.words_extend:
        return WordSelection(related.key, choice)
    return Selection(related.key, choice, countable=related.countable, single=related.single)


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
