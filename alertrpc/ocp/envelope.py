"""OCP's envelope around data, or around an error.

Source: OCP's "API call description"
(https://github.com/oceanbase/ocp-doc/blob/V4.2.2/en-US/1900.reference-guide/200.api-reference/200.api-call-description.md).
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

NO_HEADERS: Mapping[str, str] = {}
NO_SUCH_ALARM, NO_SUCH_CHANNEL = 70001, 40001  # OCP's codes; otherwise the code is the HTTP status


class OcpFault(Exception):
    """A request that is refused: HTTP status, OCP's code, one line of text, and headers."""

    def __init__(
        self, status: int, message: str, *, code: int | None = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = status if code is None else code
        self.headers = headers

    @property
    def content(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message}}


def envelope(content: Mapping[str, Any], status: int, host: str, started: float, trace: str) -> bytes:
    """`content` in the envelope; `started` is the request's start by `time.perf_counter`."""
    return orjson.dumps(
        {
            **content,
            "duration": round(1000 * (time.perf_counter() - started)),
            "server": host.encode(errors="replace").decode(),  # a client may send any bytes
            "status": status,
            "successful": status < 400,
            "timestamp": datetime.now().astimezone().isoformat(timespec="milliseconds"),
            "traceId": trace,
        }
    )
