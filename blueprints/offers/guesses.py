"""Codes cannot be found by trying.

After ten unknown ones from one place every refusal reads the same, so that nothing is learnt from it; after a
hundred none is looked up for a while. A good code works in between: readers share addresses.
"""

from datetime import datetime, timedelta

from blueprints.security import bucket, network
from models import Attempts, begin_write, db
from models.pricing import DiscountRefused

TELLING = 10  # unknown codes until refusals no longer say why
MOST = 100  # until none is looked up
PER = timedelta(minutes=15)


def too_many() -> DiscountRefused:
    return DiscountRefused(
        "too-many",
        "Too many codes were tried from here, and this one cannot be used. "
        "Wait a quarter of an hour, or go on without one.",
    )


def so_far(now: datetime) -> int:
    """Unknown codes from this place in this quarter of an hour."""
    return Attempts.so_far(bucket("codes", network()), now, PER)


def count(now: datetime) -> None:
    begin_write()
    Attempts.add(bucket("codes", network()), now, PER)
    db.session.commit()
