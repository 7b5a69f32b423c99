"""The kinds of parameters that get methods have, told apart by what may be given."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Given(Enum):
    """What a parameter takes."""

    IDS = "an id or an array of ids"
    ID = "an id"
    NUMBER = "a number out of a choice"
    NUMBERS = "a number out of a choice, or an array of them"
    TIMESTAMP = "seconds since 1970-01-01 UTC"
    BOOLEAN = "a boolean"
    FLAG = "anything; set unless null or false"
    TAGS = "an array of tag, operator and value"
    TEXT = "a character string"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of one resource beside those that all have.

    `allowed` are the numbers out of which it takes; `default` counts where it is not given; `null` stands for "not
    given" where it may be.
    """

    given: Given
    allowed: Sequence[int] = ()
    default: object = None
    null: bool = False
