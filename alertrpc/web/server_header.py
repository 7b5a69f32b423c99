"""The header Server."""

from aiohttp import web_response


def name_server() -> None:
    """Has every answer of this process say `Server: alertrpc`.

    aiohttp answers what is no HTTP without any hook, so that the name which it takes itself is the only place for all.
    """
    web_response.SERVER_SOFTWARE = "alertrpc"  # type: ignore[attr-defined]  # no public name; a test sees it go
