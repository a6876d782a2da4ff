"""Paying a checkout session: everything checked again and written at once."""

from dataclasses import dataclass

from ..registry import WHEN_DUE, merge_metadata
from ..store import Transaction
from ..wire import StripeError, Tree
from . import cart, charges, checkout, discounts, intents, money
from .cards import Card
from .cart import KIND
from .catalog import save_changes
from .customers import new_customer
from .payment_methods import attach, billing_details, card_method, card_of, delayed_method
from .promotion_codes import find_code
from .subscriptions import begin_from_session


@dataclass(frozen=True)
class Buyer:
    email: str
    name: str | None


class CannotPay(StripeError):
    """Said on the hosted page. `field` is where; the session stays open."""

    def __init__(self, message: str, field: str = "", keeps: bool = False) -> None:
        super().__init__(message, keeps=keeps)
        self.field = field


def open_session(tx: Transaction, id: str) -> Tree:
    """The session, for a change by the buyer; CannotPay when it is over."""
    session = tx.get(KIND, id)
    if session["status"] == "expired":
        raise CannotPay("This page has timed out. Nothing was charged; go back and start again.")
    return session


def apply_code(tx: Transaction, session: Tree, typed: str) -> Tree:
    """The code a buyer typed on the page; an empty one takes the present code away."""
    if not session["allow_promotion_codes"] or session["status"] != "open":
        raise CannotPay("This page takes no code.", "code")
    if not typed.strip():
        return cart.reprice(tx, session | {"discounts": []})
    code = find_code(tx, typed)
    if code is None:
        raise CannotPay("This code is invalid.", "code")
    discount = {"coupon": code["promotion"]["coupon"], "promotion_code": code["id"]}
    try:
        discounts.check_restrictions(
            tx, discount, session["amount_subtotal"], session["currency"], session["customer"], "code"
        )
    except StripeError as error:
        raise CannotPay(str(error), "code") from error
    session = cart.reprice(tx, session | {"discounts": [discount]})
    if 0 < session["amount_total"] < money.least(session["currency"]):
        raise CannotPay("With this code the order is too small to be charged.", "code")
    return session


def _check_again(tx: Transaction, session: Tree) -> None:
    """What was true when the session was made may have changed: prices, the code, its limit."""
    for line in cart.lines_of(tx, session):
        price = tx.find("price", line["price"]["id"])
        made_here = line["price"]["active"] is False
        if price is None or (not price["active"] and not made_here):
            raise CannotPay(f"'{line['description']}' is no longer sold at this price. Nothing was charged.")
    for discount in session["discounts"]:
        try:
            discounts.discount_for(tx, {k: v for k, v in discount.items() if k == _named_by(discount)}, "discounts[0]")
            discounts.check_restrictions(
                tx,
                discount,
                session["amount_subtotal"],
                session["currency"],
                session["customer"],
                "discounts[0]",
            )
        except StripeError as error:
            raise CannotPay("The discount on this order is used up or over. Nothing was charged.", "code") from error


def _named_by(discount: Tree) -> str:
    return "promotion_code" if discount["promotion_code"] else "coupon"


def pay_session(tx: Transaction, id: str, buyer: Buyer, card: Card | None, month: int = 12, year: int = 0) -> Tree:
    """Charges and completes; a session that is complete already is returned as it is.

    `card` may be None when nothing is due. Raises CannotPay; a declined charge stays on record.
    """
    session = open_session(tx, id)
    if session["status"] == "complete":
        return session
    _check_again(tx, session)
    billing = billing_details(email=buyer.email, name=buyer.name)
    method = card_method(tx, card, billing, month, year or None) if card else None
    if session["mode"] == "subscription":
        return _complete_subscription(tx, session, buyer, method)
    if session["amount_total"] == 0:
        customer = _customer(tx, session, buyer)
        return _complete(tx, session | {"customer": customer}, buyer, "no_payment_required")
    if method is None:
        raise CannotPay("Enter a card number.", "card_number")
    return _complete_payment(tx, session, buyer, method, "paid")


def pay_later(tx: Transaction, id: str, buyer: Buyer, outcome: str, at: int | None) -> Tree:
    """Completes with a bank debit that `arrives` or `fails` at a time, or waits for the back room (None)."""
    session = open_session(tx, id)
    if session["status"] == "complete":
        return session
    if "sepa_debit" not in session["payment_method_types"] or session["amount_total"] == 0:
        raise CannotPay("This order cannot be paid later.")
    _check_again(tx, session)
    method = delayed_method(tx, billing_details(email=buyer.email, name=buyer.name))
    session = _complete_payment(tx, session, buyer, method, "unpaid")
    tx.hide(session, outcome=outcome)
    tx.due(session, at)
    return session


