"""One file for each family of Stripe's objects. Importing them fills the tables in `registry`."""

from . import (  # noqa: F401
    balance,
    catalog,
    checkout,
    completion,
    customers,
    discounts,
    endpoints,
    invoices,
    payment_methods,
    payments,
    refunds,
    subscriptions,
)
