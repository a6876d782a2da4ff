"""Checkout sessions: making, reading, expiring them. `completion.py` is where they are paid."""

from urllib.parse import urlsplit

import stripe.params.checkout as shapes

from ..listing import envelope, page
from ..parameters import Params
from ..registry import WHEN_DUE, metadata, refers, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree, missing_parameter
from . import discounts, money
from .cart import KIND, lines_from, lines_of, reprice
from .catalog import save_changes
from .customers import check_email

refers(
    KIND,
    customer="customer",
    payment_intent="payment_intent",
    subscription="subscription",
    invoice="invoice",
    discounts__coupon="coupon",
    discounts__promotion_code="promotion_code",
)
SHORTEST, LONGEST = 30 * 60, 24 * 3600
# Parameters that change nothing here but what the session says of itself.
ECHOED = ("client_reference_id", "locale", "submit_type")


@route("POST", "/v1/checkout/sessions", shapes.SessionCreateParams)
def create_session(tx: Transaction, params: Params) -> Tree:
    mode = params.get("mode", "payment")
    _check_shape(tx, params, mode)
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
        "branding_settings": _branding(params.get("branding_settings") or {}),
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
        "custom_text": _custom_text(params.get("custom_text") or {}),
        "customer": customer,
        "customer_account": None,
        "customer_creation": params.get("customer_creation", "if_required")
        if mode == "payment"
        else "always",
        "customer_details": _known(found, params),
        "customer_email": check_email(params.get("customer_email"), "customer_email"),
        "discounts": [discount] if discount else [],
        "expires_at": _expiry(tx, params),
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


def _check_shape(tx: Transaction, params: Params, mode: str) -> None:
    for name in ("adaptive_pricing", "automatic_tax", "invoice_creation", "phone_number_collection"):
        if (params.get(name) or {}).get("enabled"):
            raise StripeError(f"This sandbox does not act on the parameter '{name}' yet.", param=name)
    if params.get("billing_address_collection", "auto") != "auto":
        raise StripeError("This page asks for no address.", param="billing_address_collection")
    if mode == "setup":
        raise StripeError("This sandbox has no setup mode yet.", param="mode")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise StripeError("This sandbox has the hosted page only.", param="ui_mode")
    if not params.get("success_url"):
        raise missing_parameter("success_url")
    for name in ("success_url", "cancel_url"):
        if name in params:
            _check_url(params[name], name)
    if not params.get("line_items"):
        raise missing_parameter("line_items")
    if params.get("discounts") and params.get("allow_promotion_codes") is not None:
        raise StripeError(
            "You may only specify one of these parameters: allow_promotion_codes, discounts.",
            param="discounts",
        )
    if len(params.get("discounts") or []) > 1:
        raise StripeError("A session takes at most one discount.", param="discounts")
    if params.get("customer") and params.get("customer_email"):
        raise StripeError(
            "You may only specify one of these parameters: customer, customer_email.", param="customer_email"
        )
    if params.get("customer_creation") and (mode != "payment" or params.get("customer")):
        raise StripeError(
            "`customer_creation` goes with `payment` mode and without `customer`.", param="customer_creation"
        )
    wrong = {"payment": "subscription_data", "subscription": "payment_intent_data"}[mode]
    if wrong in params:
        raise StripeError(f"You can not pass `{wrong}` in `{mode}` mode.", param=wrong)
    for name, known in (
        (
            "payment_intent_data",
            {
                "metadata",
                "description",
                "receipt_email",
                "statement_descriptor",
                "statement_descriptor_suffix",
                "setup_future_usage",
            },
        ),
        ("subscription_data", {"metadata", "description"}),
    ):
        unknown = (params.get(name) or {}).keys() - known
        if unknown:
            where = f"{name}[{min(unknown)}]"
            raise StripeError(f"This sandbox does not act on the parameter '{where}' yet.", param=where)
    types = params.get("payment_method_types")
    if types and ("card" not in types or set(types) - {"card", "sepa_debit"}):
        raise StripeError("This sandbox has cards, and sepa_debit beside them.", param="payment_method_types")
    currency = params.get("currency")
    if currency:
        money.currency(currency, "currency")


def _check_url(url: str, param: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StripeError("Not a valid URL", code="url_invalid", param=param)


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


def _custom_text(given: Tree) -> Tree:
    names = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    for name in given.keys() - {"after_submit", "submit"}:
        raise StripeError("This page has no place for that text.", param=f"custom_text[{name}]")
    return {name: given.get(name) or None for name in names}


def _branding(given: Tree) -> Tree:
    """The shop's name is shown; colours are not, so that nobody takes the page for the shop's."""
    for name in given.keys() - {"display_name"}:
        raise StripeError("This page shows the display name only.", param=f"branding_settings[{name}]")
    return {
        "background_color": "#ffffff",
        "border_style": "rectangular",
        "button_color": "#111111",
        "display_name": given.get("display_name", ""),
        "font_family": "default",
        "icon": None,
        "logo": None,
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


def _expiry(tx: Transaction, params: Params) -> int:
    at = params.get("expires_at", tx.now + LONGEST)
    if not tx.now + SHORTEST <= at <= tx.now + LONGEST:
        raise StripeError(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.", param="expires_at"
        )
    return at


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
    from .intents import cancel

    session = tx.save(session | {"status": "expired", "url": None})
    tx.due(session, None)
    if known := tx.hidden(session).get("intent"):
        intent = tx.get("payment_intent", known)
        if intent["status"] == "requires_payment_method":
            cancel(tx, intent, None)
    tx.emit("checkout.session.expired", session)
    return session


def when_due(tx: Transaction, session: Tree) -> None:
    """Time is up for an open session, or the bank answers for one that was paid by a delayed method."""
    from .completion import settle

    if session["status"] == "open":
        expire(tx, session)
    else:
        settle(tx, session, tx.hidden(session)["outcome"] == "arrives")


WHEN_DUE[KIND] = when_due
