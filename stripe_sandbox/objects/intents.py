"""Payment intents."""

import stripe.params as shapes

from ..listing import page
from ..parameters import Params
from ..registry import metadata, refers, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree
from . import money
from .catalog import save_changes
from .charges import pay, refusal
from .payment_methods import attach, method_for

refers("payment_intent", customer="customer", payment_method="payment_method", latest_charge="charge")


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
        automatic = {
            "allow_redirects": automatic.get("allow_redirects", "always"),
            "enabled": automatic["enabled"],
        }
    elif not types:
        automatic = {"allow_redirects": "always", "enabled": True}
    method = method_for(tx, params["payment_method"]) if params.get("payment_method") else None
    intent = new_intent(
        tx,
        amount,
        code,
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
    params.accept("return_url", "off_session")  # nothing here redirects, and no card asks its bank
    return _confirm(tx, intent, method, "payment_method") if params.get("confirm") else intent


def _confirm(tx: Transaction, intent: Tree, method: Tree | None, param: str) -> Tree:
    if method is None:
        raise StripeError(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
            param=param,
            payment_intent=intent,
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
        code="payment_intent_unexpected_state",
        payment_intent=intent,
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
    changed: Tree = {"metadata": metadata(params, intent["metadata"])}
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
        money.check_charge(changed["amount"], changed.get("currency") or intent["currency"])
    if changed.get("customer"):
        tx.named("customer", changed["customer"], "customer")
    if changed.get("payment_method"):
        changed |= {
            "payment_method": method_for(tx, changed["payment_method"])["id"],
            "status": "requires_confirmation",
        }
    return save_changes(tx, intent, changed)


@route("POST", "/v1/payment_intents/<id>/confirm", shapes.PaymentIntentConfirmParams)
def confirm_intent(tx: Transaction, params: Params, id: str) -> Tree:
    intent = tx.get("payment_intent", id)
    if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
        raise _unexpected(intent, "confirm")
    named = params.get("payment_method") or intent["payment_method"]
    if "receipt_email" in params:
        intent = tx.save(intent | {"receipt_email": params["receipt_email"] or None})
    params.accept("return_url", "off_session")
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
