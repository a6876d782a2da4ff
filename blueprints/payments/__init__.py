"""Everything that speaks Stripe: the gateway, the webhook, what an event means, and repairs."""

from flask import Flask

from blueprints.payments.stripe_gateway import StripeGateway


def init_app(app: Flask) -> None:
    """Set up the site's gateway. Without a key it stands, and every call to it raises GatewayUnavailable."""
    secrets = app.config["STRIPE_WEBHOOK_SECRETS"].replace(",", " ").split()
    app.extensions["gateway"] = StripeGateway(
        app.config["STRIPE_SECRET_KEY"], secrets, app.config["STRIPE_API_BASE"], app.config["SITE_NAME"]
    )
