"""How often one may do a thing, counted in the database, so that it holds across processes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from blueprints.security import bucket
from models import Attempts


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` of `what` in each window of `per`."""

    what: str
    most: int
    per: timedelta


QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)


def count(limits: Mapping[Limit, str], now: datetime) -> timedelta | None:
    """Count one more try for each who; how long to wait when that was one too many. The caller commits.

    On PostgreSQL whoever is counted in the same row waits here until the other has committed: two clicks on one
    button come one after the other.
    """
    over = [
        limit for limit, who in limits.items() if Attempts.add(bucket(limit.what, who), now, limit.per) > limit.most
    ]
    return max((Attempts.window_start(now, limit.per) + limit.per - now for limit in over), default=None)


def when(wait: timedelta) -> str:
    """How long that is in words: in 3 minutes."""
    minutes = math.ceil(wait.total_seconds() / 60)
    if minutes > 90:
        return f"in {math.ceil(minutes / 60)} hours"
    return "in a minute" if minutes <= 1 else f"in {minutes} minutes"
