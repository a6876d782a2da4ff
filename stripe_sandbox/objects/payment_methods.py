"""Payment methods: cards by their test names or as typed on the hosted page, and one delayed method."""

import hashlib
from datetime import UTC, datetime

import stripe.params as shapes

from ..listing import page
from ..parameters import Params
from ..registry import metadata, refers, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree, missing_object, missing_parameter
from . import cards
from .catalog import save_changes
from .customers import ADDRESS

refers("payment_method", customer="customer")


def billing_details(**given: str | None) -> Tree:
    address = {name: given.get(name) for name in ADDRESS}
    return {
        "address": address,
        "email": given.get("email"),
        "name": given.get("name"),
        "phone": None,
        "tax_id": None,
    }


def _blank(tx: Transaction, type: str, billing: Tree | None) -> Tree:
    return {
        "id": new_id("pm_1"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing or billing_details(),
        "created": tx.now,
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": type,
    }


def card_method(
    tx: Transaction, card: cards.Card, billing: Tree | None = None, month: int = 8, year: int | None = None
) -> Tree:
    """A payment method for this card; it remembers the number, which decides what a charge does."""
    method = _blank(tx, "card", billing) | {
        "card": {
            "brand": card.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "unchecked",
            },
            "country": card.country,
            "display_brand": card.brand,
            "exp_month": month,
            "exp_year": year or datetime.fromtimestamp(tx.now, UTC).year + 1,
            "fingerprint": _fingerprint(card.number),
            "funding": card.funding,
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        }
    }
    return tx.insert(method, {"number": card.number})


def delayed_method(tx: Transaction, billing: Tree) -> Tree:
    """A bank debit that is known to have worked only days later."""
    return tx.insert(
        _blank(tx, "sepa_debit", billing)
        | {
            "sepa_debit": {
                "bank_code": "37040044",
                "branch_code": "",
                "country": "DE",
                "fingerprint": _fingerprint("debit"),
                "generated_from": {"charge": None, "setup_attempt": None},
                "last4": "3000",
            }
        }
    )


def _fingerprint(text: str) -> str:
    return hashlib.sha256(b"sandbox" + text.encode()).hexdigest()[:16]


def card_of(tx: Transaction, method: Tree) -> cards.Card:
    return cards.CARDS[tx.hidden(method)["number"]]


def method_for(tx: Transaction, id: str, param: str = "payment_method") -> Tree:
    """The payment method a parameter names: a fresh one for a test name."""
    card = cards.card_named(id)
    if card:
        return card_method(tx, card)
    method = tx.find("payment_method", id)
    if method is None:
        raise missing_object("payment_method", id, param)
    return method


def attach(tx: Transaction, method: Tree, customer: str) -> Tree:
    """Saves the method to the customer; a card that the bank refuses raises 402."""
    if method["customer"] == customer:
        return method
    if method["customer"]:
        raise StripeError(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
            param="payment_method",
        )
    if method["type"] == "card":
        card = card_of(tx, method)
        if not card.attaches and card.decline:
            raise StripeError(
                card.decline.message,
                status=402,
                type="card_error",
                code=card.decline.code,
                decline_code=card.decline.decline_code,
            )
    return save_changes(tx, method, {"customer": customer}, "payment_method.attached")


@route("POST", "/v1/payment_methods", shapes.PaymentMethodCreateParams)
def create_method(tx: Transaction, params: Params) -> Tree:
    if params.get("type") != "card":
        raise StripeError("This sandbox makes payment methods of the type card only.", param="type")
    given = params.get("card")
    if not given:
        raise missing_parameter("card")
    billing = _billing(params.get("billing_details") or {})
    if token := given.get("token"):
        card = cards.card_named(token.replace("tok_", "pm_card_", 1))
        if card is None:
            raise missing_object("token", token, "card[token]")
        return _with_metadata(tx, card_method(tx, card, billing), params)
    for name in ("number", "exp_month", "exp_year"):
        if name not in given:
            raise missing_parameter(f"card[{name}]")
    card = cards.CARDS.get(given["number"].replace(" ", ""))
    if card is None:
        refused = cards.NOT_A_TEST_CARD
        raise StripeError(
            refused.message,
            status=402,
            type="card_error",
            code=refused.code,
            decline_code=refused.decline_code,
            param="card[number]",
        )
    return _with_metadata(tx, card_method(tx, card, billing, given["exp_month"], given["exp_year"]), params)


def _billing(given: Tree) -> Tree:
    address = given.get("address") or {}
    return billing_details(email=given.get("email"), name=given.get("name"), **address) | {"phone": given.get("phone")}


def _with_metadata(tx: Transaction, method: Tree, params: Params) -> Tree:
    return tx.save(method | {"metadata": metadata(params)})


@route("GET", "/v1/payment_methods", shapes.PaymentMethodListParams)
def list_methods(tx: Transaction, params: Params) -> Tree:
    # Stripe lists saved methods only: those of the customer, or, without one, those not attached to any.
    customer = params.get("customer")
    extra = "" if customer else " AND json_extract(body, '$.customer') IS NULL"
    return page(tx, "payment_method", "/v1/payment_methods", params, extra, customer=customer, type=params.get("type"))


@route("GET", "/v1/customers/<id>/payment_methods", shapes.CustomerPaymentMethodListParams)
def list_customers_methods(tx: Transaction, params: Params, id: str) -> Tree:
    tx.get("customer", id)
    url = f"/v1/customers/{id}/payment_methods"
    return page(tx, "payment_method", url, params, customer=id, type=params.get("type"))


@route("GET", "/v1/payment_methods/<id>", shapes.PaymentMethodRetrieveParams)
def get_method(tx: Transaction, params: Params, id: str) -> Tree:
    card = cards.card_named(id)
    return card_method(tx, card) if card else tx.get("payment_method", id)


@route("POST", "/v1/payment_methods/<id>", shapes.PaymentMethodUpdateParams)
def update_method(tx: Transaction, params: Params, id: str) -> Tree:
    method = tx.get("payment_method", id)
    changed: Tree = {"metadata": metadata(params, method["metadata"])}
    if "billing_details" in params:
        changed["billing_details"] = _billing(params["billing_details"] or {})
    return save_changes(tx, method, changed, "payment_method.updated")


@route("POST", "/v1/payment_methods/<id>/attach", shapes.PaymentMethodAttachParams)
def attach_method(tx: Transaction, params: Params, id: str) -> Tree:
    if not params.get("customer"):
        raise missing_parameter("customer")
    customer = tx.named("customer", params["customer"], "customer")
    card = cards.card_named(id)
    method = card_method(tx, card) if card else tx.get("payment_method", id)
    return attach(tx, method, customer["id"])


@route("POST", "/v1/payment_methods/<id>/detach", shapes.PaymentMethodDetachParams)
def detach_method(tx: Transaction, params: Params, id: str) -> Tree:
    method = tx.get("payment_method", id)
    if not method["customer"]:
        raise StripeError(
            "The payment method is not attached to a customer, so it cannot be detached.",
            code="payment_method_not_available",
            param="payment_method",
        )
    customer = tx.find("customer", method["customer"])
    if customer and customer["invoice_settings"]["default_payment_method"] == id:
        settings = customer["invoice_settings"] | {"default_payment_method": None}
        save_changes(tx, customer, {"invoice_settings": settings}, "customer.updated")
    return save_changes(tx, method, {"customer": None}, "payment_method.detached")
