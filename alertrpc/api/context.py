"""What a method is given beside its parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from alertrpc.api.credentials import NOT_AUTHORIZED, Credentials
from alertrpc.api.heavy import Heavy, Turn
from alertrpc.delivery.trials import Trials
from alertrpc.errors import INVALID_PARAMS, ApiError
from alertrpc.records import Caller, Clock
from alertrpc.settings import Settings
from alertrpc.store.database import Database
from alertrpc.store.readers import Asker, nobody_leaves


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the server."""

    settings: Settings
    database: Database
    credentials: Credentials
    trials: Trials
    heavy: Heavy
    clock: Clock
    ring: Callable[[], None]  # tells who delivers that there is something to deliver


SMALL = Turn()


class Context(NamedTuple):
    """One call: who makes it, by which credential, from where.

    `is_gone` tells whether the client has left, `turn` is the request's; it is over when the call's parameters are checked,
    unless other calls of a batch follow.
    """

    services: Services
    remote: str
    credential: str | None = None
    is_gone: Callable[[], bool] = nobody_leaves
    turn: Turn = SMALL
    is_in_batch: bool = False
    known_caller: Caller | None = None

    @property
    def database(self) -> Database:
        return self.services.database

    @property
    def asker(self) -> Asker:
        return Asker(self.caller.userid, self.is_gone)

    @property
    def caller(self) -> Caller:
        """The user who makes the call; raises ApiError where none was asked for."""
        if self.known_caller is None:
            raise ApiError(INVALID_PARAMS, NOT_AUTHORIZED)
        return self.known_caller
