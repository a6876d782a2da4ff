"""Checkout sessions: making, reading, expiring them. `completion.py` is where they are paid."""

import stripe.params.checkout as shapes

from ..listing import envelope, page
from ..parameters import Params
from ..registry import metadata, refers, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree
from . import discounts, money
from . import session_rules as rules
from .cart import KIND, lines_from, lines_of, reprice
from .catalog import save_changes
from .customers import check_email
from .intents import cancel

refers(
    KIND,
    customer="customer",
    payment_intent="payment_intent",
    subscription="subscription",
    invoice="invoice",
    discounts__coupon="coupon",
    discounts__promotion_code="promotion_code",
)
# Parameters that change nothing here but what the session says of itself.
ECHOED = ("client_reference_id", "locale", "submit_type")


@route("POST", "/v1/checkout/sessions", shapes.SessionCreateParams)
def create_session(tx: Transaction, params: Params) -> Tree:
    mode = params.get("mode", "payment")
    rules.check_shape(tx, params, mode)
    lines = lines_from(tx, params, mode)
    currency = lines[0]["price"]["currency"]
    subtotal = sum(line["amount_subtotal"] for line in lines)
    customer = params.get("customer")
    found = tx.named("customer", customer, "customer") if customer else None
    given = params.get("discounts") or []
    discount = discounts.discount_for(tx, given[0], "discounts[0]") if given else None
    if discount:
        discounts.check_restrictions(tx, discount, subtotal, currency, customer, "discounts[0]")
    id = new_id("cs_test_a1", 56)
    session = {
        "id": id,
        "object": KIND,
        "adaptive_pricing": {"enabled": False} if mode == "payment" else None,
        "after_expiration": None,
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "amount_subtotal": subtotal,
        "amount_total": subtotal,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "branding_settings": rules.branding(params.get("branding_settings") or {}),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": None,
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": tx.now,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": rules.custom_text(params.get("custom_text") or {}),
        "customer": customer,
        "customer_account": None,
        "customer_creation": params.get("customer_creation", "if_required") if mode == "payment" else "always",
        "customer_details": _known(found, params),
        "customer_email": check_email(params.get("customer_email"), "customer_email"),
        "discounts": [discount] if discount else [],
        "expires_at": rules.expiry(tx, params),
        "integration_identifier": None,
        "invoice": None,
        "invoice_creation": _no_invoice() if mode == "payment" else None,
        "livemode": False,
        "locale": None,
        "metadata": metadata(params),
        "mode": mode,
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": params.get("payment_method_collection", "always"),
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": params.get("payment_method_types") or _types(mode),
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": params.get("success_url"),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{tx.origin}/c/pay/{id}",
        "wallet_options": None,
    }
    session |= {name: params.get(name) for name in ECHOED}
    if mode == "subscription":
        session["customer_creation"] = None if customer else "always"
    elif customer:
        session["customer_creation"] = None
    tx.insert(
        session,
        {
            "lines": lines,
            "intent_data": params.get("payment_intent_data") or {},
            "subscription_data": params.get("subscription_data") or {},
        },
        session["expires_at"],
    )
    session = reprice(tx, session)
    total = session["amount_total"]
    if total:
        money.check_charge(total, currency, "line_items")
    return session


def _types(mode: str) -> list[str]:
    return ["card", "sepa_debit"] if mode == "payment" else ["card"]


def _known(customer: Tree | None, params: Params) -> Tree | None:
    email = customer["email"] if customer else params.get("customer_email")
    return details(email, None) if email else None


def details(email: str | None, name: str | None) -> Tree:
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def _no_invoice() -> Tree:
    empty: Tree = {
        "account_tax_ids": None,
        "custom_fields": None,
        "description": None,
        "footer": None,
        "issuer": None,
        "metadata": {},
        "rendering_options": None,
    }
    return {"enabled": False, "invoice_data": empty}


# Reading and ending


@route("GET", "/v1/checkout/sessions", shapes.SessionListParams)
def list_sessions(tx: Transaction, params: Params) -> Tree:
    email = (params.get("customer_details") or {}).get("email")
    return page(
        tx,
        KIND,
        "/v1/checkout/sessions",
        params,
        status=params.get("status"),
        customer=params.get("customer"),
        payment_intent=params.get("payment_intent"),
        subscription=params.get("subscription"),
        customer_details__email=email,
    )


@route("GET", "/v1/checkout/sessions/<id>", shapes.SessionRetrieveParams)
def get_session(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get(KIND, id)


@route("GET", "/v1/checkout/sessions/<id>/line_items", shapes.SessionLineItemListParams)
def list_lines(tx: Transaction, params: Params, id: str) -> Tree:
    session = tx.get(KIND, id)
    limit, after = params.get("limit", 10), params.get("starting_after")
    lines = lines_of(tx, session)
    start = next((i + 1 for i, line in enumerate(lines) if line["id"] == after), 0)
    url = f"/v1/checkout/sessions/{id}/line_items"
    return envelope(lines[start : start + limit], url, len(lines) > start + limit)


@route("POST", "/v1/checkout/sessions/<id>", shapes.SessionUpdateParams)
def update_session(tx: Transaction, params: Params, id: str) -> Tree:
    session = tx.get(KIND, id)
    return save_changes(tx, session, {"metadata": metadata(params, session["metadata"])})


@route("POST", "/v1/checkout/sessions/<id>/expire", shapes.SessionExpireParams)
def expire_session(tx: Transaction, params: Params, id: str) -> Tree:
    session = tx.get(KIND, id)
    if session["status"] != "open":
        raise StripeError(
            f"Only an open Checkout Session can be expired, and this one is {session['status']}.",
            param="session",
        )
    return expire(tx, session)


def expire(tx: Transaction, session: Tree) -> Tree:
    session = tx.save(session | {"status": "expired", "url": None})
    tx.due(session, None)
    if known := tx.hidden(session).get("intent"):
        intent = tx.get("payment_intent", known)
        if intent["status"] == "requires_payment_method":
            cancel(tx, intent, None)
    tx.emit("checkout.session.expired", session)
    return session
