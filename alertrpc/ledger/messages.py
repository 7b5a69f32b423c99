"""Subject and message of an alert, from the templates of its media type or the default ones."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from alertrpc.ledger.templates import Place, render
from alertrpc.records import Ended, Operation

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
LINK = "\nLink: ${problem_link}"  # the end of the default message, if there are links
LONGEST_SUBJECT = 2048  # characters

_NOT_OF_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # Unicode's category Cc, and its line breaks


def subject_line(text: str) -> str:
    """The text's first LONGEST_SUBJECT characters as one line: control characters and line breaks are a space each."""
    return _NOT_OF_A_LINE.sub(" ", text[:LONGEST_SUBJECT])


def _cut(_place: Place, value: str) -> str:
    return value[:LONGEST_SUBJECT]


class Texts(NamedTuple):
    """The templates of a subject and a message; "" where there is none."""

    subject: str = ""
    message: str = ""


# What introduces the words of a recovery that has none of its own, by how the alarm ended.
RESOLVED = Texts("Resolved: ", "Resolved at ${alarm_resolved_at} after ${alarm_duration} s.\n")
EXPIRED = Texts(
    "No longer reported: ", "It is no longer reported, at ${alarm_resolved_at} after ${alarm_duration} s.\n"
)
# The same of an update.
WORSE = Texts(
    "Worse (from ${alarm_previous_level} to ${alarm_level}): ",
    "The level rose from ${alarm_previous_level} to ${alarm_level}.\n",
)


class Templates(NamedTuple):
    """Of problems, of their recoveries, and of updates that tell that they got worse."""

    problem: Texts
    recovery: Texts
    update: Texts

    @classmethod
    def of(cls, texts: Mapping[int, tuple[str, str]]) -> "Templates":
        """The templates given by their operations."""
        return cls(*[Texts(*texts.get(operation, ())) for operation in Operation])

    def rendered(self, variables: Mapping[str, str], operation: Operation) -> tuple[str, str]:
        """Subject, as `subject_line` makes it, and message.

        A recovery or an update without a text of its own has that of the problem, introduced by words that say what
        happened.
        """
        subject, message = self[operation]
        before = _introduction(variables, operation)
        usual = MESSAGE + LINK if variables["problem_link"] else MESSAGE
        subject = subject or before.subject + (self.problem.subject or SUBJECT)
        message = message or before.message + (self.problem.message or usual)
        return subject_line(render(subject, variables, _cut)), render(message, variables)


def _introduction(variables: Mapping[str, str], operation: Operation) -> Texts:
    if operation is Operation.PROBLEM:
        return Texts()
    if operation is Operation.UPDATE:
        return WORSE
    return EXPIRED if variables["alarm_ended"] == Ended.EXPIRED else RESOLVED


DEFAULTS = Templates.of({})
