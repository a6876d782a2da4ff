"""Payment intents and the charges they make."""

import stripe.params as shapes

from ..listing import envelope, page
from ..parameters import Params
from ..registry import INCLUDES, metadata, refers, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree
from . import balance, money
from .cards import Decline
from .catalog import save_changes
from .payment_methods import attach, card_of, method_for

refers("payment_intent", customer="customer", payment_method="payment_method", latest_charge="charge")
refers(
    "charge", customer="customer", payment_intent="payment_intent", balance_transaction="balance_transaction",
    failure_balance_transaction="balance_transaction",
)


def refunds_of(tx: Transaction, charge: Tree) -> Tree:
    return envelope(tx.where("refund", order="DESC", charge=charge["id"]), f"/v1/charges/{charge['id']}/refunds")


INCLUDES["charge", "refunds"] = refunds_of


def new_intent(tx: Transaction, amount: int, currency: str, types: list[str] | None = None, **fields: object) -> Tree:
    """Writes the intent and its event. It has no payment method yet unless `fields` names one."""
    id = new_id("pi_3")
    intent = {
        "id": id,
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{id}_secret_{new_id('', 24)}",
        "confirmation_method": "automatic",
        "created": tx.now,
        "currency": currency,
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": types or ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    } | fields
    if intent["payment_method"]:
        intent["status"] = "requires_confirmation"
    tx.insert(intent)
    tx.emit("payment_intent.created", intent)
    return intent


# Charging


def pay(tx: Transaction, intent: Tree, method: Tree) -> Tree:
    """Charges the method. Returns the intent: succeeded, processing (a delayed method), or without one again."""
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
    intent = tx.save(
        intent | {"latest_charge": charge["id"], "payment_method": method["id"], "status": "processing"}
    )
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
        tx, "charge" if charge["payment_method_details"]["type"] == "card" else "payment", charge, charge["amount"],
        charge["currency"], charge["description"],
    )
    done = {"status": "succeeded", "paid": True, "captured": True, "balance_transaction": entry["id"]}
    charge = tx.save(charge | done | {"amount_captured": charge["amount"]})
    intent = tx.save(
        intent | {"status": "succeeded", "amount_received": intent["amount"], "last_payment_error": None}
    )
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
        error["message"], status=402, type="card_error", code=error["code"], keeps=True,
        decline_code=error.get("decline_code"), charge=error["charge"], payment_intent=intent,
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
                "address_line1_check": None, "address_postal_code_check": None,
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


@route("POST", "/v1/payment_intents", shapes.PaymentIntentCreateParams)
def create_intent(tx: Transaction, params: Params) -> Tree:
    code = money.currency(params["currency"], "currency")
    amount = money.check_charge(params["amount"], code)
    if params.get("capture_method", "automatic") == "manual":
        raise StripeError("This sandbox captures at once; there is no manual capture.", param="capture_method")
    if customer := params.get("customer"):
        tx.named("customer", customer, "customer")
    types, automatic = params.get("payment_method_types"), params.get("automatic_payment_methods")
    if types and set(types) - {"card"}:
        raise StripeError("This sandbox has cards only.", param="payment_method_types")
    if automatic:
        automatic = {"allow_redirects": automatic.get("allow_redirects", "always"), "enabled": automatic["enabled"]}
    elif not types:
        automatic = {"allow_redirects": "always", "enabled": True}
    method = method_for(tx, params["payment_method"]) if params.get("payment_method") else None
    intent = new_intent(
        tx, amount, code,
        automatic_payment_methods=automatic,
        confirmation_method=params.get("confirmation_method", "automatic"),
        customer=customer,
        description=params.get("description"),
        metadata=metadata(params),
        payment_method=method["id"] if method else None,
        receipt_email=params.get("receipt_email"),
        setup_future_usage=params.get("setup_future_usage"),
        statement_descriptor=params.get("statement_descriptor"),
        statement_descriptor_suffix=params.get("statement_descriptor_suffix"),
    )
    params.get("return_url"), params.get("off_session")  # nothing here redirects, and no card asks its bank
    return _confirm(tx, intent, method, "payment_method") if params.get("confirm") else intent


