"""What a method gets beside its parameters: the services of the server, and the context of the call."""

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
    """Objects that live as long as the server."""

    settings: Settings
    database: Database
    credentials: Credentials
    trials: Trials
    heavy: Heavy
    clock: Clock
    ring: Callable[[], None]  # tells the deliverer that alerts are due


SMALL = Turn()


class Context(NamedTuple):
    """One call: the client's address, the credential and the caller.

    `is_gone` tells whether the client has left. `turn` is the turn of the request. It ends when the parameters are checked,
    unless the call is in a batch.
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
        """The user who makes the call; raises ApiError for a call without a credential."""
        if self.known_caller is None:
            raise ApiError(INVALID_PARAMS, NOT_AUTHORIZED)
        return self.known_caller