def settle(tx: Transaction, session: Tree, works: bool) -> Tree:
    """The delayed payment comes through, or does not."""
    intent = tx.get("payment_intent", session["payment_intent"])
    if intent["status"] != "processing":
        raise StripeError("This session is not waiting for a payment.", param="session")
    tx.due(session, None)
    charges.settle_delayed(tx, intent, works)
    if works:
        session = tx.save(session | {"payment_status": "paid"})
    tx.emit(f"checkout.session.async_payment_{'succeeded' if works else 'failed'}", session)
    return session


def _customer(tx: Transaction, session: Tree, buyer: Buyer) -> str:
    return session["customer"] or new_customer(tx, buyer.email, buyer.name)["id"]


def _complete_payment(tx: Transaction, session: Tree, buyer: Buyer, method: Tree, status: str) -> Tree:
    data = tx.hidden(session)["intent_data"]
    intent = _intent(tx, session, data)
    if session["customer_creation"] == "always" and not _will_decline(tx, method):
        session = session | {"customer": _customer(tx, session, buyer)}
    intent = _charge(tx, intent | {"customer": session["customer"]}, method)
    if session["customer"] and data.get("setup_future_usage"):
        attach(tx, method, session["customer"])
    return _complete(tx, session | {"payment_intent": intent["id"]}, buyer, status)


def _complete_subscription(tx: Transaction, session: Tree, buyer: Buyer, method: Tree | None) -> Tree:
    if method is None and (session["amount_total"] or session["payment_method_collection"] == "always"):
        raise CannotPay("Enter a card number.", "card_number")
    paid = None
    customer = session["customer"]
    if method and session["amount_total"]:
        intent = _intent(tx, session, {"description": "Subscription creation", "setup_future_usage": "off_session"})
        if not _will_decline(tx, method):
            customer = _customer(tx, session, buyer)
        paid = _charge(tx, intent | {"customer": customer}, method)
    customer = customer or _customer(tx, session, buyer)
    method = _attached(tx, method, customer)
    subscription = begin_from_session(tx, session, customer, method, paid)
    session = session | {
        "customer": customer,
        "subscription": subscription["id"],
        "invoice": subscription["latest_invoice"],
    }
    return _complete(tx, session, buyer, "paid" if paid else "no_payment_required")


def _attached(tx: Transaction, method: Tree | None, customer: str) -> Tree | None:
    """Saved for the renewals. A free first period still needs a card that the bank lets us save."""
    if method is None:
        return None
    try:
        return attach(tx, method, customer)
    except StripeError as error:
        raise CannotPay(str(error), "card_number") from error


def _will_decline(tx: Transaction, method: Tree) -> bool:
    return method["type"] == "card" and card_of(tx, method).decline is not None


def _charge(tx: Transaction, intent: Tree, method: Tree) -> Tree:
    """Pays the intent; CannotPay names the field beside which the bank's refusal is shown."""
    intent = charges.pay(tx, tx.save(intent), method)
    if intent["status"] == "requires_payment_method":
        error = intent["last_payment_error"]
        field = {"expired_card": "card_expiry", "incorrect_cvc": "card_cvc"}.get(error["code"], "card_number")
        raise CannotPay(error["message"], field, keeps=True)
    return intent


def _intent(tx: Transaction, session: Tree, data: Tree) -> Tree:
    """The session's payment intent: made at the first try, used again after a decline.

    A session in payment mode names it from then on; one that subscribes never does, its invoice does.
    """
    if known := tx.hidden(session).get("intent"):
        intent = tx.get("payment_intent", known)
        return save_changes(tx, intent, {"amount": session["amount_total"]})
    intent = intents.new_intent(
        tx,
        session["amount_total"],
        session["currency"],
        session["payment_method_types"],
        customer=session["customer"],
        description=data.get("description"),
        metadata=merge_metadata({}, data.get("metadata")),
        receipt_email=data.get("receipt_email"),
        setup_future_usage=data.get("setup_future_usage"),
        statement_descriptor=data.get("statement_descriptor"),
        statement_descriptor_suffix=data.get("statement_descriptor_suffix"),
    )
    tx.hide(session, intent=intent["id"])
    if session["mode"] == "payment":
        tx.save(session | {"payment_intent": intent["id"]})
    return intent


def _complete(tx: Transaction, session: Tree, buyer: Buyer, status: str) -> Tree:
    for discount in session["discounts"]:
        discounts.redeem(tx, discount)
    session = tx.save(
        session
        | {
            "collected_information": {
                "business_name": None,
                "individual_name": None,
                "shipping_details": None,
            },
            "customer_details": checkout.details(buyer.email, buyer.name),
            "payment_status": status,
            "status": "complete",
            "url": None,
        }
    )
    tx.due(session, None)
    tx.emit("checkout.session.completed", session)
    return session


def when_due(tx: Transaction, session: Tree) -> None:
    """Time is up for an open session, or the bank answers for one that was paid by a delayed method."""
    if session["status"] == "open":
        checkout.expire(tx, session)
    else:
        settle(tx, session, tx.hidden(session)["outcome"] == "arrives")


WHEN_DUE[KIND] = when_due
