"""One file for each family of Stripe's objects. Importing them fills the tables in `registry`."""

from . import (  # noqa: F401
    balance,
    catalog,
    charges,
    checkout,
    completion,
    coupons,
    customers,
    endpoints,
    intents,
    invoice_payments,
    invoices,
    payment_methods,
    promotion_codes,
    refunds,
    subscription_calls,
)
