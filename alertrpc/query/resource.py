"""What a get method may be asked, as a description: a get method is a Resource, not code of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from alertrpc.query.params import GetParams


class Kind(Enum):
    """How a column is answered: Zabbix answers everything as a string, and a NULL id as "0"."""

    NUMBER = "CAST({0} AS TEXT)"
    NULLABLE_ID = "COALESCE(CAST({0} AS TEXT), '0')"
    TEXT = "{0}"
    JSON = "json({0})"


@dataclass(frozen=True, slots=True)
class Column:
    """A member of a result row. `expression` is where its value comes from, {0} the table's alias."""

    name: str
    kind: Kind = Kind.NUMBER
    expression: str = ""

    def value(self, alias: str) -> str:
        return (self.expression or "{0}." + self.name).format(alias)

    def json(self, alias: str) -> str:
        return self.kind.value.format(self.value(alias))


def number(name: str, expression: str = "") -> Column:
    return Column(name, Kind.NUMBER, expression)


def nullable_id(name: str) -> Column:
    return Column(name, Kind.NULLABLE_ID)


def text(name: str) -> Column:
    return Column(name, Kind.TEXT)


@dataclass(frozen=True, eq=False)
class Related:
    """Objects related to a row, which a select parameter asks for.

    `source` is a FROM and WHERE clause that speaks of the row. `choice` are the
    fields that may be asked for, `extended` those of "extend"; a caller who is no Super admin has his own of both.
    Where there are `public` fields, these alone are shown to him unless `is_own` holds.
    """

    member: str
    key: str
    alias: str
    source: Callable[[GetParams], str]
    columns: Mapping[str, Column]
    choice: tuple[str, ...]
    extended: tuple[str, ...]
    limited_choice: tuple[str, ...] = ()
    limited_extended: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    is_own: str = ""


@dataclass(frozen=True, eq=False)
class Resource:
    """A get method: what its rows hold and by what they are found. There is one of each, so that pieces of SQL that
    follow from it alone are kept."""

    name: str
    table: str
    alias: str
    key: str
    columns: tuple[Column, ...]
    id_columns: Mapping[str, str]
    sortable: tuple[str, ...]
    filterable: tuple[str, ...]
    searchable: tuple[str, ...]
    shown_when_sorted: tuple[str, ...] = ()
    short_ids: tuple[str, ...] = ()
    group_counted: Mapping[str, str] = field(default_factory=dict)
    related: Mapping[str, Related] = field(default_factory=dict)
    joins: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def column(self) -> Mapping[str, Column]:
        """The columns by their names."""
        return {column.name: column for column in self.columns}
