"""The words of a digest: one message that tells of many alerts, the severest first."""

from collections.abc import Sequence
from typing import NamedTuple

from alertrpc.ledger.messages import subject_line
from alertrpc.ledger.templates import names, render
from alertrpc.ledger.variables import Digest, Told, Variables

SUBJECT = "${alarm_count} alarms, the severest: ${subject}"
MESSAGE = "${alarm_count} alarms, the severest first:\n${alarms}"


class Words(NamedTuple):
    """Subject and message of a digest, and the lines of its alerts."""

    subject: str
    message: str
    alarms: str


def digest_words(subject: str, message: str, most_bytes: int, told: Told, lines: Sequence[str], alarms: int) -> Words:
    """The words from the templates of a media type, where "" is the default one.

    `told` is about the severest alert, `lines` has a line for each alert, and `alarms` is the number of alarms. The message
    has at most so many bytes: of the lines that do not fit, it tells only the number.
    """
    subject, message = subject or SUBJECT, message or MESSAGE
    uses = names(message).count("alarms")
    around = len(render(message, Variables(told._replace(digest=Digest(alarms, "")))).encode())
    listed = fitting(lines, (most_bytes - around) // uses if uses else most_bytes)
    variables = Variables(told._replace(digest=Digest(alarms, listed)))
    return Words(
        subject_line(render(subject, variables, lambda _, text: subject_line(text))),
        cut(render(message, variables), most_bytes),
        listed,
    )


def fitting(lines: Sequence[str], most_bytes: int) -> str:
    """The first lines that fit into so many bytes, and how many more there are."""
    sizes = [len(line.encode()) + 1 for line in lines]
    if sum(sizes) - 1 <= most_bytes:
        return "\n".join(lines)
    room = most_bytes - len(_more(len(lines)))
    count = 0
    while count < len(lines) and (room := room - sizes[count]) >= 0:
        count += 1
    return "\n".join([*lines[:count], _more(len(lines) - count)])


def _more(count: int) -> str:
    return f"and {count} more"


def cut(text: str, most_bytes: int) -> str:
    """The start of a text that has at most so many bytes in UTF-8."""
    return text.encode()[:most_bytes].decode(errors="ignore")
