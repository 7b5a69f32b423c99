"""The fields of objects, and which of them are shown to whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

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
    """A member of a row. `expression` is where its value comes from, if not its own column; `join` a table it needs."""

    name: str
    kind: Kind = Kind.NUMBER
    expression: str = ""
    join: str = ""

    def value(self, alias: str) -> str:
        return self.expression or f"{alias}.{self.name}"

    def json(self, alias: str) -> str:
        return self.kind.value.format(self.value(alias))


def number(name: str, expression: str = "", join: str = "") -> Column:
    return Column(name, Kind.NUMBER, expression, join)


def nullable_id(name: str, expression: str = "", join: str = "") -> Column:
    return Column(name, Kind.NULLABLE_ID, expression, join)


def duration(name: str) -> Column:
    return Column(name, Kind.DURATION)


def text(name: str, expression: str = "") -> Column:
    return Column(name, Kind.TEXT, expression)


@dataclass(frozen=True, eq=False)
class View:
    """The fields of an object: which may be asked for (`choice`), by what names, and which are meant by "extend".

    Without names of their own, both are all columns. Callers who are not Super admins have a choice of `limited` fields,
    if there are any. Where an object has `public` fields and related objects, they are shown the others of those objects
    alone for which the condition `whole_if` on their userid holds.
    """

    columns: Mapping[str, Column]
    choice: Names = ()
    extended: Names = ()
    limited: Names = ()
    public: Names = ()
    whole_if: str = ""

    def choice_for(self, caller: Caller) -> Names:
        return (self.choice or tuple(self.columns)) if self._is_whole(caller) else self.limited

    def extended_for(self, caller: Caller) -> Names:
        return (self.extended or tuple(self.columns)) if self._is_whole(caller) else self.limited

    def is_partial(self, caller: Caller) -> bool:
        """The caller is shown a part of the fields, of whatever object."""
        return not (self._is_whole(caller) or self.public)

    def _is_whole(self, caller: Caller) -> bool:
        return caller.is_super_admin or not self.limited


def view(
    *columns: Column,
    choice: Names = (),
    extended: Names = (),
    limited: Names = (),
    hidden: Names = (),
    public: Names = (),
    whole_if: str = "",
) -> View:
    """A view of columns, of which `hidden` ones are for Super admins alone."""
    by_name = {column.name: column for column in columns}
    if hidden:
        limited = tuple([name for name in by_name if name not in hidden])
    return View(by_name, choice, extended, limited, public, whole_if)


def names_of(of: View, besides: Names = ()) -> Names:
    """All columns but those `besides`."""
    return tuple([name for name in of.columns if name not in besides])


def texts_of(of: View) -> Names:
    """The columns that hold text."""
    return tuple([name for name, column in of.columns.items() if column.kind in (Kind.TEXT, Kind.DURATION)])
