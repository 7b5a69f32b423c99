"""A description is put together from parts that several get methods use, or all of a method's rule is in its file."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from inspect import get_annotations
from typing import Any

import pytest

from alertrpc.query.resource import Plan
from alertrpc.query.resources import RESOURCES

WHAT_TO_DO = """{0} is set by {1}.get alone. A reader of the others' files has to look up what it means there.
Make the rule a function in alertrpc/query/resources/{1}.py that the description carries, or find a part that others use."""


def test_no_field_is_of_one_method_alone() -> None:
    assert alone(RESOURCES) == []


def alone(resources: Mapping[str, Any]) -> list[str]:
    """What to do of each field that has another value than its default in one description alone."""
    users = defaultdict(set)
    for method, resource in resources.items():
        for name in set_fields(resource):
            users[name].add(method)
    return [WHAT_TO_DO.format(name, *methods) for name, methods in sorted(users.items()) if len(methods) == 1]


def set_fields(part: Any) -> Iterator[str]:
    """The fields of a part, and of the parts in it, that have another value than their default.

    A plan is how a statement finds its rows, and will be worked out from the description.
    """
    if is_dataclass(part) and not isinstance(part, type | Plan):
        for of in fields(part):
            value = getattr(part, of.name)
            if has_default(of) and value != default_of(of):
                yield f"{defined_in(type(part), of.name)}.{of.name}"
            yield from set_fields(value)
    elif isinstance(part, Mapping | tuple | list):
        for inner in part.values() if isinstance(part, Mapping) else part:
            yield from set_fields(inner)


def has_default(of: "Field[Any]") -> bool:
    return of.default is not MISSING or of.default_factory is not MISSING


def default_of(of: "Field[Any]") -> Any:
    return of.default if of.default_factory is MISSING else of.default_factory()


def defined_in(kind: type, name: str) -> str:
    """The class that has the field, which others may inherit."""
    return next(base.__name__ for base in reversed(kind.__mro__) if name in get_annotations(base))


NO_PLAN = Plan()


@dataclass(frozen=True, kw_only=True)
class Base:
    shared: bool = False


@dataclass(frozen=True)
class Inner(Base):
    flag: bool = False


@dataclass(frozen=True, kw_only=True)
class Outer(Base):
    needed: str
    inner: Mapping[str, Inner] = field(default_factory=dict)
    plan: Plan = NO_PLAN


def outer(**values: Any) -> Outer:
    return Outer(needed="of each", **values)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (outer(), outer(), []),
        (outer(inner={"a": Inner()}), outer(), ["Outer.inner"]),
        (outer(inner={"a": Inner(flag=True)}), outer(inner={"a": Inner()}), ["Inner.flag"]),
        (outer(inner={"a": Inner(shared=True)}), outer(inner={"a": Inner()}), ["Base.shared"]),
        (outer(inner={"a": Inner(shared=True)}), outer(inner={"a": Inner()}, shared=True), []),
        (outer(plan=Plan(short_ids=("ids",))), outer(plan=Plan(few_first=("ids",))), []),
    ],
)
def test_a_field_of_one_method_alone_is_found(one: Outer, other: Outer, found: list[str]) -> None:
    assert alone({"one": one, "other": other}) == [WHAT_TO_DO.format(name, "one") for name in found]
