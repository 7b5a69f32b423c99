"""What all get methods share: the parameters that a Resource's description gives them, and their answer."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

import orjson
from marshmallow import fields

from alertrpc.api.checked import as_get_params
from alertrpc.api.choice_fields import sort_refused
from alertrpc.api.context import Context
from alertrpc.api.fields import members, unexpected
from alertrpc.api.get_fields import get_fields
from alertrpc.api.schema import ParamsSchema
from alertrpc.errors import APPLICATION_ERROR, INVALID_PARAMS, ApiError, invalid_parameter
from alertrpc.query.checks import Lax
from alertrpc.query.compile import asked_ids, compile_get
from alertrpc.query.counting import ROWSCOUNT
from alertrpc.query.get_params import GetParams
from alertrpc.query.related import Check
from alertrpc.query.resource import Resource
from alertrpc.query.resources import RESOURCES
from alertrpc.query.sql import AskedIds, Bound, SqlValue
from alertrpc.query.statement import EMPTY, Shape, Statement
from alertrpc.records import Caller, Params, UserType
from alertrpc.store.rows import Rows

KEPT_STATEMENTS = 32  # of each method
LONGEST_KEPT = 2048  # bytes of parameters; longer ones are compiled at each call


class RowsAnswer(NamedTuple):
    """An answer whose rows are finished JSON text and come as they are taken."""

    rows: Rows
    shape: Shape


class GetMethod:
    """A get method made of a description: the parameters that it has, the statements of them, and its answers.

    A statement is compiled once for all requests that differ in their ids alone.
    """

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self._schema = cache(self._make_schema)
        refusing = [name for name, related in resource.related.items() if related.check is Check.REFUSES]
        self._checked_first = {"editable", "searchByAny", *refusing}
        self._kept = lru_cache(maxsize=KEPT_STATEMENTS)(self._compile_text)

    def parameters(self, caller: Caller) -> Mapping[str, fields.Field[Any]]:
        """The parameters and their checks; the choice of some depends on the caller's type."""
        return get_fields(self.resource, caller)

    async def __call__(self, context: Context, params: Params) -> RowsAnswer:
        """The objects that the caller may see and the parameters ask for."""
        caller, now = context.caller, int(context.services.clock())
        statement, args = await context.turn.run(lambda: self.statement(params, caller, now))
        if context.turn.is_large:
            forget_lists(params)
            if not context.is_in_batch:
                context.turn.leave()
        rows = await context.database.rows(
            statement.sql, args, short=statement.short, limit=statement.limit, asker=context.asker
        )
        if statement.fault is not None and rows.first:
            await rows.close()
            raise statement.fault
        return RowsAnswer(rows, statement.shape)

    def statement(self, params: Params, caller: Caller, now: int = 0) -> tuple[Statement, tuple[SqlValue, ...]]:
        """The statement for the parameters and its bound values; `now` is in seconds.

        Raises ApiError with Zabbix's text for the first fault in the parameters.
        """
        schema = self._schema(caller.type)
        known = self._known(params, schema)
        ids = {
            name: found
            for name in self.resource.ids
            if name in known and (found := schema.load_one(name, known[name])) is not None
        }
        others = {name: value for name, value in known.items() if name not in self.resource.ids}
        asked = tuple([asked_ids(name, listed) for name, listed in ids.items()])
        text = _text(others)
        compiled = self._compile(others, asked, caller) if text is None else self._kept(text, asked, caller)
        return compiled, compiled.bound(Bound(ids, now))

    def _known(self, params: Params, schema: ParamsSchema) -> Params:
        """The parameters that the method has, by the names that are not deprecated."""
        if isinstance(self.resource.checks, Lax):
            return {name: value for name, value in params.items() if name in schema.names}
        deprecated = self.resource.checks.deprecated
        for name in params:
            if name not in schema.names and name not in deprecated:
                raise invalid_parameter("/", unexpected(name))
        if deprecated.keys().isdisjoint(params):
            return params
        for old, name in deprecated.items():
            if old in params and name in params:
                others = {deprecated.get(other, other): params[other] for other in params if other not in (old, name)}
                schema.load_before(name, others)
                raise ApiError(INVALID_PARAMS, f'Deprecated parameter "/{old}" cannot be used with "/{name}".')
        return {deprecated.get(name, name): value for name, value in params.items()}

    def _compile_text(self, others: bytes, asked: tuple[AskedIds, ...], caller: Caller) -> Statement:
        return self._compile(orjson.loads(others), asked, caller)

    def _compile(self, others: Params, asked: tuple[AskedIds, ...], caller: Caller) -> Statement:
        schema = self._schema(caller.type)
        if self._finds_nothing(schema, others, caller):
            return EMPTY
        given = schema.load(others)
        fault = _take_fault(given)
        params = as_get_params(self.resource, others, given, asked, caller)
        _check_group_sort(params)
        statement = compile_get(self.resource, params, caller)
        return statement if params.count_output else statement._replace(fault=fault)

    def _finds_nothing(self, schema: ParamsSchema, others: Params, caller: Caller) -> bool:
        """An empty array is the answer, whatever is wrong in what Zabbix checks later.

        A caller who is shown a part of the fields edits no object and finds none by other fields.
        """
        view = self.resource.view
        if not view.is_partial(caller):
            return False
        first = schema.load({name: value for name, value in others.items() if name in self._checked_first})
        matched = [name for part in ("filter", "search") for name in members(others.get(part)) or ()]
        is_by_hidden = not set(view.limited).issuperset(matched) and not first.get("searchByAny")
        return bool(first.get("editable")) or is_by_hidden

    def _make_schema(self, user_type: UserType) -> ParamsSchema:
        return ParamsSchema(self.parameters(Caller(0, user_type)))


def forget_lists(params: Params) -> None:
    """Frees the values of a large request, which a statement holds in another form, before that runs for long."""
    for value in params.values():
        if isinstance(value, list | dict):
            value.clear()


def _text(params: Params) -> bytes | None:
    """The parameters as the key of a kept statement; None where they are too long or too deep to be kept."""
    try:
        text = orjson.dumps(params)
    except orjson.JSONEncodeError:
        return None
    return text if len(text) <= LONGEST_KEPT else None


def _take_fault(given: dict[str, Any]) -> ApiError | None:
    """Takes out what is a fault where there are rows."""
    faults = {name: value for name, value in given.items() if isinstance(value, ApiError)}
    for name in faults:
        del given[name]
    return next(iter(faults.values()), None)


def _check_group_sort(params: GetParams) -> None:
    """Groups are sorted by what they show; nothing else is sorted by a number of rows."""
    counts = [ROWSCOUNT] if params.count_output else []
    for name, _ in params.sort:
        if (params.group_by and name not in (*params.group_by, *counts)) or (name == ROWSCOUNT and not params.group_by):
            raise ApiError(APPLICATION_ERROR, sort_refused(name))


GET_METHODS = {name: GetMethod(resource) for name, resource in RESOURCES.items()}
