"""The checked parameters of a get method, as the schemas of `api` make them and the compiler takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Scalar = int | float | str


@dataclass(frozen=True, slots=True)
class GetParams:
    """None stands for a parameter that was not given. `ids` holds the id parameters, `numbers` the resource's others."""

    ids: Mapping[str, list[int]] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    output: Sequence[str] = ()
    select: Mapping[str, Sequence[str] | None] = field(default_factory=dict)  # None: "extend"
    filter: Mapping[str, list[Scalar]] = field(default_factory=dict)
    search: Mapping[str, list[str]] = field(default_factory=dict)
    search_by_any: bool = False
    search_wildcards: bool = False
    start_search: bool = False
    exclude_search: bool = False
    count: bool = False
    group_count: bool = False
    editable: bool = False
    preserve_keys: bool = False
    sort: Sequence[tuple[str, str]] = ()  # column and ASC or DESC
    limit: int | None = None
