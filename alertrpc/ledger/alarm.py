"""One push of a sender, whatever form it had."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson


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
    endpoint: str = "ocp"  # that the push came to
    is_active: bool = True
    active_at: int | None = None  # None: when the push arrives
    ended_by_clock: bool = False  # it is over because its end lies in the past; the sender does not say so otherwise
    resolved_at: int | None = None  # None: when the push arrives; only used if not active
    expires_at: int | None = None  # an active alarm recovers then, unless it is pushed again

    def digest(self, revision: int) -> str:
        """The SHA-256 of all that the push says but its times, and of the revision of the rules that take it."""
        named = (self.alarm_type, self.target, self.name, self.level)
        texts = (self.summary, self.description, self.url, dict(self.labels), dict(self.annotations))
        return hashlib.sha256(orjson.dumps((revision, *named, *texts))).hexdigest()
