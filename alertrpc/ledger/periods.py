"""Zabbix's time periods, such as `1-5,09:00-18:00;6,10:00-12:00`: when a medium is used.

Source: https://www.zabbix.com/documentation/7.0/en/manual/appendix/time_period
"""

import re
from datetime import datetime

ALWAYS = "1-7,00:00-24:00"
_PERIOD = re.compile(r"([1-7])(?:-([1-7]))?,([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")


def is_within(periods: str, moment: datetime) -> bool:
    """Whether a local time is in one of the periods, without their ends; days are 1 (Monday) to 7 (Sunday).

    A text that is not a period, such as a macro, holds at any time.
    """
    if periods == ALWAYS:
        return True
    parsed = [_PERIOD.fullmatch(period.strip()) for period in periods.split(";") if period.strip()]
    return any(match is None or _holds(match, moment) for match in parsed)


def _holds(match: re.Match[str], moment: datetime) -> bool:
    first, last, hour, minute, end_hour, end_minute = (int(text) if text else 0 for text in match.groups())
    is_day = first <= moment.isoweekday() <= (last or first)
    return is_day and hour * 60 + minute <= moment.hour * 60 + moment.minute < end_hour * 60 + end_minute
