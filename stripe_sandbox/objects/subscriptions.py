"""Subscriptions. Renewals by virtual time come later; the first invoice is made and paid here."""

import stripe.params as shapes

from ..listing import envelope, page
from ..parameters import Params
from ..registry import WHEN_DUE, merge_metadata, metadata, refers, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree
from . import discounts, invoices, payments
from .catalog import new_price, plan_of, save_changes
from .payment_methods import attach, method_for
from .periods import add_interval

refers(
    "subscription", customer="customer", default_payment_method="payment_method", latest_invoice="invoice",
    discounts="discount",
)
refers("subscription_item", discounts="discount")
ENDED = ("canceled", "incomplete_expired")


def new_subscription(
    tx: Transaction, customer: str, lines: list[Tree], method: Tree | None, **fields: object
) -> Tree:
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
            "payment_method_options": None, "payment_method_types": None, "save_default_payment_method": "off",
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


def begin_from_session(
    tx: Transaction, session: Tree, customer: str, method: Tree | None, intent: Tree | None
) -> Tree:
    """The subscription that a paid session starts, with its first invoice. `intent` has been paid."""
    hidden = tx.hidden(session)
    data, lines = hidden["subscription_data"], hidden["lines"]
    subscription = new_subscription(
        tx, customer, [line for line in lines if line["price"]["recurring"]], method,
        metadata=merge_metadata({}, data.get("metadata")), description=data.get("description"),
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


# The API


@route("POST", "/v1/subscriptions", shapes.SubscriptionCreateParams)
def create_subscription(tx: Transaction, params: Params) -> Tree:
    customer = tx.named("customer", params["customer"], "customer")
    lines = _lines(tx, params.get("items") or [])
    named = params.get("default_payment_method") or customer["invoice_settings"]["default_payment_method"]
    behaviour = params.get("payment_behavior", "allow_incomplete")
    if behaviour not in ("allow_incomplete", "error_if_incomplete"):
        raise StripeError(f"This sandbox does not act on payment_behavior={behaviour} yet.", param="payment_behavior")
    method = method_for(tx, named, "default_payment_method") if named else None
    if method is None:
        raise StripeError("This customer has no attached payment source or default payment method.",
                          code="resource_missing", param="customer")
    method = attach(tx, method, customer["id"])
    given = params.get("discounts") or []
    if len(given) > 1:
        raise StripeError("This sandbox takes at most one discount.", param="discounts")
    chosen = [discounts.discount_for(tx, entry, f"discounts[{i}]") for i, entry in enumerate(given)]
    subscription = new_subscription(
        tx, customer["id"], lines, method, metadata=metadata(params), description=params.get("description"),
        cancel_at_period_end=params.get("cancel_at_period_end", False),
    )
    return _first_payment(tx, subscription, lines, chosen, method, behaviour)


def _lines(tx: Transaction, items: list[Tree]) -> list[Tree]:
    if not items:
        raise StripeError("Missing required param: items.", code="parameter_missing", param="items")
    lines = []
    for i, item in enumerate(items):
        unknown = item.keys() - {"price", "price_data", "quantity"}
        if unknown:
            name = f"items[{i}][{min(unknown)}]"
            raise StripeError(f"This sandbox does not act on the parameter '{name}' yet.", param=name)
        if "price_data" in item:
            price = new_price(tx, Params(item["price_data"] | {"active": False}), f"items[{i}][price_data]")
        else:
            price = tx.named("price", item.get("price", ""), f"items[{i}][price]")
        if not price["recurring"]:
            raise StripeError("A subscription needs recurring prices.", param=f"items[{i}][price]")
        lines.append({"price": price, "quantity": item.get("quantity", 1)})
    if len({line["price"]["currency"] for line in lines}) > 1:
        raise StripeError("All prices of a subscription must have one currency.", param="items")
    return lines


def _first_payment(
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
            tx, coupon, [(line["price"]["product"], amount) for line, amount in zip(lines, amounts, strict=True)]
        )
        made = discounts.new_discount(
            tx, discount, customer=subscription["customer"], subscription=subscription["id"]
        )
        subscription = tx.save(subscription | {"discounts": [made["id"]]})
        discounts.redeem(tx, discount)
    billed = [
        (line["price"], line["quantity"], amount, less)
        for line, amount, less in zip(lines, amounts, off, strict=True)
    ]
    invoice = invoices.first_invoice(tx, subscription, billed)
    subscription = tx.save(subscription | {"latest_invoice": invoice["id"]})
    _keep_lasting(tx, subscription)
    intent = None
    if invoice["total"]:
        intent = payments.new_intent(
            tx, invoice["total"], invoice["currency"], customer=subscription["customer"],
            description="Subscription creation", setup_future_usage="off_session",
        )
        intent = payments.pay(tx, intent, method)
    if intent is None or intent["status"] == "succeeded":
        tx.emit("customer.subscription.created", subscription)
        invoices.finalize(tx, invoice)
        invoices.mark_paid(tx, tx.get("invoice", invoice["id"]), intent)
        return tx.get("subscription", subscription["id"])
    if behaviour == "error_if_incomplete":
        refused = payments.refusal(intent)
        refused.keeps = False
        raise refused
    subscription = tx.save(subscription | {"status": "incomplete"})
    tx.emit("customer.subscription.created", subscription)
    invoices.finalize(tx, invoice)
    invoices.mark_failed(tx, tx.get("invoice", invoice["id"]), intent)
    tx.due(subscription, tx.now + 23 * 3600)
    return subscription


@route("GET", "/v1/subscriptions", shapes.SubscriptionListParams)
def list_subscriptions(tx: Transaction, params: Params) -> Tree:
    status = params.get("status")
    extra = ""
    if status is None:
        extra = " AND json_extract(body, '$.status') != 'canceled'"
    elif status == "ended":
        extra = " AND json_extract(body, '$.status') IN ('canceled', 'incomplete_expired')"
    exact = None if status in (None, "all", "ended") else status
    if price := params.get("price"):
        quoted = price.replace("'", "''")
        extra += (
            " AND EXISTS (SELECT 1 FROM json_each(body, '$.items.data') item "
            f"WHERE json_extract(item.value, '$.price.id') = '{quoted}')"
        )
    return page(
        tx, "subscription", "/v1/subscriptions", params, extra, customer=params.get("customer"), status=exact,
        collection_method=params.get("collection_method"),
    )


@route("GET", "/v1/subscriptions/<id>", shapes.SubscriptionRetrieveParams)
def get_subscription(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("subscription", id)


@route("POST", "/v1/subscriptions/<id>", shapes.SubscriptionUpdateParams)
def update_subscription(tx: Transaction, params: Params, id: str) -> Tree:
    subscription = tx.get("subscription", id)
    if subscription["status"] in ENDED:
        raise StripeError(f"No such subscription: '{id}'", status=404, code="resource_missing", param="id")
    changed: Tree = {"metadata": metadata(params, subscription["metadata"])}
    if "description" in params:
        changed["description"] = params["description"] or None
    if "default_payment_method" in params:
        method = attach(tx, method_for(tx, params["default_payment_method"]), subscription["customer"])
        changed["default_payment_method"] = method["id"]
    if "cancel_at_period_end" in params:
        changed |= _at_period_end(tx, subscription, params["cancel_at_period_end"])
    if comment := params.get("cancellation_details"):
        given = {name: value or None for name, value in comment.items()}
        changed["cancellation_details"] = changed.get(
            "cancellation_details", subscription["cancellation_details"]
        ) | given
    if "items" in params:
        changed["items"] = _changed_items(tx, subscription, params["items"], params.get("proration_behavior"))
    subscription = save_changes(tx, subscription, changed, "customer.subscription.updated")
    if "cancel_at" in changed:
        tx.due(subscription, changed["cancel_at"])
    return subscription


def period_end(subscription: Tree) -> int:
    return max(item["current_period_end"] for item in subscription["items"]["data"])


def _at_period_end(tx: Transaction, subscription: Tree, wanted: bool) -> Tree:
    reason = "cancellation_requested" if wanted else None
    return {
        "cancel_at_period_end": wanted,
        "cancel_at": period_end(subscription) if wanted else None,
        "canceled_at": tx.now if wanted else None,
        "cancellation_details": subscription["cancellation_details"] | {"reason": reason},
    }


def _changed_items(tx: Transaction, subscription: Tree, given: list[Tree], proration: str | None) -> Tree:
    """New price or quantity from the next invoice on. Only without proration: there are no credits here yet."""
    if proration != "none":
        raise StripeError(
            "This sandbox changes items without proration only: pass proration_behavior=none.",
            param="proration_behavior",
        )
    items = {item["id"]: item for item in subscription["items"]["data"]}
    for i, entry in enumerate(given):
        if entry.get("id") not in items:
            raise StripeError(f"No such subscription item: '{entry.get('id')}'", code="resource_missing",
                              param=f"items[{i}][id]")
        item = items[entry["id"]]
        if "price" in entry or "price_data" in entry:
            price = _lines(tx, [{k: v for k, v in entry.items() if k in ("price", "price_data")}])[0]["price"]
            if price["recurring"]["interval"] != item["price"]["recurring"]["interval"]:
                raise StripeError("This sandbox keeps a subscription's interval.", param=f"items[{i}][price]")
            item |= {"price": price, "plan": plan_of(price)}
        if "quantity" in entry:
            item["quantity"] = entry["quantity"]
    return subscription["items"] | {"data": list(items.values())}


@route("DELETE", "/v1/subscriptions/<id>", shapes.SubscriptionCancelParams)
def cancel_subscription(tx: Transaction, params: Params, id: str) -> Tree:
    subscription = tx.get("subscription", id)
    if subscription["status"] in ENDED:
        raise StripeError(f"No such subscription: '{id}'", status=404, code="resource_missing", param="id")
    if params.get("invoice_now") or params.get("prorate"):
        raise StripeError("This sandbox cancels without a last invoice.", param="invoice_now")
    given = {name: value or None for name, value in (params.get("cancellation_details") or {}).items()}
    details = subscription["cancellation_details"] | {"reason": "cancellation_requested"} | given
    return end_now(tx, subscription | {"cancellation_details": details})


def end_now(tx: Transaction, subscription: Tree) -> Tree:
    subscription = tx.save(
        subscription
        | {
            "status": "canceled", "ended_at": tx.now, "cancel_at_period_end": False, "cancel_at": None,
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
