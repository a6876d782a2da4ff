"""/v1/subscriptions."""

import stripe.params as shapes

from ..listing import page
from ..parameters import Params
from ..registry import metadata, route
from ..store import Transaction
from ..wire import StripeError, Tree
from . import discounts, subscriptions
from .catalog import new_price, plan_of, save_changes
from .payment_methods import attach, method_for


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
        raise StripeError(
            "This customer has no attached payment source or default payment method.",
            code="resource_missing",
            param="customer",
        )
    method = attach(tx, method, customer["id"])
    given = params.get("discounts") or []
    if len(given) > 1:
        raise StripeError("This sandbox takes at most one discount.", param="discounts")
    chosen = [discounts.discount_for(tx, entry, f"discounts[{i}]") for i, entry in enumerate(given)]
    subscription = subscriptions.new_subscription(
        tx,
        customer["id"],
        lines,
        method,
        metadata=metadata(params),
        description=params.get("description"),
        cancel_at_period_end=params.get("cancel_at_period_end", False),
    )
    return subscriptions.first_payment(tx, subscription, lines, chosen, method, behaviour)


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
        extra += (
            " AND EXISTS (SELECT 1 FROM json_each(body, '$.items.data') item"
            " WHERE json_extract(item.value, '$.price.id') = ?)"
        )
    return page(
        tx,
        "subscription",
        "/v1/subscriptions",
        params,
        extra,
        [price] if price else [],
        customer=params.get("customer"),
        status=exact,
        collection_method=params.get("collection_method"),
    )


@route("GET", "/v1/subscriptions/<id>", shapes.SubscriptionRetrieveParams)
def get_subscription(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("subscription", id)


@route("POST", "/v1/subscriptions/<id>", shapes.SubscriptionUpdateParams)
def update_subscription(tx: Transaction, params: Params, id: str) -> Tree:
    subscription = tx.get("subscription", id)
    if subscription["status"] in subscriptions.ENDED:
        raise StripeError(f"No such subscription: '{id}'", status=404, code="resource_missing", param="id")
    changed: Tree = {"metadata": metadata(params, subscription["metadata"])}
    if "description" in params:
        changed["description"] = params["description"] or None
    if "default_payment_method" in params:
        method = attach(tx, method_for(tx, params["default_payment_method"]), subscription["customer"])
        changed["default_payment_method"] = method["id"]
    if "cancel_at_period_end" in params:
        changed |= _at_period_end(tx, subscription, params["cancel_at_period_end"])
    if given := params.get("cancellation_details"):
        before: Tree = changed.get("cancellation_details") or subscription["cancellation_details"]
        changed["cancellation_details"] = before | {name: value or None for name, value in given.items()}
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
    """New price or quantity from the next invoice on. Without proration: there are no credits yet."""
    if proration != "none":
        raise StripeError(
            "This sandbox changes items without proration only: pass proration_behavior=none.",
            param="proration_behavior",
        )
    items = {item["id"]: item for item in subscription["items"]["data"]}
    for i, entry in enumerate(given):
        if entry.get("id") not in items:
            raise StripeError(
                f"No such subscription item: '{entry.get('id')}'",
                code="resource_missing",
                param=f"items[{i}][id]",
            )
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
    if subscription["status"] in subscriptions.ENDED:
        raise StripeError(f"No such subscription: '{id}'", status=404, code="resource_missing", param="id")
    if params.get("invoice_now") or params.get("prorate"):
        raise StripeError("This sandbox cancels without a last invoice.", param="invoice_now")
    given = {name: value or None for name, value in (params.get("cancellation_details") or {}).items()}
    details = subscription["cancellation_details"] | {"reason": "cancellation_requested"} | given
    return subscriptions.end_now(tx, subscription | {"cancellation_details": details})
