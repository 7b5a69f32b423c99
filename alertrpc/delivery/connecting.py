"""Faults of connections: the address and the reason, without the libraries' own words."""

import os
import socket
import ssl


def connection_fault(host: str, port: int | None, error: BaseException) -> str:
    address = f"[{host}]" if ":" in host else host
    return f"cannot connect to {address}:{port}: {_reason(error)}"


def _reason(error: BaseException) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate cannot be trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"it does not speak TLS as expected: {error.reason or error}"
        case socket.gaierror():
            return error.strerror or str(error)
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)  # asyncio's text names a call of Python
        case _:
            return str(error) or type(error).__name__
