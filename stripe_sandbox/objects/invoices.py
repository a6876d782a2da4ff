"""Invoices of subscriptions, and which payment paid them."""

import stripe.params as shapes

from ..listing import envelope, page
from ..parameters import Params
from ..registry import metadata, refers, route
from ..store import Transaction, new_id
from ..wire import Tree
from .catalog import save_changes
from .invoice_payments import new_invoice_payment

Billed = tuple[Tree, int, int, int]  # price, quantity, amount, what a discount takes off

refers(
    "invoice",
    customer="customer",
    parent__subscription_details__subscription="subscription",
    default_payment_method="payment_method",
    discounts="discount",
    total_discount_amounts__discount="discount",
)
refers(
    "line_item",
    discounts="discount",
    discount_amounts__discount="discount",
    pricing__price_details__price="price",
)


def first_invoice(tx: Transaction, subscription: Tree, billed: list[Billed]) -> Tree:
    """A draft for the first period of the subscription."""
    customer = tx.get("customer", subscription["customer"])
    id, number = new_id("in_1"), customer["next_invoice_sequence"]
    tx.save(customer | {"next_invoice_sequence": number + 1})
    lines = [_line(subscription, id, i, entry) for i, entry in enumerate(billed)]
    subtotal, off = sum(entry[2] for entry in billed), sum(entry[3] for entry in billed)
    total = subtotal - off
    discounts = subscription["discounts"]
    invoice = {
        "id": id,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Sandbox",
        "account_tax_ids": None,
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": total,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": "subscription_create",
        "collection_method": "charge_automatically",
        "created": tx.now,
        "currency": subscription["currency"],
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": discounts,
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": envelope(lines, f"/v1/invoices/{id}/lines"),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": f"{customer['invoice_prefix']}-{number:04}",
        "on_behalf_of": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": subscription["metadata"],
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": tx.now,
        "period_start": tx.now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "test_clock": None,
        "total": total,
        "total_discount_amounts": [{"amount": off, "discount": id} for id in discounts],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
    }
    return tx.insert(invoice)


def _line(subscription: Tree, invoice: str, position: int, entry: Billed) -> Tree:
    price, quantity, amount, off = entry
    item = next((item for item in subscription["items"]["data"] if item["price"]["id"] == price["id"]), None)
    start = subscription["billing_cycle_anchor"]
    period = {"end": item["current_period_end"] if item else start, "start": start}
    parent = (
        {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        }
        if item
        else {
            "invoice_item_details": {
                "invoice_item": new_id("ii_1"),
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": subscription["id"],
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    )
    return {
        "id": new_id("il_1"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": f"{quantity} × {price['nickname'] or price['product']}",
        "discount_amounts": [{"amount": off, "discount": id} for id in subscription["discounts"]],
        "discountable": True,
        "discounts": subscription["discounts"],
        "invoice": invoice,
        "livemode": False,
        "metadata": subscription["metadata"] if item else {},
        "parent": parent,
        "period": period,
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": subscription["id"],
        "subtotal": amount,
        "taxes": [],
    }


def finalize(tx: Transaction, invoice: Tree) -> Tree:
    """From draft to open: it has its number, and can be paid."""
    tx.emit("invoice.created", invoice)
    page_url = f"{tx.origin}/_sandbox/invoices/{invoice['id']}"
    invoice = tx.save(
        invoice
        | {
            "status": "open",
            "effective_at": tx.now,
            "ending_balance": 0,
            "hosted_invoice_url": page_url,
            "status_transitions": invoice["status_transitions"] | {"finalized_at": tx.now},
        }
    )
    tx.emit("invoice.finalized", invoice)
    return invoice


def mark_paid(tx: Transaction, invoice: Tree, intent: Tree | None) -> Tree:
    """Paid by this intent; None when nothing was due."""
    payment = new_invoice_payment(tx, invoice, intent, "paid") if intent else None
    invoice = tx.save(
        invoice
        | {
            "status": "paid",
            "amount_paid": invoice["total"],
            "amount_remaining": 0,
            "attempted": True,
            "attempt_count": 1 if intent else 0,
            "status_transitions": invoice["status_transitions"] | {"paid_at": tx.now},
        }
    )
    tx.emit("invoice.paid", invoice)
    tx.emit("invoice.payment_succeeded", invoice)
    if payment:
        tx.emit("invoice_payment.paid", payment)
    return invoice


def mark_failed(tx: Transaction, invoice: Tree, intent: Tree) -> Tree:
    """A first payment that was refused: the invoice stays open."""
    new_invoice_payment(tx, invoice, intent, "open")
    invoice = tx.save(invoice | {"attempted": True, "attempt_count": 1})
    tx.emit("invoice.payment_failed", invoice)
    return invoice


# The API


@route("GET", "/v1/invoices", shapes.InvoiceListParams)
def list_invoices(tx: Transaction, params: Params) -> Tree:
    return page(
        tx,
        "invoice",
        "/v1/invoices",
        params,
        customer=params.get("customer"),
        status=params.get("status"),
        parent__subscription_details__subscription=params.get("subscription"),
        collection_method=params.get("collection_method"),
    )


@route("GET", "/v1/invoices/<id>", shapes.InvoiceRetrieveParams)
def get_invoice(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("invoice", id)


@route("POST", "/v1/invoices/<id>", shapes.InvoiceUpdateParams)
def update_invoice(tx: Transaction, params: Params, id: str) -> Tree:
    invoice = tx.get("invoice", id)
    return save_changes(tx, invoice, {"metadata": metadata(params, invoice["metadata"])}, "invoice.updated")


@route("GET", "/v1/invoices/<id>/lines", shapes.InvoiceLineItemListParams)
def list_invoice_lines(tx: Transaction, params: Params, id: str) -> Tree:
    lines = tx.get("invoice", id)["lines"]["data"]
    limit, after = params.get("limit", 10), params.get("starting_after")
    start = next((i + 1 for i, line in enumerate(lines) if line["id"] == after), 0)
    return envelope(lines[start : start + limit], f"/v1/invoices/{id}/lines", len(lines) > start + limit)
