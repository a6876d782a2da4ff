"""Repairs: what Stripe told us and we never heard, and checkouts nobody came back from."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from blueprints.payments import checkouts, events, gateway
from blueprints.payments.stripe_gateway import Tree
from models import Donation, Order, StripeEvent, begin_write, db

MEMORY = timedelta(days=30)  # for which Stripe keeps events
OVERLAP = timedelta(hours=2)  # events are not made in the order they are stored in here
EARLY = timedelta(minutes=5)  # clocks differ
log = logging.getLogger(__name__)


@dataclass
class Report:
    """What one round found."""

    events: int = 0  # that were new to us
    paid: int = 0  # checkouts that turned out to be paid
    over: int = 0  # checkouts that nobody paid
    waiting: int = 0  # checkouts that a slow bank has yet to answer for
    failed: int = 0  # that Stripe could not be asked about, or that could not be worked on

    def __str__(self) -> str:
        said = (
            f"New events: {self.events}. Forgotten checkouts: {self.paid} paid, {self.over} given up, "
            f"{self.waiting} waiting for the bank."
        )
        return f"{said} Not settled this time, to be tried again: {self.failed}." if self.failed else said


def reconcile(now: datetime) -> Report:
    """Bring our rows to where Stripe is. Safe at any time, beside webhooks and another round.

    Raises GatewayUnavailable when Stripe does not answer at all.
    """
    report = Report()
    for event in missed(now):
        try:
            report.events += events.receive(event, now)
        except Exception:  # one bad object must not keep the others from being repaired
            log.exception("Event %s could not be worked on", event["id"])
            db.session.rollback()
            report.failed += 1
    rows: list[Order | Donation] = [*Order.overdue(now), *Donation.overdue(now)]
    for kind, public_id in [(type(row), row.public_id) for row in rows]:
        try:
            sweep(kind, public_id, now, report)
        except Exception:
            log.exception("A forgotten checkout could not be settled")
            db.session.rollback()
            report.failed += 1
    db.session.commit()
    log.info("%s", report)
    return report


def missed(now: datetime) -> list[Tree]:
    """Events that may be news, oldest first: the latest ones, and all that Stripe could not deliver."""
    newest = StripeEvent.newest()
    db.session.commit()
    since = newest - OVERLAP if newest else now - MEMORY
    stripe = gateway.current()
    found = {event["id"]: event for event in stripe.events_since(now - MEMORY, undelivered=True)}
    found |= {event["id"]: event for event in stripe.events_since(since)}
    return sorted(found.values(), key=lambda event: event["created"])


def sweep(kind: type[Order] | type[Donation], public_id: str, now: datetime, report: Report) -> None:
    """Settle one row whose checkout should be over by now: Stripe is asked first, and closes what is open."""
    row = kind.by_public_id(public_id)
    if row is None:
        return
    known, created_at = row.checkout_session, row.created_at
    db.session.commit()
    session = _session(known, public_id, created_at)

    begin_write()
    row = kind.by_public_id(public_id, lock=True)
    if session is not None:
        checkouts.apply(session, now)
    elif row is not None:
        checkouts.give_up(row, {"id": None})
    if row is not None:
        report.paid += row.paid_at is not None
        report.over += row.status == "expired"
        report.waiting += row.status == "pending"
    db.session.commit()


def _session(known: str | None, public_id: str, created_at: datetime) -> Tree | None:
    """The row's checkout at Stripe, no longer open; None when there never was one.

    We may have died between making the checkout and noting its id: then it is found by the row it names.
    """
    stripe = gateway.current()
    if known is None:
        ours = (
            session["id"]
            for session in stripe.sessions_since(created_at.astimezone(UTC) - EARLY)
            if session["client_reference_id"] == public_id
        )
        known = next(ours, None)
    if known is None:
        return None
    session = stripe.retrieve_session(known)
    return stripe.expire_session(known) if session["status"] == "open" else session
