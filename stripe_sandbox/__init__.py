"""A local Stripe on the wire: stripe-python talks to it unmodified, by base address alone.

    python -m stripe_sandbox --port 5001 --state DIR

It knows nothing of the site that uses it. It speaks API version 2026-10-28.endive at /v1/…, takes any
`sk_test_…` key (all see one account), shows a hosted checkout page at /c/pay/<session>, sends signed
webhooks, and keeps everything in one SQLite file in DIR. What Stripe's dashboard and command line would do,
and the switches that make it misbehave on purpose, stand at /_sandbox/ (see `backstage` and `chaos`).

A parameter that Stripe has and this sandbox does not act on is refused, never ignored. Not here yet: renewals
by virtual time, test clocks, 3-D Secure, failed renewals, disputes, the billing portal, manual capture, tax.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .app import Sandbox


def create_sandbox(state: Path, clock: Callable[[], float] = time.time) -> "Sandbox":
    """The sandbox as a WSGI application that keeps its state in this folder. `close()` it when done."""
    from .app import Sandbox

    return Sandbox(state, clock)


__all__ = ["create_sandbox"]
