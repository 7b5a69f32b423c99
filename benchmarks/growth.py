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


# The shapes of recorded requests that took longest before pages were found by the shortest way.
WORST: Mapping[str, dict[str, Any]] = {
    "of a group, newest first": {"groupids": "2", "sortfield": "clock", "sortorder": "DESC"},
    "of a host": {"hostids": "5"},
    "since a time, by alertid": {"time_from": START},
    "of a status, by alertid": {"filter": {"status": 2}, "sortfield": "alertid"},
    "of a group until a time, by eventid": {
        "groupids": ["2", "4"],
        "time_till": START + 1000,
        "sortfield": ["eventid", "alertid"],
        "sortorder": "DESC",
    },
    "a rare address, by media type": {"search": {"sendto": "user499@"}, "sortfield": ["mediatypeid", "alertid"]},
    "by status and time": {"editable": True, "sortfield": ["status", "clock", "alertid"]},
    "of no status that there is, newest first": {"filter": {"status": 0}, "sortfield": "clock", "sortorder": "DESC"},
}
WORST_COUNTS: Mapping[str, dict[str, Any]] = {
    "all": {},
    "of a status": {"filter": {"status": 1}},
    "since a time": {"time_from": START + 1},
    "of an action": {"actionids": "3"},
    "of a media type": {"mediatypeids": "2"},
    "of a user": {"userids": "5"},
    "of a host": {"hostids": "5"},
    "of a group": {"groupids": "2"},
}


def measure_worst(run: Run) -> Iterator[Row]:
    """The slowest page of 100 rows, and the slowest count, of each size."""
    for what, shapes, more in (
        ("page", WORST, {"output": "extend", "limit": 100}),
        ("count", WORST_COUNTS, {"countOutput": True}),
    ):
        slowest: dict[str, list[str]] = {"Admin": [], READER: []}
        for alerts in run.sizes:
            with alertrpc(run.database_of(alerts)) as (port, _), caller(f"127.0.0.1:{port}") as call:
                for user, taken in slowest.items():
                    auth = login(port, user)
                    times = {
                        name: median_milliseconds(call, request("alert.get", {**params, **more}, auth))
                        for name, params in shapes.items()
                    }
                    name = max(times, key=times.__getitem__)
                    taken.append(f"{times[name]:,.1f} ms ({name})")
        sizes = " / ".join(f"{alerts:,}" for alerts in run.sizes)
        for user, taken in slowest.items():
            role = "Super admin" if user == "Admin" else "role User"
            yield Row(f"4. the slowest {what} of {len(shapes)} shapes, {role}", " / ".join(taken), f"at {sizes}")


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
