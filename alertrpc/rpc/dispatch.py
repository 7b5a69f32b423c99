"""From a request body to its answer: each call is checked, its credential looked up, and dispatched by jsonrpcserver."""

import inspect
import logging
import secrets
from collections.abc import Awaitable, Callable

from jsonrpcserver import Error, Result, Success
from jsonrpcserver.async_dispatcher import dispatch_request
from jsonrpcserver.request import Request
from oslash.either import Left

from alertrpc.api.context import Context, Services
from alertrpc.api.credentials import NOT_AUTHORIZED
from alertrpc.api.get import RowsAnswer
from alertrpc.api.methods import METHODS, OBJECTS, Method
from alertrpc.errors import (
    APPLICATION_ERROR,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    ApiError,
    DatabaseBusy,
    DatabaseUnwritable,
    QueryTimeout,
    no_permission,
)
from alertrpc.records import Json
from alertrpc.rpc.answer import Answer, batch_answer, error_answer, result_answer
from alertrpc.rpc.envelope import Call, Fault, parse_body

BEARER = "Bearer "
_BY_EXACT_NAME = {method.name: method for method in METHODS.values()}
_SIGNATURE = inspect.signature(lambda context, /, **params: None)

log = logging.getLogger(__name__)


class Dispatcher:
    """Answers request bodies."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._methods = {method.name: _dispatched(method) for method in METHODS.values()}

    async def answer(self, body: bytes, authorization: str | None, remote: str) -> Answer | None:
        """The answer to a request body; None when nothing but notifications came.

        `authorization` is the value of the HTTP header, `remote` the client's address.
        """
        try:
            return await self._answer_body(body, authorization, remote)
        except Exception as fault:
            return error_answer(_as_api_error(fault, "a request"), None)

    async def _answer_body(self, body: bytes, authorization: str | None, remote: str) -> Answer | None:
        requests, is_batch = parse_body(body)
        bearer = _bearer(authorization)
        if not is_batch:
            return await self._answer(requests[0], bearer, remote)
        answers = (await self._answer(request, bearer, remote) for request in requests)
        given = (answer async for answer in answers if answer is not None)
        return await batch_answer(given)

    async def _answer(self, request: Call | Fault, bearer: str | None, remote: str) -> Answer | None:
        if isinstance(request, Fault):
            return error_answer(request.error, request.id)
        try:
            method = find_method(request.method)
            credential = _credential(method, request, bearer)
            result = await self._dispatch(method, request, Context(self._services, remote, credential))
        except ApiError as error:
            return None if request.is_notification else error_answer(error, request.id)
        if not request.is_notification:
            return result_answer(result, request.id)
        if isinstance(result, RowsAnswer):
            await result.rows.close()
        return None

    async def _dispatch(self, method: Method, call: Call, context: Context) -> Json | RowsAnswer:
        # The step of jsonrpcserver that calls a method; those before it would parse and check what is checked already.
        _, outcome = await dispatch_request(self._methods, context, Request(method.name, call.params, None))
        if isinstance(outcome, Left):
            raise ApiError(outcome._error.code, outcome._error.data)
        result: Json | RowsAnswer = outcome._value.result
        return result


def find_method(name: str) -> Method:
    """The method of a name as a client writes it: letter case and what follows a second dot do not count."""
    if found := _BY_EXACT_NAME.get(name):
        return found
    api, _, rest = name.partition(".")
    method = rest.partition(".")[0]
    if api.lower() not in OBJECTS:
        raise ApiError(METHOD_NOT_FOUND, f'Incorrect API "{api}".')
    if found := METHODS.get(f"{api}.{method}".lower()):
        return found
    raise ApiError(METHOD_NOT_FOUND, f'Incorrect method "{api}.{method}".')


def _bearer(authorization: str | None) -> str | None:
    if authorization is None or not authorization.startswith(BEARER):
        return None
    return authorization.removeprefix(BEARER)


def _credential(method: Method, call: Call, bearer: str | None) -> str | None:
    """The credential of a call; the header's wins. A public method must come without one."""
    if not method.public or (bearer is None and call.auth is None):
        return call.auth if bearer is None else bearer
    name = ".".join(call.method.split(".")[:2])  # as the client wrote it
    where = 'the "auth" parameter' if bearer is None else "authorization header"
    raise ApiError(INVALID_PARAMS, f'The "{name}" method must be called without {where}.')


def _dispatched(method: Method) -> Callable[..., Awaitable[Result]]:
    """The method as jsonrpcserver calls it, with every fault turned into an error that tells nothing internal."""

    async def dispatched(context: Context, /, **params: Json) -> Result:
        try:
            return Success(await method.handler(context if method.public else await _known(method, context), params))
        except Exception as fault:
            error = _as_api_error(fault, method.name)
            return Error(error.code, error.message, error.data)

    dispatched.__signature__ = _SIGNATURE  # type: ignore[attr-defined]  # else it is worked out at every call
    return dispatched


def _as_api_error(fault: Exception, what: str) -> ApiError:
    """The fault as the client is told it; one that nobody foresaw is logged under a reference."""
    if isinstance(fault, ApiError):
        return fault
    if isinstance(fault, QueryTimeout | DatabaseBusy | DatabaseUnwritable):
        return ApiError(APPLICATION_ERROR, str(fault))
    reference = secrets.token_hex(8)
    log.error("%s failed, reference %s", what, reference, exc_info=fault)
    return ApiError(INTERNAL_ERROR, f"Internal error, reference {reference}.")


async def _known(method: Method, context: Context) -> Context:
    """The context with the caller behind its credential."""
    if context.credential is None:
        raise ApiError(INVALID_PARAMS, NOT_AUTHORIZED)
    caller = await context.services.credentials.caller(context.credential)
    if not caller.may_call:
        raise no_permission(method.name)
    return Context(context.services, context.remote, context.credential, caller)
