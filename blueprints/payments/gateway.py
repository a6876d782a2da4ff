"""What the areas may ask of payments. Stripe's own words stay in stripe_gateway.py."""

from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from blueprints.payments.stripe_gateway import StripeGateway


class GatewayUnavailable(Exception):
    """Stripe could not be asked, or could not say. The payer did nothing wrong and owes nothing."""


class QuoteMismatch(Exception):
    """Stripe would charge another sum than we showed. The checkout has been closed again."""


class BadSignature(Exception):
    """A webhook body that Stripe did not sign just now."""


def current() -> "StripeGateway":
    """The door to Stripe of this site."""
    return current_app.extensions["gateway"]
