"""The fields of objects, and which of them are shown to whom."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial

from alertrpc.query.parameters import Names
from alertrpc.records import Caller


class Kind(Enum):
    """How a column is answered: Zabbix answers everything as a string, and a NULL id as "0"."""

    NUMBER = "CAST({0} AS TEXT)"
    NULLABLE_ID = "COALESCE(CAST({0} AS TEXT), '0')"
    TEXT = "{0}"
    DURATION = "({0})"  # a text that is compared by its seconds
    JSON = "@json({0})"


@dataclass(frozen=True, slots=True)
class Column:
    """A member of a row. Its value is its own column, or an `expression`, which may need the table `join`.

    One that `is_ours`, as Zabbix does not have it, may be asked for by name; "extend" and faults leave it out.
    """

    name: str
    expression: str = ""
    join: str = ""
    kind: Kind = Kind.NUMBER
    is_ours: bool = False

    def value(self, alias: str) -> str:
        return self.expression or f"{alias}.{self.name}"

    def json(self, alias: str) -> str:
        return self.kind.value.format(self.value(alias))


number = Column
nullable_id = partial(Column, kind=Kind.NULLABLE_ID)
text = partial(Column, kind=Kind.TEXT)
duration = partial(Column, kind=Kind.DURATION)
json = partial(Column, kind=Kind.JSON)


@dataclass(frozen=True, eq=False)
class View:
    """The fields of an object: `choice` may be asked for, `extended` are the answer to "extend".

    Without `extended` that is the choice, and without a choice all columns. If there are `limited` fields, only these
    count for callers who are not Super admins. If there are `public` fields and related objects, such callers are shown
    the others only of objects for which the condition `whole_if` on their userid holds.
    """

    columns: Mapping[str, Column]
    choice: Names = ()
    extended: Names = ()
    limited: Names = ()
    public: Names = ()
    whole_if: str = ""

    @property
    def ours(self) -> Names:
        return tuple([name for name, column in self.columns.items() if column.is_ours])

    def choice_for(self, caller: Caller) -> Names:
        return (self.choice or names_of(self, besides=self.ours)) if self._is_whole(caller) else self.limited

    def extended_for(self, caller: Caller) -> Names:
        return (
            (self.extended or self.choice or names_of(self, besides=self.ours))
            if self._is_whole(caller)
            else self.limited
        )

    def is_partial(self, caller: Caller) -> bool:
        """Whether the caller is shown only some fields of every object."""
        return not (self._is_whole(caller) or self.public)

    def _is_whole(self, caller: Caller) -> bool:
        return caller.is_super_admin or not self.limited


def view(
    *columns: Column,
    choice: Names = (),
    extended: Names = (),
    limited: Names = (),
    public: Names = (),
    whole_if: str = "",
) -> View:
    return View({column.name: column for column in columns}, choice, extended, limited, public, whole_if)


def hiding(of: View, *hidden: str) -> View:
    """A view of which only Super admins see the `hidden` columns."""
    return replace(of, limited=names_of(of, besides=hidden))


def names_of(of: View, besides: Names = ()) -> Names:
    return tuple([name for name in of.columns if name not in besides])


def texts_of(of: View) -> Names:
    """The columns that hold text."""
    return tuple([name for name, column in of.columns.items() if column.kind in (Kind.TEXT, Kind.DURATION)])
