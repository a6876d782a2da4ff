"""Codes cannot be found by trying.

After ten unknown ones from one place every refusal reads the same, so that nothing is learnt from it; after a
hundred none is looked up for a while. A good code works in between: readers share addresses.
"""

import hashlib
import hmac
import ipaddress
from datetime import datetime, timedelta

from flask import current_app, request

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


def bucket() -> str:
    """Who is trying: the network address, kept as a keyed hash only. All of an IPv6 home's addresses are one."""
    address = request.remote_addr or "nowhere"
    if ":" in address:
        address = str(ipaddress.IPv6Network((address.partition("%")[0], 64), strict=False))
    key = current_app.config["SECRET_KEY"].encode()
    return "codes:" + hmac.new(key, address.encode(), hashlib.sha256).hexdigest()[:32]


def so_far(now: datetime) -> int:
    """Unknown codes from this place in this quarter of an hour."""
    return Attempts.so_far(bucket(), now, PER)


def count(now: datetime) -> None:
    begin_write()
    Attempts.add(bucket(), now, PER)
    db.session.commit()
