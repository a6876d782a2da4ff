"""The blueprint of what readers send, and how often they may."""

import math
from datetime import datetime, timedelta

from flask import Blueprint

from blueprints.forms import Form
from blueprints.limits import HOUR, Limit, count, when
from blueprints.security import network

bp = Blueprint("contribute", __name__)
BY_NETWORK = Limit("letter-to-the-desk", 20, HOUR)


class TooMany(Exception):
    """More came from here than we take in an hour."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"Too much came from here at once. Send it again {when(wait)}; it is kept below.")
        self.headers = {"Retry-After": str(math.ceil(wait.total_seconds()))}


def count_one(now: datetime) -> None:
    """One more letter from here. The caller commits. Raises TooMany."""
    if wait := count({BY_NETWORK: network()}, now):
        raise TooMany(wait)


def sender(form: Form) -> list[str]:
    """Name and address to answer to, as models.Outbox takes them; empty when none was given."""
    return [form["name"].data or "", form["email"].data] if form["email"].data else []
