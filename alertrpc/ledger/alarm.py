"""One push of a sender, whatever form it had."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One push. Times are in milliseconds since 1970-01-01 UTC."""

    identity: str  # pushes with the same identity are of one alarm
    alarm_type: str
    target: str
    name: str
    level: int  # OCP's, 1 (worst) to 5
    labels: Mapping[str, str]
    summary: str = ""
    description: str = ""
    url: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    is_active: bool = True
    active_at: int | None = None  # None: when the push arrives
    resolved_at: int | None = None  # None: when the push arrives; only used if not active
    expires_at: int | None = None  # an active alarm recovers then, unless it is pushed again
