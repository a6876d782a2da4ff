"""Charging a payment method for a payment intent, and the charges this leaves."""

import stripe.params as shapes

from ..listing import envelope, page
from ..parameters import Params
from ..registry import INCLUDES, metadata, refers, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree
from . import balance
from .cards import Decline
from .catalog import save_changes
from .payment_methods import card_of

refers(
    "charge",
    customer="customer",
    payment_intent="payment_intent",
    balance_transaction="balance_transaction",
    failure_balance_transaction="balance_transaction",
)


def refunds_of(tx: Transaction, charge: Tree) -> Tree:
    return envelope(tx.where("refund", order="DESC", charge=charge["id"]), f"/v1/charges/{charge['id']}/refunds")


INCLUDES["charge", "refunds"] = refunds_of


def pay(tx: Transaction, intent: Tree, method: Tree) -> Tree:
    """Charges the method. Returns the intent: succeeded, processing (delayed), or without a method again."""
    if method["type"] != "card":
        return _begin_delayed(tx, intent, method)
    decline = card_of(tx, method).decline
    charge = _new_charge(tx, intent, method, decline)
    intent = tx.save(intent | {"latest_charge": charge["id"], "payment_method": method["id"]})
    if decline:
        return _refused(tx, intent, charge, method, decline)
    return _succeeded(tx, intent, charge)


def _begin_delayed(tx: Transaction, intent: Tree, method: Tree) -> Tree:
    charge = _new_charge(tx, intent, method, None) | {"status": "pending", "paid": False}
    tx.save(charge)
    intent = tx.save(intent | {"latest_charge": charge["id"], "payment_method": method["id"], "status": "processing"})
    tx.emit("payment_intent.processing", intent)
    tx.emit("charge.pending", charge)
    return intent


def settle_delayed(tx: Transaction, intent: Tree, works: bool) -> Tree:
    """The bank's answer to a delayed payment, days later."""
    charge = tx.get("charge", intent["latest_charge"])
    if works:
        return _succeeded(tx, intent, charge)
    refusal = Decline("payment_method_provider_decline", None, "The bank refused the debit.")
    failed = {"status": "failed", "failure_code": refusal.code, "failure_message": refusal.message}
    charge = tx.save(charge | failed)
    return _refused(tx, intent, charge, tx.get("payment_method", charge["payment_method"]), refusal)


def _succeeded(tx: Transaction, intent: Tree, charge: Tree) -> Tree:
    entry = balance.enter(
        tx,
        "charge" if charge["payment_method_details"]["type"] == "card" else "payment",
        charge,
        charge["amount"],
        charge["currency"],
        charge["description"],
    )
    done = {"status": "succeeded", "paid": True, "captured": True, "balance_transaction": entry["id"]}
    charge = tx.save(charge | done | {"amount_captured": charge["amount"]})
    intent = tx.save(intent | {"status": "succeeded", "amount_received": intent["amount"], "last_payment_error": None})
    tx.emit("payment_intent.succeeded", intent)
    tx.emit("charge.succeeded", charge)
    return intent


def _refused(tx: Transaction, intent: Tree, charge: Tree, method: Tree, decline: Decline) -> Tree:
    error = {
        "charge": charge["id"],
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": f"https://docs.stripe.com/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "payment_method": method,
        "type": "card_error",
    }
    error = {name: value for name, value in error.items() if value is not None}
    intent = tx.save(
        intent | {"status": "requires_payment_method", "payment_method": None, "last_payment_error": error}
    )
    tx.emit("charge.failed", charge)
    tx.emit("payment_intent.payment_failed", intent)
    return intent


def refusal(intent: Tree) -> StripeError:
    """The 402 for an intent whose last charge failed; what was written stays."""
    error = intent["last_payment_error"]
    return StripeError(
        error["message"],
        status=402,
        type="card_error",
        code=error["code"],
        keeps=True,
        decline_code=error.get("decline_code"),
        charge=error["charge"],
        payment_intent=intent,
        payment_method=error["payment_method"],
    )


def _new_charge(tx: Transaction, intent: Tree, method: Tree, decline: Decline | None) -> Tree:
    id = new_id("ch_3" if method["type"] == "card" else "py_3")
    charge = {
        "id": id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": False,
        "created": tx.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": _outcome(tx, method, decline),
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _details(tx, method, intent["amount"]),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": f"{tx.origin}/_sandbox/receipts/{id}",
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "failed" if decline else "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }
    return tx.insert(charge)


def _outcome(tx: Transaction, method: Tree, decline: Decline | None) -> Tree:
    risk = card_of(tx, method).risk if method["type"] == "card" else "not_assessed"
    blocked = risk == "highest"
    outcome = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": risk,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if decline:
        outcome |= {
            "network_status": "not_sent_to_network" if blocked else "declined_by_network",
            "reason": "highest_risk_level" if blocked else decline.decline_code,
            "seller_message": "The bank did not approve this charge.",
            "type": "blocked" if blocked else "issuer_declined",
        }
    return outcome


def _details(tx: Transaction, method: Tree, amount: int) -> Tree:
    if method["type"] != "card":
        debit = method["sepa_debit"]
        names = ("bank_code", "branch_code", "country", "fingerprint", "last4")
        return {"type": "sepa_debit", "sepa_debit": {name: debit[name] for name in names} | {"mandate": None}}
    card, declined = method["card"], card_of(tx, method).decline
    wrong_cvc = declined is not None and declined.code == "incorrect_cvc"
    return {
        "type": "card",
        "card": {
            "amount_authorized": None if declined else amount,
            "authorization_code": None if declined else "S00001",
            "brand": card["brand"],
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "fail" if wrong_cvc else "pass",
            },
            "country": card["country"],
            "exp_month": card["exp_month"],
            "exp_year": card["exp_year"],
            "extended_authorization": {"status": "disabled"},
            "fingerprint": card["fingerprint"],
            "funding": card["funding"],
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "last4": card["last4"],
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": card["brand"],
            "network_token": {"used": False},
            "network_transaction_id": None if declined else "1".zfill(15),
            "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
            "regulated_status": "unregulated",
            "three_d_secure": None,
            "wallet": None,
        },
    }


# The API


@route("GET", "/v1/charges", shapes.ChargeListParams)
def list_charges(tx: Transaction, params: Params) -> Tree:
    return page(
        tx,
        "charge",
        "/v1/charges",
        params,
        customer=params.get("customer"),
        payment_intent=params.get("payment_intent"),
    )


@route("GET", "/v1/charges/<id>", shapes.ChargeRetrieveParams)
def get_charge(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("charge", id)


@route("POST", "/v1/charges/<id>", shapes.ChargeUpdateParams)
def update_charge(tx: Transaction, params: Params, id: str) -> Tree:
    charge = tx.get("charge", id)
    changed: Tree = {"metadata": metadata(params, charge["metadata"])}
    for name in ("description", "receipt_email"):
        if name in params:
            changed[name] = params[name] or None
    return save_changes(tx, charge, changed, "charge.updated")
