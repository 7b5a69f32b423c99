"""Get methods: each checks its parameters, compiles them to a statement and answers with its rows."""

import asyncio
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

import orjson

from alertrpc.api.checked import as_get_params
from alertrpc.api.choice_fields import sort_refused
from alertrpc.api.context import Context
from alertrpc.api.credentials import Remembered
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
from alertrpc.records import Caller, Params
from alertrpc.store.credentials import Holder
from alertrpc.store.rows import Rows, Search

KEPT_STATEMENTS = 32  # of each method
LONGEST_KEPT = 2048  # bytes of parameters; longer ones are compiled at each call


class RowsAnswer(NamedTuple):
    """An answer whose rows are finished JSON text, read from the database as the client takes them."""

    rows: Rows
    shape: Shape


class Prepared(NamedTuple):
    """A statement with its bound values, and the ways to the same rows."""

    statement: Statement
    args: tuple[SqlValue, ...]
    ways: Search | None


class OtherCaller(Exception):
    """A credential has another caller than the last time."""

    def __init__(self, caller: Caller) -> None:
        super().__init__()
        self.caller = caller


class GetMethod:
    """The get method of a description. A statement is compiled once for all requests that differ in their ids alone."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self._schema = cache(lambda user_type: ParamsSchema(get_fields(resource, Caller(0, user_type))))
        refusing = [name for name, related in resource.related.items() if related.check is Check.REFUSES]
        self._checked_first = {"editable", "searchByAny", *refusing}
        self._kept = lru_cache(maxsize=KEPT_STATEMENTS)(
            lambda text, asked, caller: self._compile(orjson.loads(text), asked, caller)
        )

    async def __call__(self, context: Context, params: Params) -> RowsAnswer:
        """The objects that the caller may see and the parameters ask for."""
        return await self._answer(context, await self._prepared(context, params), params)

    async def at_once(self, context: Context, params: Params, remembered: Remembered) -> RowsAnswer:
        """The same, read at the time at which the credential is checked, for the caller whom it had the last time.

        Nothing of it is used before the check has found the same caller.
        """
        database, held = context.database, remembered.held
        try:
            prepared = await self._prepared(context, params)
        except ApiError:
            await self._check(context, remembered, database.start_read(held.find, held.hashed))
            raise
        # The task begins before the batch of the check is taken, so that short rows are in it.
        answering = asyncio.ensure_future(self._answer(context, prepared, params))
        checking = database.start_read(held.find, held.hashed, beside_rows=prepared.statement.short)
        try:
            await self._check(context, remembered, checking)
        except BaseException:
            answering.cancel()
            for answer in await asyncio.gather(answering, return_exceptions=True):
                if isinstance(answer, RowsAnswer):
                    await answer.rows.close()
            raise
        return await answering

    async def _check(self, context: Context, remembered: Remembered, holder: "asyncio.Future[Holder | None]") -> None:
        """Raises OtherCaller if the credential has another caller now, ApiError if it is invalid."""
        caller = await context.services.credentials.checked(remembered.held, await holder)
        if caller != remembered.caller:
            raise OtherCaller(caller)

    async def _prepared(self, context: Context, params: Params) -> Prepared:
        caller, now = context.caller, int(context.services.clock())
        return Prepared(*await context.turn.run(lambda: self._found(params, caller, now)))

    async def _answer(self, context: Context, prepared: Prepared, params: Params) -> RowsAnswer:
        statement, args, ways = prepared
        if context.turn.is_large:
            forget_lists(params)
            if not context.is_in_batch:
                context.turn.leave()
        rows = await context.database.rows(
            statement.sql, args, short=statement.short, limit=statement.limit, asker=context.asker, ways=ways
        )
        if statement.fault is not None and rows.first:
            await rows.close()
            raise statement.fault
        return RowsAnswer(rows, statement.shape)

    def statement(self, params: Params, caller: Caller, now: int = 0) -> tuple[Statement, tuple[SqlValue, ...]]:
        """The statement for the parameters and its bound values; `now` is in seconds.

        Raises ApiError with Zabbix's text for the first fault in the parameters.
        """
        statement, args, _ = self._found(params, caller, now)
        return statement, args

    def ways(self, params: Params, caller: Caller, now: int = 0) -> Search | None:
        """The ways to the same rows, if there are any."""
        return self._found(params, caller, now)[2]

    def _found(self, params: Params, caller: Caller, now: int) -> tuple[Statement, tuple[SqlValue, ...], Search | None]:
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
        bound, ways = Bound(ids, now), compiled.ways
        search = Search(ways.table, partial(ways.steps, bound)) if ways else None
        return compiled, compiled.bound(bound), search

    def _known(self, params: Params, schema: ParamsSchema) -> Params:
        """The parameters that the method has, with current names for deprecated ones."""
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
        """Whether the answer is an empty array, whatever is wrong in the parameters that Zabbix checks later.

        A caller who sees only some fields can edit no object, and finds none by the other fields.
        """
        view = self.resource.view
        if not view.is_partial(caller):
            return False
        first = schema.load({name: value for name, value in others.items() if name in self._checked_first})
        matched = [name for part in ("filter", "search") for name in members(others.get(part)) or ()]
        is_by_hidden = not set(view.limited).issuperset(matched) and not first.get("searchByAny")
        return bool(first.get("editable")) or is_by_hidden


def forget_lists(params: Params) -> None:
    """Frees the values of a large request before its statement runs, which holds them in another form."""
    for value in params.values():
        if isinstance(value, list | dict):
            value.clear()


def _text(params: Params) -> bytes | None:
    """The parameters as the key of a kept statement; None if they are too long or too deep for it."""
    try:
        text = orjson.dumps(params)
    except orjson.JSONEncodeError:
        return None
    return text if len(text) <= LONGEST_KEPT else None


def _take_fault(given: dict[str, Any]) -> ApiError | None:
    """Removes the faults that are raised only if there are rows, and returns the first."""
    faults = {name: value for name, value in given.items() if isinstance(value, ApiError)}
    for name in faults:
        del given[name]
    return next(iter(faults.values()), None)


def _check_group_sort(params: GetParams) -> None:
    """Groups are sorted by the fields that they show; only groups are sorted by a number of rows."""
    counts = [ROWSCOUNT] if params.count_output else []
    for name, _ in params.sort:
        if (params.group_by and name not in (*params.group_by, *counts)) or (name == ROWSCOUNT and not params.group_by):
            raise ApiError(APPLICATION_ERROR, sort_refused(name))


GET_METHODS = {name: GetMethod(resource) for name, resource in RESOURCES.items()}
