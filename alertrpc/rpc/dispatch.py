"""Answers request bodies: checks each call, looks up its credential, and dispatches it with jsonrpcserver."""

import inspect
import logging
import secrets
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any, NamedTuple

from jsonrpcserver import Result, Success, dispatch_to_serializable
from jsonrpcserver.utils import identity

from alertrpc import errors
from alertrpc.api.context import SMALL, Context, Services
from alertrpc.api.credentials import NOT_AUTHORIZED
from alertrpc.api.get import GetMethod, OtherCaller, RowsAnswer
from alertrpc.api.heavy import Turn
from alertrpc.api.methods import METHODS, OBJECTS, Method
from alertrpc.errors import ApiError, Unanswered, no_permission
from alertrpc.intake.parsing import Bytes, most_values
from alertrpc.records import Caller, Json, Params
from alertrpc.rpc.answer import Answer, batch_answer, error_answer, result_answer
from alertrpc.rpc.envelope import Call, Fault, Requests, parse_body
from alertrpc.store.readers import nobody_leaves

BEARER = "Bearer "
_SIGNATURE = inspect.signature(lambda context, /, **params: None)

log = logging.getLogger(__name__)


class Asked(NamedTuple):
    """The calls of a body. Its turn is over when they are answered."""

    requests: Requests
    is_batch: bool
    turn: Turn


class Client(NamedTuple):
    """The client of a request: its header Authorization, its address, and a test whether it has left."""

    authorization: str | None
    remote: str
    is_gone: Callable[[], bool] = nobody_leaves


class Dispatcher:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._methods = {method.name: _dispatched(method) for method in METHODS.values()}

    async def parse(self, body: Bytes, *, is_known: bool) -> Asked:
        """Parses a body; a large one waits for its turn. `is_known`: its header has a valid credential."""
        turn = SMALL
        try:
            turn = await self._services.heavy.turn(len(body), most_values(body), is_known=is_known)
            requests, is_batch = await turn.run(partial(parse_body, body))
        except BaseException as fault:
            turn.leave()
            if not isinstance(fault, Exception):
                raise
            return Asked([Fault(_as_api_error(fault, "a request"))], False, SMALL)
        return Asked(requests, is_batch, turn)

    async def answer(self, asked: Asked, client: Client) -> Answer | None:
        """The answer to a request body; None if it has only notifications."""
        if asked.is_batch:
            return await batch_answer(self._answers(asked, client))
        try:
            return await self._answer(asked.requests[0], asked, client)
        except Exception as fault:
            return error_answer(_as_api_error(fault, "a request"), None)
        finally:
            asked.turn.leave()

    async def _answers(self, asked: Asked, client: Client) -> AsyncGenerator[Answer, None]:
        """The answers of a batch; each call is made once the answers before it are taken."""
        try:
            for request in asked.requests:
                if client.is_gone():
                    return
                if (answer := await self._answer(request, asked, client)) is not None:
                    yield answer
        finally:
            asked.turn.leave()

    async def _answer(self, request: Call | Fault, asked: Asked, client: Client) -> Answer | None:
        if isinstance(request, Fault):
            return error_answer(request.error, request.id)
        try:
            method = find_method(request.method)
            credential = _credential(method, request, bearer_of(client.authorization))
            context = Context(self._services, client.remote, credential, client.is_gone, asked.turn, asked.is_batch)
            result = await self._dispatch(method, request, context)
        except ApiError as error:
            return None if request.is_notification else error_answer(error, request.id)
        if not request.is_notification:
            return result_answer(result, request.id)
        if isinstance(result, RowsAnswer):
            await result.rows.close()
        return None

    async def _dispatch(self, method: Method, call: Call, context: Context) -> Json | RowsAnswer:
        request = {"method": method.name, "params": call.params, "id": None}
        answer: Any = dispatch_to_serializable(  # the request is parsed and checked already
            request, self._methods, context=context, deserializer=identity, validator=identity
        )
        try:
            result: Json | RowsAnswer = await answer["result"]
        except Exception as fault:
            raise _as_api_error(fault, method.name) from None
        return result


def find_method(name: str) -> Method:
    """The method that a client names; letter case and anything after a second dot are ignored."""
    api, _, rest = name.partition(".")
    method = rest.partition(".")[0]
    if api.lower() not in OBJECTS:
        raise ApiError(errors.METHOD_NOT_FOUND, f'Incorrect API "{api}".')
    if found := METHODS.get(f"{api}.{method}".lower()):
        return found
    raise ApiError(errors.METHOD_NOT_FOUND, f'Incorrect method "{api}.{method}".')


def bearer_of(authorization: str | None) -> str | None:
    """The credential in the header Authorization, if any."""
    given = authorization or ""
    return given.removeprefix(BEARER) if given.startswith(BEARER) else None


def _credential(method: Method, call: Call, bearer: str | None) -> str | None:
    """The credential of a call; the header's wins. A public method must be called without one."""
    if not method.public or (bearer is None and call.auth is None):
        return call.auth if bearer is None else bearer
    name = ".".join(call.method.split(".")[:2])  # as the client wrote it
    where = 'the "auth" parameter' if bearer is None else "authorization header"
    raise ApiError(errors.INVALID_PARAMS, f'The "{name}" method must be called without {where}.')


def _dispatched(method: Method) -> Callable[..., Result]:
    """The method as jsonrpcserver calls it. It returns an awaitable: jsonrpcserver would create a task for each call."""

    def dispatched(context: Context, /, **params: Json) -> Result:
        return Success(_called(method, context, params))

    dispatched.__signature__ = _SIGNATURE  # type: ignore[attr-defined]  # else jsonrpcserver inspects it at every call
    return dispatched


async def _called(method: Method, context: Context, params: Params) -> Json | RowsAnswer:
    """Calls a method; unless it is public, its context gets the caller behind the credential."""
    if not method.public:
        if context.credential is None:
            raise ApiError(errors.INVALID_PARAMS, NOT_AUTHORIZED)
        caller = await _answer_at_once(method, context, params)
        if isinstance(caller, RowsAnswer):
            return caller
        caller = caller or await context.services.credentials.caller(context.credential)
        if not caller.may_call:
            raise no_permission(method.name)
        context = context._replace(known_caller=caller)
    return await method.handler(context, params)


async def _answer_at_once(method: Method, context: Context, params: Params) -> RowsAnswer | Caller | None:
    """The answer of a get method if the credential has the caller of its last call, or else its caller if that is known."""
    if context.turn.is_large or not isinstance(method.handler, GetMethod):
        return None
    assert context.credential is not None
    remembered = context.services.credentials.remembered(context.credential)
    if remembered is None or not remembered.caller.may_call:
        return None
    try:
        return await method.handler.at_once(context._replace(known_caller=remembered.caller), params, remembered)
    except OtherCaller as other:
        return other.caller


def _as_api_error(fault: Exception, what: str) -> ApiError:
    """The error that the client receives; an unexpected exception is logged under a reference."""
    if isinstance(fault, ApiError):
        return fault
    if isinstance(fault, Unanswered):
        return ApiError(errors.APPLICATION_ERROR, str(fault))
    reference = secrets.token_hex(8)
    log.error("%s failed, reference %s", what, reference, exc_info=fault)
    return ApiError(errors.INTERNAL_ERROR, f"Internal error, reference {reference}.")
