"""Conditions of the parameters that are one resource's own, as its table says them."""

from collections.abc import Sequence
from typing import Any

from alertrpc.query.get_params import GetParams
from alertrpc.query.parameters import Parameter
from alertrpc.query.resource import Resource
from alertrpc.query.sql import Condition, all_of, json_list
from alertrpc.query.statement import keys_of


def own_conditions(resource: Resource, params: GetParams) -> list[Condition]:
    """What the given parameters ask; those that may lead are one condition, for one way through an index."""
    given = [(parameter, params.own[name]) for name, parameter in resource.parameters.items() if name in params.own]
    leading = [(parameter, value) for parameter, value in given if parameter.leads]
    others = [_asked(parameter, value) for parameter, value in given if not parameter.leads]
    return [*_leading(resource, params, leading), *[condition for condition in others if condition]]


def _leading(resource: Resource, params: GetParams, given: Sequence[tuple[Parameter, Any]]) -> list[Condition]:
    conditions = [condition for parameter, value in given if (condition := _asked(parameter, value))]
    if not conditions:
        return []
    leading, order = all_of(conditions), params.sort[0][0] if params.sort else resource.key
    if not params.count_output and any(order in parameter.leads for parameter, _ in given):
        leading = leading._replace(keys=keys_of(resource, leading))
    return [leading]


def _asked(parameter: Parameter, value: Any) -> Condition | None:
    """What a parameter asks of the rows of a table; None where it asks nothing."""
    if isinstance(value, bool):
        sql = parameter.condition if value else parameter.otherwise
        return Condition(sql) if sql else None
    if not parameter.condition:
        return None
    if isinstance(value, list):
        return Condition(parameter.condition, (json_list(value),))
    return Condition(parameter.condition, (value,))
