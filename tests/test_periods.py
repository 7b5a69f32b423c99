"""Zabbix's time periods."""

from datetime import datetime

import pytest

from alertrpc.ledger.periods import ALWAYS, is_within

MONDAY, SATURDAY = "2026-11-16", "2026-11-21"
WORK = "1-5,09:00-18:00"


@pytest.mark.parametrize(
    ("periods", "moment", "within"),
    [
        (ALWAYS, f"{MONDAY} 03:00", True),
        (WORK, f"{MONDAY} 08:59", False),
        (WORK, f"{MONDAY} 09:00", True),
        (WORK, f"{MONDAY} 17:59", True),
        (WORK, f"{MONDAY} 18:00", False),
        (WORK, f"{SATURDAY} 12:00", False),
        (f"{WORK};6,10:00-13:00", f"{SATURDAY} 12:00", True),
        (f"{WORK}; 6,10:00-13:00;", f"{SATURDAY} 13:00", False),
        ("6-7,00:00-24:00", f"{SATURDAY} 23:59", True),
        ("{$WORKING_HOURS}", f"{SATURDAY} 12:00", True),
        ("1-7,0٣:00-05:00", f"{SATURDAY} 12:00", True),  # no period
        ("", f"{SATURDAY} 12:00", False),
    ],
)
def test_is_within(periods: str, moment: str, within: bool) -> None:
    assert is_within(periods, datetime.fromisoformat(moment)) is within
