"""Customers."""

import re

import stripe.params as shapes

from ..listing import envelope, page
from ..parameters import Params
from ..registry import INCLUDES, metadata, refers, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree
from .catalog import save_changes

refers("customer", invoice_settings__default_payment_method="payment_method")
INCLUDES["customer", "subscriptions"] = lambda tx, customer: envelope(
    [sub for sub in tx.where("subscription", order="DESC", customer=customer["id"]) if sub["status"] != "canceled"],
    f"/v1/customers/{customer['id']}/subscriptions",
)

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+\Z|[^@\s]+@localhost\Z")


def check_email(email: str | None, param: str = "email") -> str | None:
    if email and (len(email) > 512 or not EMAIL.match(email)):
        raise StripeError(f"Invalid email address: {email}", code="email_invalid", param=param)
    return email or None


def address(given: Tree | str | None) -> Tree | None:
    return {name: given.get(name) for name in ADDRESS} if isinstance(given, dict) else None


def new_customer(tx: Transaction, email: str | None = None, name: str | None = None, **fields: object) -> Tree:
    """Writes the customer and its event."""
    customer = {
        "id": new_id("cus_", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": tx.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": email,
        "invoice_prefix": new_id("", 8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": name,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    } | fields
    tx.insert(customer)
    tx.emit("customer.created", customer)
    return customer


@route("POST", "/v1/customers", shapes.CustomerCreateParams)
def create_customer(tx: Transaction, params: Params) -> Tree:
    return new_customer(
        tx,
        check_email(params.get("email")),
        params.get("name") or None,
        address=address(params.get("address")),
        description=params.get("description") or None,
        metadata=metadata(params),
        phone=params.get("phone") or None,
        preferred_locales=params.get("preferred_locales") or [],
    )


@route("GET", "/v1/customers", shapes.CustomerListParams)
def list_customers(tx: Transaction, params: Params) -> Tree:
    return page(tx, "customer", "/v1/customers", params, email=params.get("email"))


@route("GET", "/v1/customers/<id>", shapes.CustomerRetrieveParams)
def get_customer(tx: Transaction, params: Params, id: str) -> Tree:
    if tx.find("deleted_customer", id):
        return {"id": id, "object": "customer", "deleted": True}
    return tx.get("customer", id)


@route("POST", "/v1/customers/<id>", shapes.CustomerUpdateParams)
def update_customer(tx: Transaction, params: Params, id: str) -> Tree:
    customer = tx.get("customer", id)
    changed: Tree = {"metadata": metadata(params, customer["metadata"])}
    for name in ("name", "description", "phone"):
        if name in params:
            changed[name] = params[name] or None
    if "email" in params:
        changed["email"] = check_email(params["email"])
    if "address" in params:
        changed["address"] = address(params["address"])
    if "preferred_locales" in params:
        changed["preferred_locales"] = params["preferred_locales"]
    if settings := params.get("invoice_settings"):
        changed["invoice_settings"] = customer["invoice_settings"] | _settings(tx, customer, settings)
    return save_changes(tx, customer, changed, "customer.updated")


def _settings(tx: Transaction, customer: Tree, given: Tree) -> Tree:
    unknown = given.keys() - {"default_payment_method"}
    if unknown:
        name = f"invoice_settings[{min(unknown)}]"
        raise StripeError(f"This sandbox does not act on the parameter '{name}' yet.", param=name)
    id = given.get("default_payment_method")
    if id:
        method = tx.named("payment_method", id, "invoice_settings[default_payment_method]")
        if method["customer"] != customer["id"]:
            raise StripeError(
                "This payment method is not attached to the customer.",
                param="invoice_settings[default_payment_method]",
            )
    return {"default_payment_method": id or None}


@route("DELETE", "/v1/customers/<id>", shapes.CustomerDeleteParams)
def delete_customer(tx: Transaction, params: Params, id: str) -> Tree:
    from .subscriptions import end_now  # which itself needs customers

    customer = tx.get("customer", id)
    for subscription in tx.where("subscription", customer=id):
        if subscription["status"] not in ("canceled", "incomplete_expired"):
            end_now(tx, subscription)
    tx.emit("customer.deleted", customer)
    tx.insert({"id": id, "object": "deleted_customer"})
    return tx.delete("customer", id)
