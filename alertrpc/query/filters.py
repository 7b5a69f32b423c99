"""What a field of filter and of search asks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from alertrpc.query.params import Scalar
from alertrpc.query.view import Kind, View


@dataclass(frozen=True, slots=True)
class Linked:
    """About another table: the rows whose `column` is one of the `keys`, a subselect up to its WHERE clause, where the
    column `of` is one of the values."""

    column: str
    keys: str
    of: str


class Special(Enum):
    IGNORED = "it asks nothing"
    NO_ROW = "no row has such a value, as it is not kept"
    REFUSED = "it is a secret, by which nobody may look for a row"


class Own:
    """The resource's own column of the field's name."""

    def values(self, given: Sequence[Scalar] | None, *, is_named: bool) -> Sequence[Scalar] | None:
        """What a filter asks for, None for nothing: as a rule the values that were given for the field; `is_named` also
        where they were null or empty."""
        return given


Search = Own | Special
Filter = Search | Linked

OWN = Own()


def own(names: Iterable[str], besides: Iterable[str] = ()) -> Mapping[str, Own]:
    """Columns of the resource's own but those `besides`."""
    left_out = set(besides)
    return {name: OWN for name in names if name not in left_out}


def own_texts(view: View) -> Mapping[str, Own]:
    """The columns that hold text."""
    return own([name for name, column in view.columns.items() if column.kind in (Kind.TEXT, Kind.DURATION)])
