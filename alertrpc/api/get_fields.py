"""The parameters of a get method as fields, in the order in which Zabbix checks them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from marshmallow import fields

from alertrpc.api import lax_fields as lax
from alertrpc.api.choice_fields import Fields, SortFields, SortOrders, Values, choice_of
from alertrpc.api.fields import Boolean, Flag, Id, Ids, Integer, Integers, String, Timestamp
from alertrpc.api.lax_fields import Lax
from alertrpc.api.tag_fields import Tags
from alertrpc.query import checks
from alertrpc.query.get_params import COUNT, EXTEND, as_text
from alertrpc.query.parameters import IDS, Given, Names, Parameter
from alertrpc.query.related import Check, NotKept, Related, Relation
from alertrpc.query.resource import Match, Matches, Resource
from alertrpc.query.view import View
from alertrpc.records import Caller, Json
from alertrpc.values import INT32_MAX

_LIMITS = range(1, INT32_MAX + 1)
_LIMITS_SPELLED = "1-2147483647"

Field = fields.Field[Any]


def get_fields(resource: Resource, caller: Caller) -> dict[str, Field]:
    """The parameters that have an effect, with the choices of the caller's type of user."""
    is_lax = isinstance(resource.checks, checks.Lax)
    of_given = _LAX if is_lax else _STRICT
    found: dict[str, Field] = {}
    parameters = {**dict.fromkeys(resource.ids, IDS), **resource.parameters, **resource.checks.common}
    for name, parameter in parameters.items():
        if parameter.given is Given.SELECTS:
            found |= {
                select: _select(related, caller, is_lax=is_lax)
                for select, related in resource.related.items()
                if caller.is_super_admin or related.check is not Check.OF_SUPER_ADMINS
            }
        else:
            found[name] = of_given[parameter.given](parameter, resource, caller)
    return found


def _select(related: Related | NotKept, caller: Caller, *, is_lax: bool) -> Field:
    choice = related.choice_for(caller)
    if is_lax and related.check is not Check.REFUSES:
        return Lax(partial(_LAX_SELECTIONS.get(related.check, lax.selection), related, choice_of(choice, None)))
    return Fields(choice, (EXTEND, COUNT) if related.countable else (EXTEND,), null=True)


def _matched(matches: Matches, view: View, caller: Caller) -> tuple[list[str], list[str]]:
    """The names that match rows, without columns hidden from the caller; and those that are refused."""
    hidden = view.columns.keys() - view.limited if view.is_partial(caller) else ()
    refused = [name for name, match in matches.items() if match is Match.PASSWORD]
    return [name for name in matches if name not in hidden and name not in refused], refused


_STRICT: Mapping[Given, Callable[[Parameter, Resource, Caller], Field]] = {
    Given.ANYTHING: lambda *_: Flag(),
    Given.BOOLEAN: lambda parameter, *_: Boolean(null=parameter.null),
    Given.ID: lambda *_: Id(null=True),
    Given.IDS: lambda *_: Ids(),
    Given.NUMBER: lambda parameter, *_: Integer(parameter.allowed, parameter.spelled, null=parameter.null),
    Given.NUMBERS: lambda parameter, *_: Integers(parameter.allowed),
    Given.TIME: lambda *_: Timestamp(null=True),
    Given.TEXT: lambda *_: String(),
    Given.TAGS: lambda *_: Tags(),
    Given.OUTPUT: lambda _, resource, caller: Fields(resource.view.choice_for(caller), ours=resource.view.ours),
    Given.GROUP_BY: lambda parameter, *_: SortFields(parameter.allowed),
    Given.FILTER: lambda _, resource, caller: Values(tuple(resource.filters)),
    Given.SEARCH: lambda _, resource, caller: Values(tuple(resource.searches), as_text),
    Given.SORTFIELD: lambda _, resource, caller: SortFields(resource.sortable),
    Given.SORTORDER: lambda *_: SortOrders(),
    Given.LIMIT: lambda *_: Integer(_LIMITS, _LIMITS_SPELLED, null=True),
}
_LAX: Mapping[Given, Callable[[Parameter, Resource, Caller], Field]] = {
    Given.ANYTHING: lambda *_: Lax(lax.is_given),
    Given.BOOLEAN: lambda parameter, *_: Boolean(null=parameter.null),
    Given.TRUTH: lambda *_: Lax(lax.is_true),
    Given.IDS: lambda *_: Lax(lax.ids),
    Given.NUMBER: lambda *_: Lax(lax.number),
    Given.NUMBERS: lambda parameter, *_: Lax(partial(lax.numbers, parameter.allowed)),
    Given.TIME: lambda *_: Lax(lax.number),
    Given.TEXT: lambda *_: Lax(lax.text),
    Given.TAGS: lambda *_: Lax(lax.tags),
    Given.OUTPUT: lambda _, of, caller: Lax(partial(lax.output, of.key, of.view.choice_for(caller))),
    Given.FILTER: lambda _, of, caller: Lax(partial(lax.filter_values, *_matched(of.filters, of.view, caller))),
    Given.SEARCH: lambda _, of, caller: Lax(partial(lax.search_texts, *_matched(of.searches, of.view, caller))),
    Given.SORTFIELD: lambda _, of, caller: Lax(partial(lax.sort_fields, of.sortable)),
    Given.SORTORDER: lambda *_: Lax(lax.sort_orders),
    Given.LIMIT: lambda *_: Lax(lax.limit),
}
_LAX_SELECTIONS: Mapping[Check, Callable[[Relation, Names, Json], Any]] = {
    Check.REFUSES_WITH_ROWS: lax.strict_selection,
    Check.ANY_WORD: lax.word_selection,
}
