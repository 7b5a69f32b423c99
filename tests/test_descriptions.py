"""A get method's description is put together from parts that several methods share: what one alone needs is a function, or a
class, in that method's own file."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from typing import Any

from alertrpc.query.checks import Strict
from alertrpc.query.parameters import Parameter
from alertrpc.query.related import NotKept, Related
from alertrpc.query.resource import Resource, Sorts
from alertrpc.query.resources import RESOURCES


def parts(resource: Resource) -> Iterator[Any]:
    yield from (resource, resource.sorts, resource.checks, *resource.parameters.values(), *resource.related.values())


def default(of: Field[Any]) -> Any:
    return of.default_factory() if of.default_factory is not MISSING else of.default


def test_no_field_is_for_one_method_alone() -> None:
    """But those of a plan, which tell how rows are found and not what may be asked."""
    used = defaultdict(set)
    for resource in RESOURCES.values():
        for part in parts(resource):
            for each in fields(part):
                if getattr(part, each.name) != default(each):
                    used[each.name].add(resource.name)
    named = {each.name for kind in (Resource, Sorts, Strict, Parameter, Related, NotKept) for each in fields(kind)}
    for name in named - {"plan"}:
        assert len(used[name]) > 1, f"{name} serves {used[name]} alone: say it by a function in that method's file"
