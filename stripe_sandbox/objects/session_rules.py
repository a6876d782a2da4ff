"""What a checkout session may be asked for, and what this sandbox cannot give."""

from urllib.parse import urlsplit

from ..parameters import Params
from ..store import Transaction
from ..wire import StripeError, Tree, missing_parameter
from . import money

SHORTEST, LONGEST = 30 * 60, 24 * 3600  # seconds that a session lives


def check_shape(tx: Transaction, params: Params, mode: str) -> None:
    for name in ("adaptive_pricing", "automatic_tax", "invoice_creation", "phone_number_collection"):
        if (params.get(name) or {}).get("enabled"):
            raise StripeError(f"This sandbox does not act on the parameter '{name}' yet.", param=name)
    if params.get("billing_address_collection", "auto") != "auto":
        raise StripeError("This page asks for no address.", param="billing_address_collection")
    if mode == "setup":
        raise StripeError("This sandbox has no setup mode yet.", param="mode")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise StripeError("This sandbox has the hosted page only.", param="ui_mode")
    if not params.get("success_url"):
        raise missing_parameter("success_url")
    for name in ("success_url", "cancel_url"):
        if name in params:
            _check_url(params[name], name)
    if not params.get("line_items"):
        raise missing_parameter("line_items")
    if params.get("discounts") and params.get("allow_promotion_codes") is not None:
        raise StripeError(
            "You may only specify one of these parameters: allow_promotion_codes, discounts.",
            param="discounts",
        )
    if len(params.get("discounts") or []) > 1:
        raise StripeError("A session takes at most one discount.", param="discounts")
    if params.get("customer") and params.get("customer_email"):
        raise StripeError(
            "You may only specify one of these parameters: customer, customer_email.", param="customer_email"
        )
    if params.get("customer_creation") and (mode != "payment" or params.get("customer")):
        raise StripeError(
            "`customer_creation` goes with `payment` mode and without `customer`.", param="customer_creation"
        )
    wrong = {"payment": "subscription_data", "subscription": "payment_intent_data"}[mode]
    if wrong in params:
        raise StripeError(f"You can not pass `{wrong}` in `{mode}` mode.", param=wrong)
    for name, known in (
        (
            "payment_intent_data",
            {
                "metadata",
                "description",
                "receipt_email",
                "statement_descriptor",
                "statement_descriptor_suffix",
                "setup_future_usage",
            },
        ),
        ("subscription_data", {"metadata", "description"}),
    ):
        unknown = (params.get(name) or {}).keys() - known
        if unknown:
            where = f"{name}[{min(unknown)}]"
            raise StripeError(f"This sandbox does not act on the parameter '{where}' yet.", param=where)
    types = params.get("payment_method_types")
    if types and ("card" not in types or set(types) - {"card", "sepa_debit"}):
        raise StripeError("This sandbox has cards, and sepa_debit beside them.", param="payment_method_types")
    currency = params.get("currency")
    if currency:
        money.currency(currency, "currency")


def _check_url(url: str, param: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StripeError("Not a valid URL", code="url_invalid", param=param)


def custom_text(given: Tree) -> Tree:
    names = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    for name in given.keys() - {"after_submit", "submit"}:
        raise StripeError("This page has no place for that text.", param=f"custom_text[{name}]")
    return {name: given.get(name) or None for name in names}


def branding(given: Tree) -> Tree:
    """The shop's name is shown; colours are not, so that nobody takes the page for the shop's."""
    for name in given.keys() - {"display_name"}:
        raise StripeError("This page shows the display name only.", param=f"branding_settings[{name}]")
    return {
        "background_color": "#ffffff",
        "border_style": "rectangular",
        "button_color": "#111111",
        "display_name": given.get("display_name", ""),
        "font_family": "default",
        "icon": None,
        "logo": None,
    }


def expiry(tx: Transaction, params: Params) -> int:
    at = params.get("expires_at", tx.now + LONGEST)
    if not tx.now + SHORTEST <= at <= tx.now + LONGEST:
        raise StripeError(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.", param="expires_at"
        )
    return at
