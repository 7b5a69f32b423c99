"""Values that all rooms share."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import Field, dataclass, field, fields
from enum import IntEnum, StrEnum
from typing import Any, ClassVar, NamedTuple, Self

from alertrpc.values import Rate

Clock = Callable[[], float]
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Params = dict[str, Json]


class UserType(IntEnum):
    """Zabbix's user types (role object, `type`)."""

    USER = 1
    ADMIN = 2
    SUPER_ADMIN = 3

    @property
    def spelled(self) -> str:
        """Such as `Super admin`."""
        return self.name.replace("_", " ").capitalize()


class Severity(IntEnum):
    """Zabbix's severities of triggers and events."""

    NOT_CLASSIFIED = 0
    INFORMATION = 1
    WARNING = 2
    AVERAGE = 3
    HIGH = 4
    DISASTER = 5


SEVERITIES = tuple(map(int, Severity))
RECENT = 300  # seconds for which Zabbix shows recovered problems by default
ALL_SEVERITIES = 63  # the bits of all severities, as in a medium's `severity`


class AlertStatus(IntEnum):
    """The state of an alert: Zabbix's values of `status`. A NEW one is NOT_SENT from its first attempt on."""

    NOT_SENT = 0
    SENT = 1
    FAILED = 2
    NEW = 3


class Operation(IntEnum):
    """What a message tells of: Zabbix's values of `recovery` in message templates."""

    PROBLEM = 0
    RECOVERY = 1
    UPDATE = 2


class Ended(StrEnum):
    """How an alarm ended: its sender said that it is over, or did not report it any more."""

    RESOLVED = "resolved"
    EXPIRED = "expired"


class Queued(IntEnum):
    """The state of an alert in the queue. LATER has a time; BEHIND waits for another alert of its line.

    TOGETHER goes with the severest alert of its digest.
    """

    READY = 0
    LATER = 1
    BEHIND = 2
    SENDING = 3
    TOGETHER = 4


class Caller(NamedTuple):
    """The user behind a session, API token or password. `may_call`: the role allows calls of the API.

    `is_sender`: the role lets the user push alarms, whatever else it allows.
    """

    userid: int
    type: UserType
    may_call: bool = True
    is_sender: bool = False

    @property
    def is_super_admin(self) -> bool:
        return self.type is UserType.SUPER_ADMIN

    @property
    def may_push(self) -> bool:
        return self.is_sender or (self.may_call and self.type >= UserType.ADMIN)


class SmtpSecurity(IntEnum):
    """Zabbix's securities of connections to mail servers."""

    NONE = 0
    STARTTLS = 1
    TLS = 2


SMTP_SECURITIES = {security.name.lower(): security for security in SmtpSecurity}


HOLDS_MEDIA_TYPE, HOLDS_ADDRESS = "media_type", "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaType:
    """A configured way to send. Each kind is a subclass that adds its own keys. Times are in seconds."""

    name: str
    timeout: int = 30
    max_attempts: int = 10
    attempt_interval: int = 10
    attempt_growth: float = 2.0  # of the pause, from one attempt to the next
    give_up_after: int | None = 3600  # None: Zabbix's rule, all attempts at a fixed interval
    max_sessions: int = 1  # 0: no limit
    rate: Rate | None = None
    address_rate: Rate | None = None  # of each address
    hold: str = HOLDS_MEDIA_TYPE  # what a receiver that asks to wait holds
    digest: int = 0  # more alerts than this that wait for an address go as one message; 0: none do
    digest_bytes: int = 4096  # of a digest's message at most
    digest_subject: str = ""
    digest_message: str = ""
    subject: str = ""
    message: str = ""
    recovery_subject: str = ""
    recovery_message: str = ""
    update_subject: str = ""
    update_message: str = ""

    kind: ClassVar[str]  # the file's `type`
    zabbix_type: ClassVar[int] = 4  # Zabbix's number of a webhook, which several kinds may share
    channel: ClassVar[
        Callable[..., AbstractAsyncContextManager[Any]]
    ]  # opens the sending channel with Settings and a Clock

    @classmethod
    def own(cls) -> tuple[Field[Any], ...]:
        """The keys that the kind adds."""
        return fields(cls)[len(fields(MediaType)) :]

    @classmethod
    def declared(cls, **values: Any) -> Self:
        """The media type with the keys of a file; a kind may override it to derive defaults from other keys."""
        return cls(**values)

    @staticmethod
    def check_sendto(sendto: str) -> None:
        """Raises ValueError if nothing can be sent to an address."""

    def secrets(self) -> Iterable[str]:
        """Texts that answers must not show, besides the keys that are secret as a whole."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """How a user is reached: `sendto` through the named media type, for the severities whose bits are set."""

    media_type: str
    sendto: str
    severities: int = ALL_SEVERITIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A user whose media and user groups are declared; the other members are used only when the user is created."""

    username: str
    name: str = ""
    surname: str = ""
    user_groups: tuple[str, ...] = ()
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGroup:
    """A user group: the names of its members, and of the host groups that it may read, may write, or is denied."""

    name: str
    members: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Whom an action alerts `after` seconds of a problem; without media types, through all of a user's media."""

    after: int = 0
    users: tuple[str, ...] = ()
    user_groups: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()


class Recovery(IntEnum):
    """Whom an action tells that a problem is over: nobody, those whom it told of the problem, or also those it could not."""

    NEVER = 0
    TOLD = 1
    ALWAYS = 2

    @property
    def spelled(self) -> str:
        """As a configuration file has it."""
        return ("false", "true", "always")[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Which alarms alert whom. Each condition is a list of globs, one of which must match; an empty one always holds."""

    name: str
    alarm_type: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    min_severity: Severity = Severity.NOT_CLASSIFIED
    recovery: Recovery = Recovery.NEVER
    repeat_every: int | None = None
    resolve_after: int | None = None
    updates: bool = False  # whether those who were told of a problem are told that it got worse
    settle: int = 0  # seconds for which an alarm that ended stays active, as it may come again
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a configuration file declares besides settings."""

    media_types: tuple[MediaType, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    user_groups: tuple[UserGroup, ...] = ()
    actions: tuple[Action, ...] = ()
