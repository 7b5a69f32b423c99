"""The SQL functions that the statements of this room need beside SQLite's own, by name."""

from collections.abc import Callable, Mapping

from alertrpc.query.macros import expand_macros
from alertrpc.query.search import fold, has_pieces
from alertrpc.values import seconds

FUNCTIONS: Mapping[str, Callable[..., str | int | None]] = {
    "fold": fold,
    "has_pieces": has_pieces,
    "expand_macros": expand_macros,
    "seconds": seconds,
}
