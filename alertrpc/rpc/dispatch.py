"""From a request body to its answer: each call is checked, its credential looked up, and dispatched by jsonrpcserver."""

import inspect
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from jsonrpcserver import Error, Result, Success, async_dispatch_to_response
from oslash.either import Left

from alertrpc.api.context import Context, Services
from alertrpc.api.get import RowsAnswer
from alertrpc.api.methods import METHODS, OBJECTS, Method
from alertrpc.errors import (
    APPLICATION_ERROR,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    ApiError,
    QueryTimeout,
)
from alertrpc.records import Json
from alertrpc.rpc.answer import Answer, batch_answer, error_answer, result_answer
from alertrpc.rpc.envelope import Call, Fault, parse_body

BEARER = "Bearer "
_SIGNATURE = inspect.signature(lambda context, /, **params: None)

log = logging.getLogger(__name__)


class Dispatcher:
    """Answers request bodies."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._methods = {name: _dispatched(method) for name, method in METHODS.items()}

    async def answer(self, body: bytes, authorization: str | None, remote: str) -> Answer | None:
        """The answer to a request body; None when nothing but notifications came.

        `authorization` is the value of the HTTP header, `remote` the client's address.
        """
        try:
            requests, is_batch = parse_body(body)
        except ApiError as error:
            return error_answer(error, None)
        bearer = _bearer(authorization)
        answers = (await self._answer(request, bearer, remote) for request in requests)
        given = (answer async for answer in answers if answer is not None)
        return await (batch_answer(given) if is_batch else anext(given, None))

    async def _answer(self, request: Call | Fault, bearer: str | None, remote: str) -> Answer | None:
        if isinstance(request, Fault):
            return error_answer(request.error, request.id)
        try:
            method = find_method(request.method)
            credential = _credential(method, bearer, request.auth)
            result = await self._dispatch(method, request, Context(self._services, remote, credential))
        except ApiError as error:
            return None if request.is_notification else error_answer(error, request.id)
        if not request.is_notification:
            return result_answer(result, request.id)
        if isinstance(result, RowsAnswer):
            await result.rows.close()
        return None

    async def _dispatch(self, method: Method, call: Call, context: Context) -> Json | RowsAnswer:
        request = {"jsonrpc": "2.0", "method": method.name.lower(), "params": call.params, "id": None}
        response: Any = await async_dispatch_to_response(
            request,  # type: ignore[arg-type]  # it is parsed already
            self._methods,
            context=context,
            deserializer=_itself,
            validator=_itself,
        )
        if isinstance(response, Left):
            raise ApiError(response._error.code, response._error.data)
        result: Json | RowsAnswer = response._value.result
        return result


def find_method(name: str) -> Method:
    """The method of a name as a client writes it: letter case and what follows a second dot do not count."""
    api, _, rest = name.partition(".")
    method = rest.partition(".")[0]
    if api.lower() not in OBJECTS:
        raise ApiError(METHOD_NOT_FOUND, f'Incorrect API "{api}".')
    if found := METHODS.get(f"{api}.{method}".lower()):
        return found
    raise ApiError(METHOD_NOT_FOUND, f'Incorrect method "{api}.{method}".')


def _itself(request: Any) -> Any:
    return request


def _bearer(authorization: str | None) -> str | None:
    if authorization is None or not authorization.startswith(BEARER):
        return None
    return authorization.removeprefix(BEARER)


def _credential(method: Method, bearer: str | None, auth: str | None) -> str | None:
    """The credential of a call; the header's wins. A public method must come without one."""
    if method.public and bearer is not None:
        raise ApiError(INVALID_PARAMS, f'The "{method.name}" method must be called without authorization header.')
    if method.public and auth is not None:
        raise ApiError(INVALID_PARAMS, f'The "{method.name}" method must be called without the "auth" parameter.')
    return auth if bearer is None else bearer


def _dispatched(method: Method) -> Callable[..., Awaitable[Result]]:
    """The method as jsonrpcserver calls it, with every fault turned into an error that tells nothing internal."""

    async def dispatched(context: Context, /, **params: Json) -> Result:
        try:
            return Success(await method.handler(context if method.public else await _known(context), params))
        except ApiError as error:
            return Error(error.code, error.message, error.data)
        except QueryTimeout as error:
            return Error(APPLICATION_ERROR, "Application error.", str(error))
        except Exception:
            reference = secrets.token_hex(8)
            log.exception("%s failed, reference %s", method.name, reference)
            return Error(INTERNAL_ERROR, "Internal error.", f"Internal error, reference {reference}.")

    dispatched.__signature__ = _SIGNATURE  # type: ignore[attr-defined]  # else it is worked out at every call
    return dispatched


async def _known(context: Context) -> Context:
    if context.credential is None:
        raise ApiError(INVALID_PARAMS, "Not authorized.")
    caller = await context.services.credentials.caller(context.credential)
    return Context(context.services, context.remote, context.credential, caller)
