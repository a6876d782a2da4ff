"""Subscriptions. Renewals by virtual time come later; the first invoice is made and paid here."""

from ..listing import envelope
from ..registry import WHEN_DUE, merge_metadata, refers
from ..store import Transaction, new_id
from ..wire import Tree
from . import charges, discounts, intents, invoices
from .catalog import plan_of
from .periods import add_interval

refers(
    "subscription",
    customer="customer",
    default_payment_method="payment_method",
    latest_invoice="invoice",
    discounts="discount",
)
refers("subscription_item", discounts="discount")
ENDED = ("canceled", "incomplete_expired")


def new_subscription(tx: Transaction, customer: str, lines: list[Tree], method: Tree | None, **fields: object) -> Tree:
    """A subscription to the recurring `lines` ({price, quantity}), active from now; no invoice yet."""
    id = new_id("sub_1")
    price = lines[0]["price"]
    rhythm = price["recurring"]
    end = add_interval(tx.now, rhythm["interval"], rhythm["interval_count"])
    items = [_item(tx, id, line, end) for line in lines]
    subscription = {
        "id": id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": tx.now,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": tx.now,
        "currency": price["currency"],
        "customer": customer,
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": method["id"] if method else None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": envelope(items, f"/v1/subscription_items?subscription={id}"),
        "latest_invoice": None,
        "livemode": False,
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": tx.now,
        "status": "active",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None,
    } | fields
    return tx.insert(subscription)


def _item(tx: Transaction, subscription: str, line: Tree, end: int) -> Tree:
    return {
        "id": new_id("si_", 14),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": tx.now,
        "current_period_end": end,
        "current_period_start": tx.now,
        "discounts": [],
        "metadata": {},
        "plan": plan_of(line["price"]),
        "price": line["price"],
        "quantity": line["quantity"],
        "subscription": subscription,
        "tax_rates": [],
    }


def begin_from_session(tx: Transaction, session: Tree, customer: str, method: Tree | None, intent: Tree | None) -> Tree:
    """The subscription that a paid session starts, with its first invoice. `intent` has been paid."""
    hidden = tx.hidden(session)
    data, lines = hidden["subscription_data"], hidden["lines"]
    subscription = new_subscription(
        tx,
        customer,
        [line for line in lines if line["price"]["recurring"]],
        method,
        metadata=merge_metadata({}, data.get("metadata")),
        description=data.get("description"),
    )
    for discount in session["discounts"]:
        made = discounts.new_discount(
            tx, discount, customer=customer, subscription=subscription["id"], checkout_session=session["id"]
        )
        subscription = tx.save(subscription | {"discounts": [made["id"]]})
    billed = [(line["price"], line["quantity"], line["amount_subtotal"], line["amount_discount"]) for line in lines]
    invoice = invoices.first_invoice(tx, subscription, billed)
    subscription = tx.save(subscription | {"latest_invoice": invoice["id"]})
    _keep_lasting(tx, subscription)
    tx.emit("customer.subscription.created", subscription)
    invoices.finalize(tx, invoice)
    invoices.mark_paid(tx, tx.get("invoice", invoice["id"]), intent)
    return tx.get("subscription", subscription["id"])


def _keep_lasting(tx: Transaction, subscription: Tree) -> None:
    """A coupon that works once is spent by the first invoice."""
    lasting = []
    for id in subscription["discounts"]:
        discount = tx.get("discount", id)
        coupon = tx.find("coupon", discount["source"]["coupon"])
        if coupon and coupon["duration"] != "once":
            lasting.append(id)
    subscription["discounts"] = lasting
    tx.save(subscription)


def first_payment(
    tx: Transaction, subscription: Tree, lines: list[Tree], chosen: list[Tree], method: Tree, behaviour: str
) -> Tree:
    amounts = [line["price"]["unit_amount"] * line["quantity"] for line in lines]
    off = [0] * len(lines)
    for discount in chosen:
        discounts.check_restrictions(
            tx, discount, sum(amounts), subscription["currency"], subscription["customer"], "discounts[0]"
        )
        coupon = tx.named("coupon", discount["coupon"], "discounts[0][coupon]")
        off = discounts.taken_off(
            tx,
            coupon,
            [(line["price"]["product"], amount) for line, amount in zip(lines, amounts, strict=True)],
        )
        made = discounts.new_discount(tx, discount, customer=subscription["customer"], subscription=subscription["id"])
        subscription = tx.save(subscription | {"discounts": [made["id"]]})
        discounts.redeem(tx, discount)
    billed = [
        (line["price"], line["quantity"], amount, less) for line, amount, less in zip(lines, amounts, off, strict=True)
    ]
    invoice = invoices.first_invoice(tx, subscription, billed)
    subscription = tx.save(subscription | {"latest_invoice": invoice["id"]})
    _keep_lasting(tx, subscription)
    intent = None
    if invoice["total"]:
        intent = intents.new_intent(
            tx,
            invoice["total"],
            invoice["currency"],
            customer=subscription["customer"],
            description="Subscription creation",
            setup_future_usage="off_session",
        )
        intent = charges.pay(tx, intent, method)
    if intent is None or intent["status"] == "succeeded":
        tx.emit("customer.subscription.created", subscription)
        invoices.finalize(tx, invoice)
        invoices.mark_paid(tx, tx.get("invoice", invoice["id"]), intent)
        return tx.get("subscription", subscription["id"])
    if behaviour == "error_if_incomplete":
        refused = charges.refusal(intent)
        refused.keeps = False
        raise refused
    subscription = tx.save(subscription | {"status": "incomplete"})
    tx.emit("customer.subscription.created", subscription)
    invoices.finalize(tx, invoice)
    invoices.mark_failed(tx, tx.get("invoice", invoice["id"]), intent)
    tx.due(subscription, tx.now + 23 * 3600)
    return subscription


def end_now(tx: Transaction, subscription: Tree) -> Tree:
    subscription = tx.save(
        subscription
        | {
            "status": "canceled",
            "ended_at": tx.now,
            "cancel_at_period_end": False,
            "cancel_at": None,
            "canceled_at": subscription["canceled_at"] or tx.now,
        }
    )
    tx.due(subscription, None)
    tx.emit("customer.subscription.deleted", subscription)
    return subscription


def when_due(tx: Transaction, subscription: Tree) -> None:
    """The end of the period of one that was to stop then, or of the day that an unpaid one had."""
    if subscription["status"] == "incomplete":
        expired = tx.save(subscription | {"status": "incomplete_expired", "ended_at": tx.now})
        tx.due(expired, None)
        tx.emit("customer.subscription.updated", expired, {"status": "incomplete"})
    else:
        end_now(tx, subscription)


WHEN_DUE["subscription"] = when_due
