"""Row 6: the same requests against a Zabbix API whose URL is given."""

import urllib.parse
from collections.abc import Iterator
from typing import Any

from benchmarks.processes import alertrpc, caller, login, median_milliseconds, request
from benchmarks.report import Row
from benchmarks.run import Run

REQUESTS: dict[str, dict[str, Any]] = {
    "first page, newest first": {"output": "extend", "sortfield": "clock", "sortorder": "DESC", "limit": 50},
    "count": {"countOutput": True},
    "substring search": {"output": "extend", "search": {"subject": "disk"}, "limit": 50},
    "10,000 alerts extended": {"output": "extend", "limit": 10_000},
}


def measure(run: Run) -> Iterator[Row]:
    """Milliseconds of each request here and there; how many alerts each holds stands with it."""
    assert run.zabbix is not None
    parts = urllib.parse.urlsplit(run.zabbix.url)
    with (
        alertrpc(run.database) as (port, _),
        caller(f"127.0.0.1:{port}") as here,
        caller(parts.netloc, parts.path) as there,
    ):
        auth_here = login(port, "Admin")
        auth_there = there(request("user.login", {"username": run.zabbix.user, "password": run.zabbix.password}))
        held_here = here(request("alert.get", {"countOutput": True}, auth_here))
        held_there = there(request("alert.get", {"countOutput": True}, auth_there))
        for name, params in REQUESTS.items():
            ours = median_milliseconds(here, request("alert.get", params, auth_here))
            theirs = median_milliseconds(there, request("alert.get", params, auth_there))
            beside = f"Zabbix: {theirs:,.1f} ms of {held_there} alerts"
            yield Row(f"6. {name}", f"{ours:,.1f} ms of {held_here} alerts", beside, f"{theirs / ours:.1f}")
