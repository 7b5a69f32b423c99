"""Problems that lasted in a window of time, `w`, and the recoveries that ended them."""

from collections.abc import Collection

from alertrpc.query.sql import NOTHING, Condition, Expression, rows_if

OK, PROBLEM = 0, 1  # the values of events
_WINDOW = "SELECT ? AS since, ? AS till"


def _lasted(problem: str) -> str:
    """The event is a problem that lasted in the window."""
    return f"""{problem}.value = 1 AND {problem}.clock <= w.till AND ({problem}.recovered = 0 OR EXISTS (
        SELECT 1
        FROM event_recovery er
        @ordered JOIN events re ON re.eventid = er.r_eventid
        WHERE er.eventid = {problem}.eventid AND re.clock >= w.since))"""


_ENDED = f"""EXISTS (
    SELECT 1
    FROM event_recovery er
    @ordered JOIN events pe ON pe.eventid = er.eventid
    WHERE er.r_eventid = e.eventid AND {_lasted("pe")})"""
# Problems are sought among those that began before the window ends, or among those that are open or ended since it began,
# whichever is the shorter time.
_BEGAN_BEFORE = Expression(f"SELECT e.eventid FROM w @ordered JOIN events e ON {_lasted('e')}")
_STILL_OPEN = Expression("""SELECT e.eventid
    FROM w
    @ordered JOIN events e @indexed_by(events_open) ON e.clock <= w.till
    WHERE e.value = 1 AND e.recovered = 0""")
_ENDED_SINCE = Expression("""SELECT er.eventid
    FROM w
    @ordered JOIN events re ON re.clock >= w.since
    @ordered JOIN event_recovery er ON er.r_eventid = re.eventid
    WHERE (SELECT e.value = 1 AND e.clock <= w.till FROM events e WHERE e.eventid = er.eventid)""")
_IS_LATE = Condition("(SELECT w.late FROM w)")
_IS_EARLY = Condition("(SELECT NOT w.late FROM w)")
_LASTED_KEYS = f"""WITH w AS MATERIALIZED (
    SELECT
        w.since,
        w.till,
        COALESCE((SELECT MAX(e.clock) FROM events e) - w.since < w.till - (SELECT MIN(e.clock) FROM events e), FALSE) AS late
    FROM ({_WINDOW}) w),
lasted (eventid) AS (
    {rows_if(_IS_EARLY, _BEGAN_BEFORE).sql}
    UNION ALL
    {rows_if(_IS_LATE, _STILL_OPEN).sql}
    UNION ALL
    {rows_if(_IS_LATE, _ENDED_SINCE).sql})"""
_OF_VALUE = {
    PROBLEM: (_lasted("e"), "SELECT lasted.eventid FROM lasted"),
    OK: (_ENDED, "SELECT er.r_eventid FROM lasted @ordered JOIN event_recovery er ON er.eventid = lasted.eventid"),
}


def lasted_from_till(values: Collection[int], since: int, till: int) -> Condition:
    """Events with one of the values whose problem lasted in this time."""
    of_values = [_OF_VALUE[value] for value in (PROBLEM, OK) if value in values]
    if not of_values:
        return NOTHING
    lasted = " OR ".join([f"({condition})" for condition, _ in of_values])
    keys = " UNION ALL ".join([keys for _, keys in of_values])
    sql = f"EXISTS (SELECT 1 FROM ({_WINDOW}) w WHERE {lasted})"
    return Condition(sql, (since, till), keys=f"{_LASTED_KEYS} {keys}")
