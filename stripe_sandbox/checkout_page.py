"""The hosted checkout page: /c/pay/<session>. Plain forms, no script, no cookie."""

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from . import chaos, deliveries
from .guard import protect
from .objects import cards, completion, money
from .objects.cart import KIND, lines_of
from .objects.completion import Buyer, CannotPay
from .objects.customers import EMAIL
from .store import Store, Transaction
from .wire import Tree

pages = Environment(
    loader=PackageLoader("stripe_sandbox", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
pages.filters["money"] = money.show
pages.filters["clock"] = lambda at: datetime.fromtimestamp(at, UTC).strftime("%-d %b, %H.%M")

FIELDS = ("email", "card_number", "card_expiry", "card_cvc", "name")
DELAY_SECONDS = 10
PATIENCE = 5  # seconds
EVERY = {"day": "each day", "week": "each week", "month": "each month", "year": "each year"}


@dataclass
class Typed:
    """What stands in the form, and what is wrong with it."""

    values: dict[str, str] = field(default_factory=lambda: dict.fromkeys(FIELDS, ""))
    errors: dict[str, str] = field(default_factory=dict)


class CheckoutPage:
    def __init__(self, store: Store, catch_up: Any) -> None:
        self.store, self.catch_up = store, catch_up

    def __call__(self, request: Request, id: str, verb: str) -> Response:
        self.catch_up(request.host_url.rstrip("/"))
        with self.store.reading() as tx:
            session = tx.find(KIND, id)
        if session is None:
            raise NotFound
        if request.method in ("GET", "HEAD"):
            return self._page(id, Typed())
        if session["status"] == "complete":  # paid in another tab, or by the first of two clicks
            return redirect(success_url(session), 303)
        return {"": self._pay, "later": self._later, "code": self._code, "back": self._back}[verb](request, id)

    # What the buyer does

    def _pay(self, request: Request, id: str) -> Response:
        typed = read_form(request)
        with self.store.reading() as tx:
            needs_card = wants_card(tx.get(KIND, id))
        card, month, year = check_card(typed, self.store.clock()) if needs_card else (None, 12, 0)
        check_person(typed, needs_card)
        if typed.errors:
            return self._page(id, typed, 422)
        return self._change(
            request, id, typed, lambda tx: completion.pay_session(tx, id, buyer(typed), card, month, year)
        )

    def _later(self, request: Request, id: str) -> Response:
        typed = read_form(request)
        check_person(typed, False)
        if typed.errors:
            return self._page(id, typed, 422)
        outcome = request.form.get("outcome", "arrives")
        at = int(self.store.clock()) + DELAY_SECONDS if outcome in ("arrives", "fails") else None
        return self._change(request, id, typed, lambda tx: completion.pay_later(tx, id, buyer(typed), outcome, at))

    def _code(self, request: Request, id: str) -> Response:
        typed = read_form(request)
        code = "" if "remove" in request.form else request.form.get("code", "")
        typed.values["code"] = code
        if not code.strip() and "remove" not in request.form:
            typed.errors["code"] = "Enter a code."
            return self._page(id, typed, 422)
        return self._change(
            request, id, typed, lambda tx: completion.apply_code(tx, completion.open_session(tx, id), code)
        )

    def _back(self, request: Request, id: str) -> Response:
        with self.store.reading() as tx:
            session = tx.get(KIND, id)
        return redirect(session["cancel_url"] or f"/c/pay/{id}", 303)

    def _change(self, request: Request, id: str, typed: Typed, act: Any) -> Response:
        try:
            with self.store.writing() as tx:
                tx.origin = request.host_url.rstrip("/")
                session = act(tx)
        except CannotPay as refused:
            typed.errors[refused.field] = str(refused)
            return self._page(id, typed, 402 if refused.keeps else 409)
        self._wait_for_deliveries()
        to = success_url(session) if session["status"] == "complete" else f"/c/pay/{id}"
        return redirect(to, 303)

    def _wait_for_deliveries(self) -> None:
        """With the chaos switch `before_redirect` the shop hears of it before the buyer is back."""
        for _ in range(PATIENCE * 50):
            with self.store.reading() as tx:
                if not chaos.settings(tx).get("before_redirect") or not deliveries.waiting(tx):
                    return
            time.sleep(0.02)

    # What the buyer sees

    def _page(self, id: str, typed: Typed, status: int = 200) -> Response:
        with self.store.reading() as tx:
            session = tx.get(KIND, id)
            shown = describe(tx, session)
        typed.values["email"] = typed.values["email"] or shown["email"]
        name = {"open": "checkout.html", "complete": "complete.html", "expired": "expired.html"}[session["status"]]
        html = pages.get_template(name).render(
            session=session,
            typed=typed,
            now=int(self.store.clock()),
            success_url=success_url(session),
            **shown,
        )
        response = Response(html, status, content_type="text/html; charset=utf-8")
        return protect(response, session["success_url"], session["cancel_url"])


def success_url(session: Tree) -> str:
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])


