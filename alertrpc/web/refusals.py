"""Logs refused requests, what was left out of pushes, and clocks that are behind.

Each refused push has a line: senders such as Grafana and Alertmanager do not repeat a push that was answered 4xx, so the
line is all that is left of its alarms.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress

from aiohttp import web

from alertrpc.errors import AlertrpcError
from alertrpc.loglines import LONGEST_LINE, Seldom, one_line, quoted, strangers
from alertrpc.store.connection import SqlError
from alertrpc.store.credentials import find_username
from alertrpc.web.clients import CALLER, LOGIN, address_of
from alertrpc.web.health import DATABASE
from alertrpc.words import counted

PUSH_OCP = "/api/v2/alarm/alarms"
PUSH_PROMETHEUS = "/api/v2/alerts"
PUSH_ALERTMANAGER = "/alertmanager"
_PUSHES = (PUSH_OCP, PUSH_PROMETHEUS, PUSH_ALERTMANAGER)
_MAY_NOT = (401, 403)

_skewed = Seldom()

log = logging.getLogger(__name__)


async def tell_refusal(request: web.Request, status: int, fault: str) -> None:
    """Logs a refused push, and any other request that its caller may not make.

    Pushes of known users are always logged; the lines of others are limited like those of strangers.
    """
    is_push = request.method == "POST" and request.path in _PUSHES
    if not is_push and status not in _MAY_NOT:
        return
    user, remote, path = await _user(request), address_of(request), request.rel_url.raw_path
    about = {"user": user, "path": path, "remote": remote, "status": status, "fault": one_line(fault, LONGEST_LINE)}
    if is_push:
        logger = log if CALLER in request else strangers
        logger.warning(
            "a push to %s by %s from %s was refused with %d: %s", path, _named(user), remote, status, about["fault"],
            extra=about,
        )  # fmt: skip
    else:
        strangers.warning("%s may not %s %s: %s", remote, request.method, path, fault, extra=about)


async def tell_left_out(request: web.Request, alerts: int) -> None:
    """Logs that an Alertmanager left alerts out of an accepted push."""
    user, remote, path = await _user(request), address_of(request), request.rel_url.raw_path
    log.warning(
        "a push to %s by %s from %s lacks %d alerts: its Alertmanager leaves out those beyond max_alerts",
        path, _named(user), remote, alerts,
        extra={"user": user, "path": path, "remote": remote, "left_out": alerts},
    )  # fmt: skip


async def tell_warnings(request: web.Request, warnings: Sequence[str]) -> None:
    """Logs what was cut or left out of a recorded push."""
    if not warnings:
        return
    user, remote, path = await _user(request), address_of(request), request.rel_url.raw_path
    text = one_line("; ".join(warnings), LONGEST_LINE)
    log.warning(
        "a push to %s by %s from %s was recorded, but not as it came: %s", path, _named(user), remote, text,
        extra={"user": user, "path": path, "remote": remote, "warnings": text},
    )  # fmt: skip


async def tell_skew(request: web.Request, seconds: float) -> None:
    """Logs that an alarm was over before it was active here, once in a while for each sender."""
    user, remote, path = await _user(request), address_of(request), request.rel_url.raw_path
    if (left_out := _skewed.passes((user, remote))) is None:
        return
    log.warning(
        "an alarm that was pushed to %s by %s from %s ended %d s ago by its endsAt or resolvedAt, and was not active here; "
        "if it is active there, the clock of its sender is at least %d s behind%s",
        path, _named(user), remote, seconds, seconds,
        f" ({counted(left_out, 'such push', 'such pushes')} before it not told)" if left_out else "",
        extra={"user": user, "path": path, "remote": remote, "skew": round(seconds)},
    )  # fmt: skip


async def _user(request: web.Request) -> str | None:
    """The name of the caller, or the one that a stranger gives; None if there is none."""
    if LOGIN in request or CALLER not in request:
        return request.get(LOGIN)
    userid = request[CALLER].userid
    with suppress(AlertrpcError, SqlError):  # without a name the line is still written
        return await request.app[DATABASE].read(find_username, userid)
    return None


def _named(user: str | None) -> str:
    return "somebody" if user is None else f"user {quoted(user)}"
