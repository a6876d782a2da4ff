"""Billing periods on the calendar, in UTC. 31 January and one month is the last day of February."""

import calendar
from datetime import UTC, datetime, timedelta


def add_interval(anchor: int, unit: str, count: int) -> int:
    """`count` days, weeks, months or years after `anchor` (seconds since the epoch).

    Count periods from the first anchor, not from the last end: 31 Jan, 28 Feb, 31 Mar.
    """
    start = datetime.fromtimestamp(anchor, UTC)
    if unit in ("day", "week"):
        return int((start + timedelta(days=count * (7 if unit == "week" else 1))).timestamp())
    months = start.month - 1 + count * (12 if unit == "year" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())
