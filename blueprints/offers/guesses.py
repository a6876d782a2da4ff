"""Codes cannot be found by trying: after ten wrong ones from one place, none is looked up for a while."""

import hashlib
import hmac
import ipaddress
from datetime import datetime, timedelta

from flask import current_app, request

from models import Attempts, begin_write, db
from models.pricing import DiscountRefused

MOST = 10
PER = timedelta(minutes=15)


def too_many() -> DiscountRefused:
    return DiscountRefused(
        "too-many", "Too many codes were tried from here. Wait a quarter of an hour, or go on without one."
    )


def bucket() -> str:
    """Who is trying: the network address, kept as a keyed hash only. All of an IPv6 home's addresses are one."""
    address = request.remote_addr or "nowhere"
    if ":" in address:
        address = str(ipaddress.IPv6Network((address.partition("%")[0], 64), strict=False))
    key = current_app.config["SECRET_KEY"].encode()
    return "codes:" + hmac.new(key, address.encode(), hashlib.sha256).hexdigest()[:32]


def used_up(now: datetime) -> bool:
    return Attempts.so_far(bucket(), now, PER) >= MOST


def count(now: datetime) -> None:
    begin_write()
    Attempts.add(bucket(), now, PER)
    db.session.commit()
