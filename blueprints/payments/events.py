"""One event of Stripe, worked on once, whoever brings it: the webhook or the reconciler.

What an event says is only a reason to look: the object is read again from Stripe, so that late, repeated and
reordered events all lead to the same end.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy.exc import IntegrityError

from blueprints.payments import checkouts, gateway, refunds, subscriptions
from blueprints.payments.stripe_gateway import StripeGateway, Tree
from models import StripeEvent, begin_write, db
from models.stripe_event import EventState, without_people


class Task(NamedTuple):
    """`read` asks Stripe, with no transaction open; `apply` changes rows, and is False for what is not ours."""

    read: Callable[[StripeGateway, Tree], Any]
    apply: Callable[[Any, datetime], bool]


CHECKOUT = Task(checkouts.read, checkouts.apply)
INVOICE = Task(subscriptions.read_invoice, subscriptions.apply_invoice)
SUBSCRIPTION = Task(subscriptions.read, subscriptions.apply)
REFUND = Task(refunds.read, refunds.apply)

TASKS = {
    "checkout.session.completed": CHECKOUT,
    "checkout.session.expired": CHECKOUT,
    "checkout.session.async_payment_succeeded": CHECKOUT,
    "checkout.session.async_payment_failed": CHECKOUT,
    "invoice.paid": INVOICE,
    "invoice.payment_failed": INVOICE,
    "customer.subscription.updated": SUBSCRIPTION,
    "customer.subscription.deleted": SUBSCRIPTION,
    "charge.refunded": REFUND,
    "refund.created": REFUND,
    "refund.updated": REFUND,
    "refund.failed": REFUND,
}


def receive(event: Tree, now: datetime) -> bool:
    """Work on an event; False when it had been worked on before, also by another process at this moment.

    Raises GatewayUnavailable, with nothing changed: the event will come again.
    """
    if StripeEvent.seen(event["id"]):
        return False
    db.session.commit()  # the look above began a transaction, and none may be open while Stripe is asked
    task = TASKS.get(event["type"])
    found = task.read(gateway.current(), event["data"]["object"]) if task else None

    begin_write()
    row = StripeEvent(
        id=event["id"],
        type=event["type"],
        created=datetime.fromtimestamp(event["created"], UTC),
        state=EventState.IGNORED,
        payload=without_people(event),
    )
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        return False
    if task and task.apply(found, now):
        row.state = EventState.DONE
    db.session.commit()
    return True
