"""Subject and message of an alert, from the templates of its media type or the default ones."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from alertrpc.ledger.templates import render
from alertrpc.records import Ended

SUBJECT = "${alarm_level}: ${alarm_name} on ${alarm_target}"
MESSAGE = """\
Alarm: ${alarm_name}
Target: ${alarm_target}
Level: ${alarm_level} (${alarm_level_number})
Status: ${alarm_status}
Since: ${alarm_active_at}
Summary: ${alarm_summary}
Description: ${alarm_description}
Alarm id: ${alarm_id}"""
# What introduces the words of a recovery that has none of its own, by how the alarm ended.
RESOLVED = ("Resolved: ", "Resolved at ${alarm_resolved_at} after ${alarm_duration} s.\n")
EXPIRED = ("No longer reported: ", "It is no longer reported, at ${alarm_resolved_at} after ${alarm_duration} s.\n")
LONGEST_SUBJECT = 2048  # characters

_NOT_OF_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # Unicode's category Cc, and its line breaks


def subject_line(text: str) -> str:
    """The text's first LONGEST_SUBJECT characters as one line: control characters and line breaks are a space each."""
    return _NOT_OF_A_LINE.sub(" ", text[:LONGEST_SUBJECT])


def _cut(_name: str, value: str) -> str:
    return value[:LONGEST_SUBJECT]


class Templates(NamedTuple):
    """Of problems, and of their recoveries."""

    subject: str
    message: str
    recovery_subject: str
    recovery_message: str

    @classmethod
    def of(cls, texts: Mapping[int, tuple[str, str]]) -> "Templates":
        """The templates given for problems (0) and recoveries (1); for problems there are default ones."""
        subject, message = texts.get(0, ("", ""))
        recovery_subject, recovery_message = texts.get(1, ("", ""))
        return cls(subject or SUBJECT, message or MESSAGE, recovery_subject, recovery_message)

    def rendered(self, variables: Mapping[str, str], *, is_recovery: bool) -> tuple[str, str]:
        """Subject, as `subject_line` makes it, and message.

        A recovery without a text of its own has that of the problem, introduced by words that say how it ended.
        """
        subject, message = self.subject, self.message
        if is_recovery:
            how = EXPIRED if variables.get("alarm_ended") == Ended.EXPIRED else RESOLVED
            subject, message = self.recovery_subject or how[0] + subject, self.recovery_message or how[1] + message
        return subject_line(render(subject, variables, _cut)), render(message, variables)


DEFAULTS = Templates.of({})
