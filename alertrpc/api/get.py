"""What all get methods share: the parameters that a Resource's description gives them, and their answer."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import orjson
from marshmallow import ValidationError, fields

from alertrpc.api.context import Context
from alertrpc.api.fields import Boolean, Fields, Flag, Ids, Integer, SortFields, SortOrders, Timestamp, Values
from alertrpc.api.schema import ParamsSchema, first_fault
from alertrpc.query.compile import Shape, Statement, asked_ids, compile_get
from alertrpc.query.parameters import Given, Parameter
from alertrpc.query.params import EXTEND, GetParams, as_text
from alertrpc.query.resource import Resource
from alertrpc.query.sql import AskedIds, Bound, SqlValue
from alertrpc.records import Caller, Json, Params, UserType
from alertrpc.store.rows import Rows

KEPT_STATEMENTS = 1024
LONGEST_KEPT = 2048  # bytes of parameters; longer ones are compiled at each call
LIMITS = range(1, 2**31)


class RowsAnswer(NamedTuple):
    """An answer whose rows are finished JSON text and come as they are taken."""

    rows: Rows
    shape: Shape


def own_field(parameter: Parameter) -> fields.Field[Any]:
    """The check of a parameter that is one resource's own."""
    if parameter.given is Given.IDS:
        return Ids()
    if parameter.given is Given.NUMBER:
        return Integer(parameter.allowed, null=parameter.null)
    return Timestamp(null=parameter.null)


def common_fields(resource: Resource, caller: Caller) -> dict[str, fields.Field[Any]]:
    """The parameters that every get method has, in Zabbix's order; the choice of some depends on the caller's type."""
    return {
        "output": Fields(list(resource.view.columns)),
        **{name: Fields(related.view.choice_for(caller), null=True) for name, related in resource.related.items()},
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


class GetMethod:
    """A get method made of a description: the parameters that it has, the statements of them, and its answers.

    A statement is compiled once for all requests that differ in their ids alone.
    """

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self._ids = {name: Ids() for name in resource.ids}
        self._own_fields = {name: own_field(parameter) for name, parameter in resource.parameters.items()}
        self._defaults = {
            name: parameter.default for name, parameter in resource.parameters.items() if parameter.default is not None
        }
        self._schema = cache(self._make_schema)
        self._kept = lru_cache(maxsize=KEPT_STATEMENTS)(self._compile_text)

    async def __call__(self, context: Context, params: Params) -> RowsAnswer:
        """The objects that the caller may see and the parameters ask for."""
        statement, args = self.statement(params, context.caller, int(context.services.clock()))
        rows = await context.database.rows(statement.sql, args, short=statement.short, limit=statement.limit)
        return RowsAnswer(rows, statement.shape)

    def statement(self, params: Params, caller: Caller, now: int = 0) -> tuple[Statement, tuple[SqlValue, ...]]:
        """The statement for the parameters and its bound values; `now` is in seconds.

        Raises ApiError with Zabbix's text for the first fault in the parameters.
        """
        self._schema(caller.type).check_names(params)
        ids = {
            name: found
            for name in self._ids
            if name in params and (found := self._load_ids(name, params[name])) is not None
        }
        others = {name: value for name, value in params.items() if name not in self._ids}
        asked = tuple([asked_ids(name, listed) for name, listed in ids.items()])
        text = _text(others)
        compiled = self._compile(others, asked, caller) if text is None else self._kept(text, asked, caller)
        return compiled, compiled.bound(Bound(ids, now))

    def _load_ids(self, name: str, value: Json) -> list[int] | None:
        try:
            ids: list[int] | None = self._ids[name].deserialize(value)
        except ValidationError as error:
            raise first_fault({name: error.messages}) from error
        return ids

    def _compile_text(self, others: bytes, asked: tuple[AskedIds, ...], caller: Caller) -> Statement:
        return self._compile(orjson.loads(others), asked, caller)

    def _compile(self, others: Params, asked: tuple[AskedIds, ...], caller: Caller) -> Statement:
        given = self._schema(caller.type).load(others)
        own = {name: given[name] for name in self._own_fields if given.get(name) is not None}
        params = get_params(self.resource, given, ids=asked, own={**self._defaults, **own})
        return compile_get(self.resource, params, caller)

    def _make_schema(self, user_type: UserType) -> ParamsSchema:
        own = {**self._ids, **self._own_fields}
        return ParamsSchema({**own, **common_fields(self.resource, Caller(0, user_type))})


def _text(params: Params) -> bytes | None:
    """The parameters as the key of a kept statement; None where they are too long or too deep to be kept."""
    try:
        text = orjson.dumps(params)
    except orjson.JSONEncodeError:
        return None
    return text if len(text) <= LONGEST_KEPT else None


def get_params(
    resource: Resource, given: Mapping[str, Any], *, ids: Iterable[AskedIds], own: Mapping[str, Any]
) -> GetParams:
    """The checked parameters as the compiler takes them; `own` are the resource's own."""
    output = given.get("output", EXTEND)
    return GetParams(
        ids={asked.name: asked for asked in ids},
        own=own,
        output=list(resource.view.columns) if output == EXTEND else output,
        select={name: given[name] for name in resource.related if given.get(name) is not None},
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
