"""Values that all rooms share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple

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
RECENT = 300  # seconds for which Zabbix shows what has recovered, by default
ALL_SEVERITIES = 63  # the bits of all severities, as in a medium's `severity`


class AlertStatus(IntEnum):
    """What became of an alert: Zabbix's values of `status`. A NEW one is NOT_SENT from its first try on."""

    NOT_SENT = 0
    SENT = 1
    FAILED = 2
    NEW = 3


class Caller(NamedTuple):
    """Who makes a call: the user behind its session or API token, and whether the role allows calls at all.

    The role of a sender lets it push alarms, whatever else the role allows.
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


class Kind(StrEnum):
    """The kinds of media types that can send."""

    SCRIPT = "script"
    HTTP = "http"
    EMAIL = "email"


class SmtpSecurity(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaType:
    """A configured way to send; what belongs to another kind keeps its default. Times are in seconds."""

    name: str
    kind: Kind
    timeout: int = 30
    max_attempts: int = 3
    attempt_interval: int = 10
    max_sessions: int = 1  # 0: no limit
    subject: str = ""
    message: str = ""
    recovery_subject: str = ""
    recovery_message: str = ""
    # script: a file name in scripts_dir
    script: str = ""
    # http: url, headers and body are templates; expect is OCP's response verification
    method: str = "POST"
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    body: str = ""
    expect: str = ""
    proxy: str = ""
    # email
    smtp_server: str = ""
    smtp_port: int = 25
    smtp_helo: str = ""
    smtp_email: str = ""
    smtp_security: SmtpSecurity = SmtpSecurity.NONE
    smtp_verify: bool = True
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """How a user is reached: `sendto` through the named media type, for the severities whose bits are set."""

    media_type: str
    sendto: str
    severities: int = ALL_SEVERITIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A user whose media and user groups are declared; the other members count when the user is made."""

    username: str
    name: str = ""
    surname: str = ""
    user_groups: tuple[str, ...] = ()
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGroup:
    """A user group: the names of its members, and of the host groups that it may read, write, or is denied."""

    name: str
    members: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Whom an action alerts, `after` seconds into a problem; no media types are all of a user's media."""

    after: int = 0
    users: tuple[str, ...] = ()
    user_groups: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Which alarms alert whom. Conditions are globs, one of which must fit; without any, every alarm is taken."""

    name: str
    alarm_type: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    min_severity: Severity = Severity.NOT_CLASSIFIED
    recovery: bool = False
    repeat_every: int | None = None
    resolve_after: int | None = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a configuration file declares beside settings."""

    media_types: tuple[MediaType, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    user_groups: tuple[UserGroup, ...] = ()
    actions: tuple[Action, ...] = ()
