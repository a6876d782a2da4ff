"""Invoice payments: which payment intent paid which invoice."""

import stripe.params as shapes

from ..listing import envelope, page
from ..parameters import Params
from ..registry import INCLUDES, refers, route
from ..store import Transaction, new_id
from ..wire import Tree

refers("invoice_payment", invoice="invoice", payment__payment_intent="payment_intent", payment__charge="charge")


def payments_of(tx: Transaction, invoice: Tree) -> Tree:
    return envelope(tx.where("invoice_payment", invoice=invoice["id"]), f"/v1/invoice_payments?invoice={invoice['id']}")


INCLUDES["invoice", "payments"] = payments_of


def new_invoice_payment(tx: Transaction, invoice: Tree, intent: Tree, status: str) -> Tree:
    paid = status == "paid"
    return tx.insert(
        {
            "id": new_id("inpay_1"),
            "object": "invoice_payment",
            "amount_paid": invoice["total"] if paid else None,
            "amount_requested": invoice["total"],
            "created": tx.now,
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": status,
            "status_transitions": {"canceled_at": None, "paid_at": tx.now if paid else None},
        }
    )


@route("GET", "/v1/invoice_payments", shapes.InvoicePaymentListParams)
def list_invoice_payments(tx: Transaction, params: Params) -> Tree:
    wanted = params.get("payment") or {}
    return page(
        tx,
        "invoice_payment",
        "/v1/invoice_payments",
        params,
        invoice=params.get("invoice"),
        status=params.get("status"),
        payment__payment_intent=wanted.get("payment_intent"),
        payment__type=wanted.get("type"),
    )


@route("GET", "/v1/invoice_payments/<id>", shapes.InvoicePaymentRetrieveParams)
def get_invoice_payment(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("invoice_payment", id)
