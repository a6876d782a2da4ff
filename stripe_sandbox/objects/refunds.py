"""Refunds."""

import stripe.params as shapes

from ..listing import page
from ..parameters import Params
from ..registry import metadata, refers, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree, missing_parameter
from . import balance, money
from .catalog import save_changes

refers(
    "refund",
    charge="charge",
    payment_intent="payment_intent",
    balance_transaction="balance_transaction",
    failure_balance_transaction="balance_transaction",
    customer="customer",
    payment_method="payment_method",
)


@route("POST", "/v1/refunds", shapes.RefundCreateParams)
def create_refund(tx: Transaction, params: Params) -> Tree:
    charge = _charge_of(tx, params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    _check(charge, left, amount)
    refund = {
        "id": new_id("re_3"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": tx.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {
            "card": {
                "reference": "4242424242424242",
                "reference_status": "available",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        }
        if charge["payment_method_details"]["type"] == "card"
        else None,
        "metadata": metadata(params),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    entry = balance.enter(
        tx,
        "refund" if charge["payment_method_details"]["type"] == "card" else "payment_refund",
        refund,
        -amount,
        charge["currency"],
        "REFUND FOR CHARGE",
    )
    tx.insert(refund | {"balance_transaction": entry["id"]})
    refund["balance_transaction"] = entry["id"]
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    returned = charge["amount_refunded"] + amount
    charge = tx.save(charge | {"amount_refunded": returned, "refunded": returned == charge["amount"]})
    tx.emit("refund.created", refund)
    tx.emit("charge.refunded", charge, {name: old for name, old in before.items() if charge[name] != old})
    return refund


def _charge_of(tx: Transaction, params: Params) -> Tree:
    charge, intent = params.get("charge"), params.get("payment_intent")
    if bool(charge) == bool(intent):
        raise (
            missing_parameter("payment_intent")
            if not charge
            else StripeError("Give one of `charge` and `payment_intent`, not both.", param="charge")
        )
    if charge:
        return tx.named("charge", charge, "charge")
    found = tx.named("payment_intent", intent, "payment_intent")
    if found["status"] != "succeeded":
        raise StripeError(
            "This PaymentIntent has no successful charge to refund.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
        )
    return tx.get("charge", found["latest_charge"])


def _check(charge: Tree, left: int, amount: int) -> None:
    if charge["status"] != "succeeded":
        raise StripeError(f"Charge {charge['id']} did not succeed, so there is nothing to refund.", param="charge")
    if left == 0:
        raise StripeError(
            f"Charge {charge['id']} has already been refunded.",
            code="charge_already_refunded",
            param="charge",
        )
    if amount < 1:
        raise StripeError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > left:
        wanted, rest = money.show(amount, charge["currency"]), money.show(left, charge["currency"])
        raise StripeError(
            f"Refund amount ({wanted}) is greater than what is left of the charge ({rest}).", param="amount"
        )


@route("GET", "/v1/refunds", shapes.RefundListParams)
def list_refunds(tx: Transaction, params: Params) -> Tree:
    return page(
        tx,
        "refund",
        "/v1/refunds",
        params,
        charge=params.get("charge"),
        payment_intent=params.get("payment_intent"),
    )


@route("GET", "/v1/refunds/<id>", shapes.RefundRetrieveParams)
def get_refund(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("refund", id)


@route("POST", "/v1/refunds/<id>", shapes.RefundUpdateParams)
def update_refund(tx: Transaction, params: Params, id: str) -> Tree:
    refund = tx.get("refund", id)
    return save_changes(tx, refund, {"metadata": metadata(params, refund["metadata"])}, "refund.updated")
