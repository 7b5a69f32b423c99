"""The parameters that a get method has beside those that all have: what may be given, and what is asked by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

Names = tuple[str, ...]


class Given(Enum):
    """What a parameter takes."""

    ANYTHING = "any value but null sets it"
    TRUTH = "what PHP takes for true or false"
    BOOLEAN = "true or false"
    ID = "an id"
    IDS = "an id or an array of ids"
    NUMBER = "a number"
    NUMBERS = "a number or an array of numbers"
    TIME = "seconds since 1970-01-01 UTC"
    TEXT = "a text"
    TAGS = "an array of objects with tag, operator and value"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of one resource.

    `condition` is what it asks of a row: of a number or a text with one ? for it, of numbers with ONE_OF for all of them,
    of a truth that holds; `otherwise` is asked by false. In the orders in which a parameter `leads`, an index of its own
    finds the rows, and not that of the order. `shows` are columns that it adds to the output, `instead` columns by which it
    shows others.

    `allowed` are the numbers that may be given, any where it is empty; `spelled` is how Zabbix writes them, where it does
    not list them. `default` counts where it is not given; `null` stands for "not given" where it may be.
    """

    given: Given
    condition: str = ""
    otherwise: str = ""
    leads: Names = ()
    shows: Names = ()
    instead: Mapping[str, str] = field(default_factory=dict)
    allowed: Sequence[int] = ()
    spelled: str = ""
    default: object = None
    null: bool = False


NOTHING_FOUND = Parameter(Given.ANYTHING, "FALSE")  # asks for what is not kept
