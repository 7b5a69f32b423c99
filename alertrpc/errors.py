"""The errors that all rooms share. A JSON-RPC error is one type with a code, a message and its data."""

from collections.abc import Sequence

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
APPLICATION_ERROR = -32500

MESSAGES = {
    PARSE_ERROR: "Parse error",
    INVALID_REQUEST: "Invalid request.",
    METHOD_NOT_FOUND: "Method not found.",
    INVALID_PARAMS: "Invalid params.",
    INTERNAL_ERROR: "Internal error.",
    APPLICATION_ERROR: "Application error.",
}

NO_SUCH_OBJECT = "No permissions to referred object or it does not exist!"


def no_permission(method: str) -> "ApiError":
    return ApiError(APPLICATION_ERROR, f'No permissions to call "{method}".')


class AlertrpcError(Exception):
    """What went wrong, in one line for the person who can mend it."""

    @property
    def faults(self) -> tuple[str, ...]:
        """Each fault, where there are several."""
        return (str(self),)


class SettingsError(AlertrpcError):
    """A setting has a wrong value or an unknown name."""


class StoreError(AlertrpcError):
    """The database cannot be used as it is."""


class Faults(AlertrpcError):
    """Several `faults`, each with its place."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self._faults = tuple(faults)

    @property
    def faults(self) -> tuple[str, ...]:
        return self._faults


class ConfigurationError(Faults, SettingsError):
    """A configuration file declares what cannot be."""


class NameFaults(Faults, StoreError):
    """A configuration names what the database has not, or has already."""


class LoadError(StoreError):
    """A line of a data file is wrong; the text names its number and its fault."""


class QueryTimeout(AlertrpcError):
    """A query ran longer than the time limit and was ended."""


class QueryStopped(AlertrpcError):
    """A query was ended because nobody waits for its answer any more."""


class SlowClient(AlertrpcError):
    """A client takes its answer so slowly that others would wait for it."""


class ServerBusy(AlertrpcError):
    """More is asked at one time than the server takes; the same request may be taken later."""


class DatabaseBusy(AlertrpcError):
    """Another process wrote for so long that a write of ours could not begin."""


class DatabaseUnwritable(AlertrpcError):
    """Nothing can be written: the disk is full, or fails."""


class KeyReused(AlertrpcError):
    """An Idempotency-Key came again with another body."""


class ApiError(AlertrpcError):
    """An error of an API call, as the client is told it: `code` and `data` are Zabbix's."""

    def __init__(self, code: int, data: str) -> None:
        super().__init__(data)
        self.code = code
        self.data = data

    @property
    def message(self) -> str:
        return MESSAGES[self.code]


def invalid_parameter(path: str, fault: str) -> ApiError:
    return ApiError(INVALID_PARAMS, f'Invalid parameter "{path}": {fault}')
