"""The only door to Stripe. The sandbox and the real one differ by key and address alone.

Money and dates come in as ours; Stripe's objects go out as plain dicts. The library itself is loaded at the
first call, for it takes a third of a second that most commands do not need.
"""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from blueprints.payments.gateway import BadSignature, GatewayUnavailable, QuoteMismatch
from models.money import Money

API_VERSION = "2026-10-28.endive"  # what stripe-python 16.1 was made for; the webhook endpoint has the same
TOLERANCE = 300  # seconds that a webhook's time stamp may be off, both ways
TIMEOUT = 15  # seconds for one call; Stripe gives a webhook's whole answer not much more
RETRIES = 2  # of the library, each with the same idempotency key
SCHEMA = "1"  # of the metadata below
COUPON_NAME_LENGTH = 40  # docs.stripe.com/api/coupons/create

Tree = dict[str, Any]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout at Stripe: its id (`cs_…`), and where to send the payer."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class Coupon:
    """A percentage off. `name` is what Stripe shows, `reference` our code's public id; 3000 are 30 %."""

    name: str
    reference: str
    basis_points: int

    @property
    def id(self) -> str:
        """At Stripe. A coupon's percentage is fixed there, so another percentage is another coupon."""
        return f"{self.reference}-{self.basis_points}"


