"""Parameters of get methods: what they take, and the conditions that they set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from alertrpc.records import Caller

Names = tuple[str, ...]
Shows = Callable[[Names, Caller], Names]  # from the fields asked for to the fields shown


def as_asked(names: Names, caller: Caller) -> Names:
    return names


class Given(Enum):
    """What a parameter takes."""

    ANYTHING = "any value but null, which sets it"
    TRUTH = "any value, as PHP takes it for true or false"
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
    GROUP_BY = "some of the allowed fields"
    FILTER = "an object of values for fields that the method filters by"
    SEARCH = "an object of texts for fields that the method searches"
    SORTFIELD = "fields that the method sorts by"
    SORTORDER = "ASC or DESC"
    LIMIT = "a number above 0"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a get method.

    `condition` is a condition on the row: with one ? for a number or a text, with ONE_OF for an array of numbers, with
    neither for true or a flag. False sets `otherwise`. In the sort orders in which the parameter `leads`, its own index
    finds the rows instead of the index of the order. `column` is the column that the condition is about, if it has an index.
    `shows` changes the fields of the output.

    `allowed` are the numbers or fields that it takes, all if empty; `spelled` is how Zabbix's messages write them, if not
    as a list. `default` is the value if it is not given. If `null`, null stands for "not given".
    """

    given: Given
    condition: str = ""
    otherwise: str = ""
    leads: Names = ()
    column: str = ""
    shows: Shows = as_asked
    allowed: Sequence[Any] = ()
    spelled: str = ""
    default: object = None
    null: bool = False


IDS = Parameter(Given.IDS)
NOTHING_FOUND = Parameter(Given.ANYTHING, "FALSE")  # asks for objects that are not stored
