"""The parameters that a get method has beside those that all have: what may be given, and what is asked by it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from alertrpc.records import Caller

Names = tuple[str, ...]
Shows = Callable[[Names, Caller], Names]  # the fields that are shown, of those that are asked for


def as_asked(names: Names, caller: Caller) -> Names:
    return names


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
    OUTPUT = "fields of the method's rows"
    SELECTS = "fields of related objects"
    GROUP_BY = "fields out of those that are allowed"
    FILTER = "an object of values by what the method filters by"
    SEARCH = "an object of texts by what the method searches"
    SORTFIELD = "fields that the method sorts by"
    SORTORDER = "ASC or DESC"
    LIMIT = "a number above 0"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a get method.

    `condition` is what it asks of a row: of a number or a text with one ? for it, of numbers with ONE_OF for all of them,
    of a truth that holds; `otherwise` is asked by false. In the orders in which a parameter `leads`, an index of its own
    finds the rows, and not that of the order. `shows` says what it changes in the output.

    `allowed` are the numbers or fields that may be given, any where it is empty; `spelled` is how Zabbix writes them, where
    it does not list them. `default` counts where it is not given; `null` stands for "not given" where it may be.
    """

    given: Given
    condition: str = ""
    otherwise: str = ""
    leads: Names = ()
    shows: Shows = as_asked
    allowed: Sequence[Any] = ()
    spelled: str = ""
    default: object = None
    null: bool = False


IDS = Parameter(Given.IDS)
NOTHING_FOUND = Parameter(Given.ANYTHING, "FALSE")  # asks for what is not kept
