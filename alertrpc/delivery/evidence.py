"""What was sent, as attempts keep it: without secrets, and cut."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from alertrpc.delivery.masking import KEPT_BYTES, cut, mask, masked_start

LONGEST_HEAD = 4096  # bytes of what precedes the body of a request


class Evidence(NamedTuple):
    """A request, and whether there was more of it."""

    request: str
    request_cut: bool


def of_http(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, secrets: tuple[str, ...]
) -> Evidence:
    """The method and the address, the headers, and after an empty line the start of the body."""
    head = "\n".join([f"{method} {url}", *[f"{name}: {value}" for name, value in headers.items()]])
    head = mask(head, secrets) if secrets else head
    start, is_cut = ("", False) if body is None else masked_start(body, secrets, KEPT_BYTES)
    kept = cut(head, LONGEST_HEAD)
    text = kept if body is None else f"{kept}\n\n{start}"
    return Evidence(text, is_cut or kept != head)


def of_lines(lines: Iterable[str], secrets: tuple[str, ...]) -> Evidence:
    """A line for each part."""
    return Evidence(*masked_start("\n".join(lines).encode("utf-8", "replace"), secrets, KEPT_BYTES))
