"""What can be kept of the texts of a body: what is too long is cut, and what the database cannot hold is left out.

Senders never mend a body, so that an alarm is not lost for such a fault; it is a warning with its place.
"""

import json
from collections.abc import Callable
from typing import Any, TypeGuard

from alertrpc.intake.bodies import STORABLE, BodyFault, Warnings, is_storable, storable
from alertrpc.intake.checks import members
from alertrpc.records import Json

LONGEST_NAME = 255
LONGEST_SUMMARY = 2048
LONGEST_LABEL = 2**16
LONGEST_DESCRIPTION = 2**20
MOST_LABELS = 10_000

Keep = Callable[[Json, Warnings], str]
STRING = "a character string is expected"
_NUL = "\0"


def text(most: int) -> Keep:
    """A text, or a number or a boolean as JSON spells it."""

    def keep(value: Json, warnings: Warnings) -> str:
        return cut(whole_text(value, warnings), most, warnings)

    return keep


def or_left_out(keep: Keep) -> Keep:
    """A text that an alarm can do without: "" in place of any other value."""

    def keep_or_leave_out(value: Json, warnings: Warnings) -> str:
        try:
            return keep(value, warnings)
        except BodyFault as fault:
            warnings.add(f"left out: {fault.fault}")
            return ""

    return keep_or_leave_out


def whole_text(value: Json, warnings: Warnings) -> str:
    """The same of any length."""
    given = _spelled(value)
    if given is None:
        raise BodyFault(STRING)
    if is_storable(given):
        return given
    warnings.add("NUL and lone surrogates were left out")
    return storable(given)


def cut(given: str, most: int, warnings: Warnings, *steps: str) -> str:
    """The start of a text; the steps lead to its place."""
    if len(given) <= most:
        return given
    for step in steps:
        warnings = warnings.within(step)
    warnings.add(f"cut to {most} characters")
    return given[:most]


def link(most: int) -> Keep:
    """A text that is left out if it is too long, as the start of an address leads nowhere."""

    def keep(value: Json, warnings: Warnings) -> str:
        given = whole_text(value, warnings)
        if len(given) <= most:
            return given
        warnings.add(f"left out, as it has more than {most} characters")
        return ""

    return keep


def annotations(value: Json, warnings: Warnings) -> dict[str, str]:
    """An object of texts; null counts as absent, and what is no text is left out."""
    return _texts(value, LONGEST_DESCRIPTION, warnings, whole_text)


def labels(value: Json, warnings: Warnings) -> dict[str, str]:
    """The same of labels, of which one is left out whose value has a NUL."""
    return _texts(value, LONGEST_LABEL, warnings, _label)


def _label(value: Json, _: Warnings) -> str:
    given = _spelled(value)
    if given is None:
        raise BodyFault(STRING)
    if not is_storable(given):
        raise BodyFault(STORABLE)
    return given


def _texts(value: Json, most: int, warnings: Warnings, keep: Keep) -> dict[str, str]:
    given = members(value)
    if len(given) > MOST_LABELS:
        raise BodyFault(f"an object of at most {MOST_LABELS} members is expected")
    if _are_texts(given, most):
        return given
    kept = {}
    for name, member in given.items():
        within = warnings.within(name)
        try:
            _require_name(name)
            if member is not None:
                kept[name] = cut(keep(member, within), most, within)
        except BodyFault as fault:
            within.add(f"left out: {fault.fault}")
    return kept


def _require_name(name: str) -> None:
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BodyFault(f"a name of 1 to {LONGEST_NAME} characters is expected")
    if not is_storable(name):
        raise BodyFault("a name without NUL and lone surrogates is expected")


def _spelled(value: Json) -> str | None:
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _are_texts(given: dict[str, Any], most: int) -> TypeGuard[dict[str, str]]:
    """Whether there is nothing to leave out, by one look at all texts together, which is much faster."""
    try:
        together = _NUL.join([*given, *given.values()])
        if not together.isascii():
            together.encode()
    except (TypeError, UnicodeEncodeError):
        return False
    are_short = len(together) <= most and max(map(len, given), default=0) <= LONGEST_NAME
    return are_short and "" not in given and together.count(_NUL) == max(0, 2 * len(given) - 1)
