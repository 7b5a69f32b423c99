"""Row 6: the same requests against a Zabbix API whose URL is given."""

import urllib.parse
from pathlib import Path
from typing import Any

from benchmarks.processes import alertrpc, caller, login, median_milliseconds, request
from benchmarks.report import Row

REQUESTS: dict[str, dict[str, Any]] = {
    "first page, newest first": {"output": "extend", "sortfield": "clock", "sortorder": "DESC", "limit": 50},
    "count": {"countOutput": True},
    "substring search": {"output": "extend", "search": {"subject": "disk"}, "limit": 50},
    "10,000 alerts extended": {"output": "extend", "limit": 10_000},
}


def measure(database: Path, url: str, user: str, password: str) -> list[Row]:
    """Milliseconds of each request here and there; how many alerts each holds stands with it."""
    parts = urllib.parse.urlsplit(url)
    with (
        alertrpc(database) as (port, _),
        caller(f"127.0.0.1:{port}") as here,
        caller(parts.netloc, parts.path) as there,
    ):
        auth_here = login(port, "Admin")
        auth_there = there(request("user.login", {"username": user, "password": password}))
        held_here = here(request("alert.get", {"countOutput": True}, auth_here))
        held_there = there(request("alert.get", {"countOutput": True}, auth_there))
        rows = []
        for name, params in REQUESTS.items():
            ours = median_milliseconds(here, request("alert.get", params, auth_here))
            theirs = median_milliseconds(there, request("alert.get", params, auth_there))
            beside = f"Zabbix: {theirs:,.1f} ms of {held_there} alerts"
            rows.append(Row(f"6. {name}", f"{ours:,.1f} ms of {held_here} alerts", beside, f"{theirs / ours:.1f}"))
    return rows
