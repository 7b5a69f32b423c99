"""The errors that all rooms share. A JSON-RPC error is one type with a code, a message and its data."""

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
    """What went wrong, for the person who can fix it: a line for each of `faults`."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class SettingsError(AlertrpcError):
    """A setting has a wrong value or an unknown name."""


class StoreError(AlertrpcError):
    """The database cannot be used."""


class ConfigurationError(SettingsError):
    """A configuration file, or several settings, are invalid."""


class NameFaults(StoreError):
    """A configuration uses names that are unknown in the database, or taken."""


class LoadError(StoreError):
    """A line of a data file is wrong; the text names its number and its fault."""


class Unanswered(AlertrpcError):
    """The server cannot answer a request; the text tells the client why."""


class QueryTimeout(Unanswered):
    """A query ran longer than the time limit and was stopped."""


class QueryStopped(Unanswered):
    """A query was stopped because its client has left."""


class SlowClient(AlertrpcError):
    """A client reads its answer too slowly and holds up others."""


class ServerBusy(Unanswered):
    """Too much is asked at one time; the same request may succeed later."""


class DatabaseBusy(Unanswered):
    """Another process held the database's write lock too long."""


class DatabaseUnwritable(Unanswered):
    """Nothing can be written: the disk is full, or fails."""


class KeyReused(AlertrpcError):
    """An Idempotency-Key came again with another body."""


class ApiError(AlertrpcError):
    """An error of an API call as the client receives it: `code`, `message` and `data` are Zabbix's."""

    def __init__(self, code: int, data: str) -> None:
        super().__init__(data)
        self.code, self.message, self.data = code, MESSAGES[code], data


def invalid_parameter(path: str, fault: str) -> ApiError:
    return ApiError(INVALID_PARAMS, f'Invalid parameter "{path}": {fault}')
