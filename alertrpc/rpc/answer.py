"""Responses as bytes: plain values at once, rows as a stream."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import orjson

from alertrpc.api.get import RowsAnswer
from alertrpc.errors import ApiError
from alertrpc.query.statement import Shape
from alertrpc.records import Json
from alertrpc.rpc.envelope import Id
from alertrpc.store.rows import Rows

_BRACKETS = {Shape.ARRAY: (b"[", b"]"), Shape.OBJECT: (b"{", b"}"), Shape.VALUE: (b"", b"")}


async def _nothing() -> None:
    """Closes an answer that has nothing open."""


@dataclass(slots=True)
class Answer:
    """The first bytes of an answer and, if it is long, the rest as a stream; the receiver calls `close`."""

    first: bytes
    rest: AsyncIterator[bytes] | None = None
    close: Callable[[], Awaitable[None]] = _nothing

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self.first
        if self.rest is not None:
            async for chunk in self.rest:
                yield chunk


def error_answer(error: ApiError, call_id: Id) -> Answer:
    fault = {"code": error.code, "message": error.message, "data": error.data}
    return Answer(orjson.dumps({"jsonrpc": "2.0", "error": fault, "id": call_id}))


def result_answer(result: Json | RowsAnswer, call_id: Id) -> Answer:
    end = b',"id":' + orjson.dumps(call_id) + b"}"
    start = b'{"jsonrpc":"2.0","result":'
    if not isinstance(result, RowsAnswer):
        return Answer(start + orjson.dumps(result) + end)
    rows = result.rows
    shape = Shape.ARRAY if not rows.first else result.shape  # no rows are an empty array, even with preservekeys
    opening, closing = _BRACKETS[shape]
    if rows.is_complete:
        return Answer(b"".join((start, opening, rows.first, closing, end)))
    return Answer(b"".join((start, opening, rows.first)), _rest(rows, closing + end), rows.close)


async def _rest(rows: Rows, end: bytes) -> AsyncIterator[bytes]:
    async for chunk in rows.rest():
        yield chunk
    yield end


async def batch_answer(answers: AsyncIterator[Answer], buffer: int = 64 * 1024) -> Answer | None:
    """The answers of a batch as one array, in chunks of at least `buffer` bytes; None if there are no answers."""
    chunks = _batch_chunks(answers, buffer)
    if (found := await anext(chunks, None)) is None:
        return None
    first, is_last = found
    return Answer(first) if is_last else Answer(first, (chunk async for chunk, _ in chunks), chunks.aclose)


async def _batch_chunks(answers: AsyncIterator[Answer], buffer: int) -> AsyncGenerator[tuple[bytes, bool], None]:
    """Chunks, and whether each is the last."""
    pending, size, separator = [], 0, b"["
    async for answer in answers:
        pending.append(separator)
        separator = b","
        try:
            async for chunk in answer.chunks():
                pending.append(chunk)
                size += len(chunk)
                if size >= buffer:
                    yield b"".join(pending), False
                    pending, size = [], 0
        finally:
            await answer.close()
    if separator == b",":
        yield b"".join([*pending, b"]"]), True