class StripeGateway:
    """Every method but `read_webhook` raises GatewayUnavailable when Stripe did not do what was asked."""

    def __init__(self, key: str, webhook_secrets: list[str], api_base: str = "", site_name: str = "") -> None:
        self.key, self.webhook_secrets = key, webhook_secrets
        self.api_base, self.site_name = api_base.rstrip("/"), site_name

    @property
    def livemode(self) -> bool:
        return self.key.startswith(("sk_live_", "rk_live_"))

    # Starting a payment

    def start_order_checkout(
        self,
        *,
        reference: str,
        title: str,
        list_price: Money,
        total: Money,
        coupon: Coupon | None,
        email: str,
        success_url: str,
        cancel_url: str,
        expires_at: datetime,
        attempt: int = 1,
    ) -> Checkout:
        """Ask for `total`: the list price less the coupon, which Stripe shows as such.

        Safe to repeat: one reference and attempt are one checkout. Raises QuoteMismatch, with the checkout
        closed again, when Stripe's sum is not `total`.
        """
        metadata = self._metadata(order=reference)
        price = {"unit_amount": list_price.minor, "product_data": {"name": title}}
        wanted = {
            "mode": "payment",
            "submit_type": "pay",
            "line_items": [_line(list_price, price)],
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata, "description": title},
        }
        if coupon:
            self._ensure_coupon(coupon)
            wanted["discounts"] = [{"coupon": coupon.id}]
        return self._start(wanted, reference, total, email, success_url, cancel_url, expires_at, attempt)

    def start_gift_checkout(
        self,
        *,
        reference: str,
        amount: Money,
        frequency: str,
        email: str,
        success_url: str,
        cancel_url: str,
        expires_at: datetime,
        attempt: int = 1,
    ) -> Checkout:
        """Ask for a gift: `frequency` is once, month or year. As safe to repeat as an order's checkout."""
        metadata = self._metadata(donation=reference)
        rhythm = {"once": "A gift", "month": "A monthly gift", "year": "A yearly gift"}[frequency]
        price: Tree = {"unit_amount": amount.minor, "product_data": {"name": f"{rhythm} to {self.site_name}"}}
        if frequency == "once":
            data = {"metadata": metadata, "description": price["product_data"]["name"]}
            wanted: Tree = {"mode": "payment", "submit_type": "donate", "payment_intent_data": data}
        else:
            price["recurring"] = {"interval": frequency}
            wanted = {"mode": "subscription", "subscription_data": {"metadata": metadata}}
        wanted |= {"metadata": metadata, "line_items": [_line(amount, price)]}
        return self._start(wanted, reference, amount, email, success_url, cancel_url, expires_at, attempt)

    def _start(
        self,
        wanted: Tree,
        reference: str,
        total: Money,
        email: str,
        success_url: str,
        cancel_url: str,
        expires_at: datetime,
        attempt: int,
    ) -> Checkout:
        wanted |= {
            "client_reference_id": reference,
            "success_url": success_url,
            "cancel_url": cancel_url,
            "expires_at": int(expires_at.timestamp()),
            "branding_settings": {"display_name": self.site_name},
        }
        if email:
            wanted["customer_email"] = email
        with self._asking("start a checkout"):
            key = f"{reference}:checkout:{attempt}"
            session = self._v1.checkout.sessions.create(wanted, {"idempotency_key": key}).to_dict()
        if amount_of(session) != total:
            log.error("checkout %s is %s, not %s: closed", session["id"], amount_of(session), total)
            self.expire_session(session["id"])
            raise QuoteMismatch(f"{reference}: Stripe says {amount_of(session)}, we said {total}")
        return Checkout(session["id"], session["url"] or "")

    def _ensure_coupon(self, coupon: Coupon) -> None:
        """Make the coupon at Stripe unless it is there. Two at once do no harm: its id is ours."""
        percent = str(Decimal(coupon.basis_points) / 100)
        wanted = {
            "id": coupon.id,
            "name": coupon.name[:COUPON_NAME_LENGTH],
            "percent_off": percent,
            "duration": "once",
            "metadata": {"code": coupon.reference, "schema": SCHEMA},
        }
        with self._asking("make a coupon"):
            try:
                self._v1.coupons.retrieve(coupon.id)
                return
            except _library().InvalidRequestError as error:
                if error.code != "resource_missing":
                    raise
            try:
                self._v1.coupons.create(wanted)
            except _library().InvalidRequestError as error:
                if error.code != "resource_already_exists":
                    raise

    def _metadata(self, **ours: str) -> dict[str, str]:
        """What leads from Stripe's objects back to our row; never anything about a person."""
        return {**ours, "env": "live" if self.livemode else "test", "schema": SCHEMA}

    # Reading, and ending

    def retrieve_session(self, session_id: str) -> Tree:
        """The checkout as it stands, with its payment's charge and its subscription in it."""
        expand = {"expand": ["payment_intent.latest_charge", "subscription"]}
        with self._asking("read a checkout"):
            return self._v1.checkout.sessions.retrieve(session_id, expand).to_dict()

    def expire_session(self, session_id: str) -> Tree:
        """Close a checkout and return it as it then stands; one that was paid or over already stays so."""
        with self._asking("close a checkout"):
            try:
                self._v1.checkout.sessions.expire(session_id)
            except _library().InvalidRequestError:
                log.info("checkout %s was over before it could be closed", session_id)
        return self.retrieve_session(session_id)

    def retrieve_invoice(self, invoice_id: str) -> Tree:
        """The invoice, with the payments that paid it."""
        with self._asking("read an invoice"):
            return self._v1.invoices.retrieve(invoice_id, {"expand": ["payments"]}).to_dict()

    def retrieve_subscription(self, subscription_id: str) -> Tree:
        with self._asking("read a subscription"):
            return self._v1.subscriptions.retrieve(subscription_id).to_dict()

    def retrieve_payment_intent(self, intent_id: str) -> Tree:
        """The payment, with its latest charge."""
        with self._asking("read a payment"):
            return self._v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]}).to_dict()

    def refunds_of(self, intent_id: str) -> list[Tree]:
        """Every refund of a payment, oldest first."""
        with self._asking("list refunds"):
            page = self._v1.refunds.list({"payment_intent": intent_id, "limit": 100})
            return [refund.to_dict() for refund in page.auto_paging_iter()][::-1]

    def invoice_of(self, intent_id: str) -> Tree | None:
        """The invoice that this payment paid, if it paid one."""
        wanted = {"payment": {"type": "payment_intent", "payment_intent": intent_id}, "limit": 1}
        with self._asking("find an invoice"):
            found = self._v1.invoice_payments.list(wanted).to_dict()["data"]
        return self.retrieve_invoice(found[0]["invoice"]) if found else None

    def cancel_at_period_end(self, subscription_id: str) -> Tree:
        """Take no further gift of this subscription; what was paid for runs on. Safe to repeat."""
        with self._asking("stop a subscription"):
            return self._v1.subscriptions.update(subscription_id, {"cancel_at_period_end": True}).to_dict()

    def events_since(self, created: datetime, *, undelivered: bool = False) -> list[Tree]:
        """Every event Stripe made since, oldest first; or only those it could not deliver."""
        wanted: Tree = {"created": {"gte": int(created.timestamp())}, "limit": 100}
        if undelivered:
            wanted["delivery_success"] = False
        with self._asking("list events"):
            page = self._v1.events.list(wanted)
            return [event.to_dict(for_json=True) for event in page.auto_paging_iter()][::-1]

    def sessions_since(self, created: datetime) -> list[Tree]:
        """Every checkout begun since, newest first."""
        with self._asking("list checkouts"):
            since = {"created": {"gte": int(created.timestamp())}, "limit": 100}
            page = self._v1.checkout.sessions.list(since)
            return [session.to_dict() for session in page.auto_paging_iter()]

    # What Stripe tells us

    def read_webhook(self, body: bytes, signature: str) -> Tree:
        """The event that Stripe signed just now; raises BadSignature for anything else.

        Any of the secrets will do: there are two while one replaces the other. A thin event of API v2 counts
        as bad, for it holds no object and we asked for none.
        """
        if not signature.isascii() or not any(self._signed(body, signature, s) for s in self.webhook_secrets):
            raise BadSignature("not signed by Stripe")
        signed_at = next(part[2:] for part in signature.split(",") if part.startswith("t="))
        if int(signed_at) > time.time() + TOLERANCE:  # the library refuses only what is too old
            raise BadSignature("signed in the future")
        try:
            event = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadSignature("not JSON") from error
        if not isinstance(event, dict) or event.get("object") != "event":
            raise BadSignature("not an event of API v1")
        return event

    @staticmethod
    def _signed(body: bytes, signature: str, secret: str) -> bool:
        stripe = _library()
        try:
            return stripe.WebhookSignature.verify_header(body, signature, secret, TOLERANCE)
        except (ValueError, stripe.SignatureVerificationError):  # a body that is not UTF-8 is a ValueError
            return False

    # The library

    @cached_property
    def _v1(self) -> Any:
        if not self.key:
            raise GatewayUnavailable("STRIPE_SECRET_KEY is not set")
        stripe = _library()
        options: Tree = {}
        if self.api_base:  # all four, or a call leaves for the real host
            hosts = ("api", "files", "connect", "meter_events")
            options["base_addresses"] = dict.fromkeys(hosts, self.api_base)
        return stripe.StripeClient(
            self.key,
            stripe_version=API_VERSION,
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT),
            **options,
        ).v1

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        stripe = _library()
        try:
            yield
        except stripe.IdempotencyError as error:
            log.error("our bug: an idempotency key was used for two things, to %s: %s", what, error)
            raise GatewayUnavailable(f"could not {what}") from error
        except stripe.StripeError as error:
            log.warning("Stripe did not %s: %s (request %s)", what, error, error.request_id)
            raise GatewayUnavailable(f"could not {what}") from error


def amount_of(session: Tree) -> Money:
    """The whole sum of a checkout."""
    return Money(session["amount_total"], session["currency"].upper())


def _line(amount: Money, price: Tree) -> Tree:
    return {"quantity": 1, "price_data": {"currency": amount.currency.lower(), **price}}


def _library() -> Any:
    import stripe

    stripe.enable_telemetry = False
    return stripe
