"""The protocol of channels: the message that one sends, and the outcome that it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from alertrpc.delivery.masking import one_line


class Verdict(StrEnum):
    """Whether the alert was sent, is to be sent again, waits because the receiver asked for it, or is given up."""

    SENT = "sent"
    TRY_AGAIN = "try_again"
    WAIT = "wait"
    GIVE_UP = "give_up"


class Reason(StrEnum):
    """The reason of a verdict."""

    DELIVERED = "delivered"
    TIMEOUT = "timeout"
    EXIT_STATUS = "exit_status"  # a script ended with a status other than 0
    KILLED = "killed"  # a script ended by a signal
    UNUSABLE_SCRIPT = "unusable_script"  # missing, outside scripts_dir, not executable, no shebang of Python or Bash
    CANNOT_START = "cannot_start"  # the system could not start the script
    HTTP_STATUS = "http_status"
    UNEXPECTED_ANSWER = "unexpected_answer"  # the answer is not as `expect` says
    HELD = "held"  # the receiver asked to wait
    NETWORK = "network"
    SMTP_REPLY = "smtp_reply"
    INVALID_MESSAGE = "invalid_message"  # the channel cannot write it as it has to
    PROBLEM_FAILED = "problem_failed"  # a recovery, of whose problem the address got no alert
    MISSING_REFERENCE = "missing_reference"  # a variable of the environment or a file that the media type names
    UNUSABLE_MEDIA_TYPE = "unusable_media_type"  # gone, disabled, or of a kind that alertrpc does not send
    INTERNAL = "internal"  # a fault of ours; the log has more


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One attempt.

    `error` is one line for the alert's `error`, empty if it was sent to all. `code` is an exit status, or a code of HTTP or
    SMTP. `after` is the seconds to wait before the next attempt; None: as the media type says. `request` is what was sent,
    without secrets, and `request_cut` whether there was more. A further attempt is only for the `remaining` addresses, if
    there are any; the message `is_taken` if some of the others took it.
    """

    verdict: Verdict
    reason: Reason
    error: str = ""
    code: int | None = None
    answer: str = ""
    stdout: str = ""
    stderr: str = ""
    after: float | None = None
    request: str = ""
    request_cut: bool = False
    remaining: str = ""
    is_taken: bool = False


def failed(verdict: Verdict, reason: Reason, error: str, secrets: tuple[str, ...]) -> Outcome:
    """An attempt without an answer; `secrets` are masked in its error."""
    return Outcome(verdict=verdict, reason=reason, error=one_line(error, secrets))


def sent(**more: Any) -> Outcome:
    """An attempt that sent; `more` are its other members."""
    return Outcome(verdict=Verdict.SENT, reason=Reason.DELIVERED, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One alert. `delivery_id` is the same at every attempt; `variables` are for templates and scripts.

    `references` are the values of `${env:NAME}` and `${file:PATH}`, for templates; `secrets` are the texts to be masked.
    """

    delivery_id: str
    sendto: str
    subject: str
    message: str
    variables: Mapping[str, str]
    references: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    is_remainder: bool = False  # some of the addresses got it before


class Channel(Protocol):
    """Sends through the media types of a kind."""

    async def send(self, media_type: Any, message: Message) -> Outcome:
        """Makes one attempt within the media type's timeout. Raises nothing that a receiver or a file can cause."""
        ...
