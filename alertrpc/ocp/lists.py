"""OCP's lists of alarms and notifications, page by page."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from alertrpc.ocp.envelope import OcpFault
from alertrpc.ocp.filters import ALARM_FILTERS, NOTIFICATION_FILTERS, Filter
from alertrpc.ocp.forms import ocp_alarm, ocp_notification
from alertrpc.query.ocp import ALARM_ID, Page, Query, QueryOfPage, alarms_query, compared, notifications_query
from alertrpc.query.sql import Condition
from alertrpc.records import Caller
from alertrpc.values import whole

LARGEST_PAGE = 200
DEFAULT_PAGE = 20
LAST_PAGE = 10**9
_PAGE: Mapping[str, Callable[[str], int]] = {"page": whole(1, LAST_PAGE), "size": whole(1, LARGEST_PAGE)}


class OcpList(NamedTuple):
    """A list: its filters, the statement of a page, and the form of a row."""

    filters: Mapping[str, Filter]
    query: QueryOfPage
    form: Callable[[Mapping[str, Any]], dict[str, Any]]


ALARMS = OcpList(ALARM_FILTERS, alarms_query, ocp_alarm)
NOTIFICATIONS = OcpList(NOTIFICATION_FILTERS, notifications_query, ocp_notification)


def asked(of: OcpList, parameters: Iterable[tuple[str, str]], caller: Caller) -> tuple[list[Condition], Page]:
    """The conditions and the page of a query string. Raises OcpFault that names a wrong parameter."""
    given = _given(of, parameters)
    page = Page(given.pop("page", 1), given.pop("size", DEFAULT_PAGE))
    if "alarmId" in given:  # OCP ignores the other filters beside it
        given = {"alarmId": given["alarmId"]}
    return [of.filters[name].asks(value, caller) for name, value in given.items()], page


def alarm_query(eventid: int, caller: Caller) -> Query:
    """The list of one alarm."""
    return alarms_query([compared(ALARM_ID)(eventid, caller)], Page(1, 1), caller, is_indexed=True)


def _given(of: OcpList, parameters: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The values of the parameters that are not empty."""
    readers = {**_PAGE, **{name: each.read for name, each in of.filters.items()}}
    given = {}
    for name, value in parameters:
        if name not in readers:
            raise OcpFault(400, f"{name}: unknown parameter")
        if name in given:
            raise OcpFault(400, f"{name}: given twice")
        try:
            given[name] = readers[name](value) if value else None
        except ValueError as error:
            raise OcpFault(400, f"{name}: {error}") from error
    return {name: value for name, value in given.items() if value is not None}


def answered(of: OcpList, found: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """A page of a list in OCP's form."""
    about = {
        "number": page.number,
        "size": page.size,
        "totalElements": found["total"],
        "totalPages": -(-found["total"] // page.size),
    }
    return {"contents": [of.form(row) for row in found["contents"]], "page": about}