def wants_card(session: Tree) -> bool:
    return session["amount_total"] > 0 or (
        session["mode"] == "subscription" and session["payment_method_collection"] == "always"
    )


def describe(tx: Transaction, session: Tree) -> Tree:
    """What the page says of the session, in words."""
    lines = lines_of(tx, session)
    rhythm = next((line["price"]["recurring"] for line in lines if line["price"]["recurring"]), None)
    customer = tx.find("customer", session["customer"]) if session["customer"] else None
    code = off = None
    if session["discounts"]:
        discount = session["discounts"][0]
        coupon = tx.find("coupon", discount["coupon"])
        found = tx.find("promotion_code", discount["promotion_code"])
        code = found["code"] if found else coupon and (coupon["name"] or coupon["id"])
        if coupon and coupon["percent_off"]:
            off = f"{coupon['percent_off']:g}% off"
    return {
        "lines": lines,
        "shop": session["branding_settings"]["display_name"],
        "verb": {"donate": "Give", "book": "Book"}.get(session["submit_type"] or "", "Pay"),
        "code": code,
        "off": off,
        "needs_card": wants_card(session),
        "rhythm": rhythm and _every(rhythm["interval"], rhythm["interval_count"]),
        "email": (customer or {}).get("email") or session["customer_email"] or "",
        "later": "sepa_debit" in session["payment_method_types"] and session["amount_total"] > 0,
    }


def _every(unit: str, count: int) -> str:
    return EVERY[unit] if count == 1 else f"every {count} {unit}s"


# What the buyer typed


def read_form(request: Request) -> Typed:
    return Typed({name: request.form.get(name, "").strip()[:500] for name in FIELDS})


def buyer(typed: Typed) -> Buyer:
    return Buyer(typed.values["email"], typed.values["name"] or None)


def check_person(typed: Typed, needs_name: bool) -> None:
    email = typed.values["email"]
    if not email:
        typed.errors["email"] = "Enter your e-mail address."
    elif not EMAIL.match(email):
        typed.errors["email"] = "This is not an e-mail address."
    if needs_name and not typed.values["name"]:
        typed.errors["name"] = "Enter the name on the card."


def check_card(typed: Typed, now: float) -> tuple[cards.Card | None, int, int]:
    """The test card that was typed, with month and year of its end; errors go into `typed`."""
    number = re.sub(r"[\s-]", "", typed.values["card_number"])
    card = cards.CARDS.get(number)
    if not number:
        typed.errors["card_number"] = "Enter a card number."
    elif not re.fullmatch(r"[0-9]{12,19}", number):
        typed.errors["card_number"] = (
            "Your card number is incomplete."
            if number.isascii() and number.isdigit()
            else ("Your card number is invalid.")
        )
    elif not cards.passes_luhn(number):
        typed.errors["card_number"] = "Your card number is invalid."
    elif number in cards.LATER:
        typed.errors["card_number"] = "This sandbox does not play this test card yet. Use 4242 4242 4242 4242."
    elif card is None:
        typed.errors["card_number"] = cards.NOT_A_TEST_CARD.message
    month, year = _check_expiry(typed, now)
    cvc, wanted = typed.values["card_cvc"], 4 if card and card.brand == "amex" else 3
    if not cvc:
        typed.errors["card_cvc"] = "Enter the security code."
    elif not re.fullmatch(r"[0-9]{3,4}", cvc) or len(cvc) < wanted:
        typed.errors["card_cvc"] = "Your card's security code is incomplete."
    return card, month, year


def _check_expiry(typed: Typed, now: float) -> tuple[int, int]:
    text = typed.values["card_expiry"]
    match = re.fullmatch(r"(0?[1-9]|1[0-2])\s*[/-]?\s*((?:20)?[0-9]{2})", text)
    if not match:
        typed.errors["card_expiry"] = "Enter month and year, as 12/30." if text else "Enter the expiry date."
        return 12, 0
    month, year = int(match[1]), int(match[2]) % 100 + 2000
    today = datetime.fromtimestamp(now, UTC)
    if (year, month) < (today.year, today.month):
        typed.errors["card_expiry"] = "Your card's expiry date is in the past."
    elif year > today.year + 50:
        typed.errors["card_expiry"] = "Your card's expiry year is invalid."
    return month, year