def _confirm(tx: Transaction, intent: Tree, method: Tree | None, param: str) -> Tree:
    if method is None:
        raise StripeError(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state", param=param, payment_intent=intent,
        )
    if method["customer"] and method["customer"] != intent["customer"]:
        raise StripeError("The payment method belongs to a customer; the intent must name that customer.", param=param)
    intent = pay(tx, intent, method)
    if intent["status"] == "requires_payment_method":
        raise refusal(intent)
    if intent["setup_future_usage"] and intent["customer"]:
        attach(tx, method, intent["customer"])
    return intent


def _unexpected(intent: Tree, verb: str) -> StripeError:
    return StripeError(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state", payment_intent=intent,
    )


@route("GET", "/v1/payment_intents", shapes.PaymentIntentListParams)
def list_intents(tx: Transaction, params: Params) -> Tree:
    return page(tx, "payment_intent", "/v1/payment_intents", params, customer=params.get("customer"))


@route("GET", "/v1/payment_intents/<id>", shapes.PaymentIntentRetrieveParams)
def get_intent(tx: Transaction, params: Params, id: str) -> Tree:
    intent = tx.get("payment_intent", id)
    if params.get("client_secret", intent["client_secret"]) != intent["client_secret"]:
        raise StripeError("The client_secret does not match this PaymentIntent.", param="client_secret")
    return intent


@route("POST", "/v1/payment_intents/<id>", shapes.PaymentIntentUpdateParams)
def update_intent(tx: Transaction, params: Params, id: str) -> Tree:
    intent = tx.get("payment_intent", id)
    open_still = intent["status"] in ("requires_payment_method", "requires_confirmation")
    changed = {"metadata": metadata(params, intent["metadata"])}
    for name in ("description", "receipt_email"):
        if name in params:
            changed[name] = params[name] or None
    for name in ("amount", "currency", "customer", "payment_method", "setup_future_usage"):
        if name in params:
            if not open_still:
                raise _unexpected(intent, f"change the {name} of")
            changed[name] = params[name] or None
    if "currency" in changed:
        changed["currency"] = money.currency(changed["currency"], "currency")
    if "amount" in changed:
        money.check_charge(changed["amount"], changed.get("currency", intent["currency"]))
    if changed.get("customer"):
        tx.named("customer", changed["customer"], "customer")
    if changed.get("payment_method"):
        changed |= {"payment_method": method_for(tx, changed["payment_method"])["id"], "status": "requires_confirmation"}
    return save_changes(tx, intent, changed)


@route("POST", "/v1/payment_intents/<id>/confirm", shapes.PaymentIntentConfirmParams)
def confirm_intent(tx: Transaction, params: Params, id: str) -> Tree:
    intent = tx.get("payment_intent", id)
    if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
        raise _unexpected(intent, "confirm")
    named = params.get("payment_method") or intent["payment_method"]
    if "receipt_email" in params:
        intent = tx.save(intent | {"receipt_email": params["receipt_email"] or None})
    params.get("return_url"), params.get("off_session")
    return _confirm(tx, intent, method_for(tx, named) if named else None, "payment_method")


@route("POST", "/v1/payment_intents/<id>/cancel", shapes.PaymentIntentCancelParams)
def cancel_intent(tx: Transaction, params: Params, id: str) -> Tree:
    intent = tx.get("payment_intent", id)
    if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
        raise _unexpected(intent, "cancel")
    return cancel(tx, intent, params.get("cancellation_reason"))


def cancel(tx: Transaction, intent: Tree, reason: str | None) -> Tree:
    intent = tx.save(intent | {"status": "canceled", "canceled_at": tx.now, "cancellation_reason": reason})
    tx.emit("payment_intent.canceled", intent)
    return intent


@route("GET", "/v1/charges", shapes.ChargeListParams)
def list_charges(tx: Transaction, params: Params) -> Tree:
    return page(
        tx, "charge", "/v1/charges", params, customer=params.get("customer"),
        payment_intent=params.get("payment_intent"),
    )


@route("GET", "/v1/charges/<id>", shapes.ChargeRetrieveParams)
def get_charge(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("charge", id)


@route("POST", "/v1/charges/<id>", shapes.ChargeUpdateParams)
def update_charge(tx: Transaction, params: Params, id: str) -> Tree:
    charge = tx.get("charge", id)
    changed = {"metadata": metadata(params, charge["metadata"])}
    for name in ("description", "receipt_email"):
        if name in params:
            changed[name] = params[name] or None
    return save_changes(tx, charge, changed, "charge.updated")
