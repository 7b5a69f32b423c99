"""Values that all rooms share."""

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

Clock = Callable[[], float]
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Params = dict[str, Json]


class UserType(IntEnum):
    """Zabbix's user types (role object, `type`)."""

    USER = 1
    ADMIN = 2
    SUPER_ADMIN = 3


class Caller(NamedTuple):
    """Who makes a call: the user behind its session or API token, and whether the role allows calls at all."""

    userid: int
    type: UserType
    may_call: bool = True

    @property
    def is_super_admin(self) -> bool:
        return self.type is UserType.SUPER_ADMIN
