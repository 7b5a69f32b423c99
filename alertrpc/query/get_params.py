"""The checked parameters of a get method: `api` creates them, the compiler reads them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from alertrpc.query.sql import AskedIds

EXTEND = "extend"
COUNT = "count"

Scalar = int | float | str
Selection = str | Sequence[str]  # EXTEND, COUNT or the names of fields
_NONE: Mapping[str, Any] = MappingProxyType({})


class GetParams(NamedTuple):
    """The parameters that a statement is compiled from. The ids themselves are bound when it runs.

    `own` are the resource's own parameters other than ids.
    """

    ids: Mapping[str, AskedIds] = _NONE
    own: Mapping[str, Any] = _NONE
    output: Sequence[str] = ()
    select: Mapping[str, Selection] = _NONE
    filter: Mapping[str, list[Scalar]] = _NONE
    search: Mapping[str, list[str]] = _NONE
    search_by_any: bool = False
    search_wildcards: bool = False
    start_search: bool = False
    exclude_search: bool = False
    count_output: bool = False
    group_count: bool = False
    group_by: Sequence[str] = ()
    editable: bool = False
    preserve_keys: bool = False
    sort: Sequence[tuple[str, str]] = ()  # column and ASC or DESC
    limit: int | None = None
    limit_selects: int | None = None

    @property
    def is_plain_count(self) -> bool:
        """Whether rows are counted without ids, filter and search."""
        return self.count_output and not (self.ids or self.filter or self.search)


def as_text(value: Scalar) -> str:
    """A scalar as PHP writes it: 14 digits, and a dot before every exponent."""
    if not isinstance(value, float):
        return str(value)
    mantissa, _, exponent = f"{value:.14G}".partition("E")
    if not exponent:
        return mantissa
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent):+d}"
