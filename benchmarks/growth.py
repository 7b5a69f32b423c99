"""Row 4: how the time of a query grows with the number of alerts, for a Super admin and for a user of role User."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.data import READER, START
from benchmarks.processes import alertrpc, caller, login, median_milliseconds, request
from benchmarks.report import Row
from benchmarks.run import Run


def queries(alerts: int) -> Mapping[str, dict[str, Any]]:
    return {
        "point read": {"output": "extend", "eventids": str(alerts // 4)},
        "first page, sorted and filtered": {
            "output": "extend",
            "filter": {"status": 1},
            "time_from": START + alerts // 8,
            "sortfield": ["clock", "alertid"],
            "sortorder": "DESC",
            "limit": 50,
        },
        "count": {"countOutput": True},
        "substring search": {"countOutput": True, "search": {"subject": "überlast"}},
    }


def measure(run: Run) -> Iterator[Row]:
    times: dict[tuple[str, str], list[str]] = {}
    for alerts in run.sizes:
        with alertrpc(run.database_of(alerts)) as (port, _), caller(f"127.0.0.1:{port}") as call:
            for user in ("Admin", READER):
                auth = login(port, user)
                for name, params in queries(alerts).items():
                    milliseconds = median_milliseconds(call, request("alert.get", params, auth))
                    times.setdefault((name, user), []).append(f"{milliseconds:,.1f}")
    sizes = " / ".join(f"{alerts:,}" for alerts in run.sizes)
    for (name, user), taken in times.items():
        role = "Super admin" if user == "Admin" else "role User"
        yield Row(f"4. {name}, {role}", " / ".join(taken) + " ms", f"at {sizes}")
