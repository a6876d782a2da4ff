"""What a checkout session sells: its lines, and their sums after the discount."""

from ..listing import envelope
from ..parameters import Params
from ..registry import INCLUDES
from ..store import Transaction, new_id
from ..wire import StripeError, Tree, missing_parameter
from . import discounts, money
from .catalog import new_price

KIND = "checkout.session"
MOST_LINES = 100


def lines_from(tx: Transaction, params: Params, mode: str) -> list[Tree]:
    given = params["line_items"]
    if len(given) > MOST_LINES:
        raise StripeError(f"A session takes at most {MOST_LINES} line items.", param="line_items")
    lines = [_line(tx, item, f"line_items[{i}]") for i, item in enumerate(given)]
    first = lines[0]["price"]["currency"]
    for i, line in enumerate(lines):
        if line["price"]["currency"] != first:
            raise StripeError("All prices of a session must have one currency.", param=f"line_items[{i}]")
        if mode == "payment" and line["price"]["recurring"]:
            raise StripeError(
                "You specified `payment` mode but passed a recurring price. Either switch to "
                "`subscription` mode or use one-time prices only.",
                param=f"line_items[{i}]",
            )
    if mode == "subscription":
        rhythms = {_rhythm(line["price"]) for line in lines if line["price"]["recurring"]}
        if not rhythms:
            raise StripeError(
                "You must provide at least one recurring price in `subscription` mode.", param="line_items"
            )
        if len(rhythms) > 1:
            raise StripeError("All recurring prices of a session must have one interval.", param="line_items")
    return lines


def _rhythm(price: Tree) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _line(tx: Transaction, item: Tree, path: str) -> Tree:
    unknown = item.keys() - {"price", "price_data", "quantity"}
    if unknown:
        raise StripeError(f"This sandbox does not act on the parameter '{path}[{min(unknown)}]' yet.", param=path)
    if bool(item.get("price")) == bool(item.get("price_data")):
        raise StripeError("Give one of `price` and `price_data`.", param=path)
    quantity = item.get("quantity")
    if quantity is None:
        raise missing_parameter(f"{path}[quantity]")
    if quantity < 1:
        raise StripeError(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param=f"{path}[quantity]",
        )
    if item.get("price"):
        price = tx.named("price", item["price"], f"{path}[price]")
        if not price["active"] or not tx.get("product", price["product"])["active"]:
            raise StripeError(
                "The price specified is inactive. This field only accepts active prices.",
                param=f"{path}[price]",
            )
    else:
        # A price made on the spot belongs to this session: it is not active for others.
        price = new_price(tx, Params(item["price_data"] | {"active": False}), f"{path}[price_data]")
    subtotal = money.check_amount(price["unit_amount"] * quantity, f"{path}[quantity]")
    return {
        "id": new_id("li_1"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": subtotal,
        "amount_tax": 0,
        "amount_total": subtotal,
        "currency": price["currency"],
        "description": tx.get("product", price["product"])["name"],
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }


def lines_of(tx: Transaction, session: Tree) -> list[Tree]:
    return tx.hidden(session)["lines"]


def reprice(tx: Transaction, session: Tree) -> Tree:
    """Saves lines and totals as the session's discount makes them."""
    lines = lines_of(tx, session)
    taken = [0] * len(lines)
    if session["discounts"]:
        coupon = tx.named("coupon", session["discounts"][0]["coupon"], "discounts[0][coupon]")
        taken = discounts.taken_off(tx, coupon, [(line["price"]["product"], line["amount_subtotal"]) for line in lines])
    lines = [
        line | {"amount_discount": off, "amount_total": line["amount_subtotal"] - off}
        for line, off in zip(lines, taken, strict=True)
    ]
    tx.hide(session, lines=lines, discount=new_id("di_1"))
    total = session["amount_subtotal"] - sum(taken)
    return tx.save(
        session | {"amount_total": total, "total_details": session["total_details"] | {"amount_discount": sum(taken)}}
    )


def list_of_lines(tx: Transaction, session: Tree) -> Tree:
    return envelope(lines_of(tx, session), f"/v1/checkout/sessions/{session['id']}/line_items")


def breakdown(tx: Transaction, session: Tree) -> Tree:
    """How the total came about, for `total_details.breakdown`."""
    off, id = session["total_details"]["amount_discount"], tx.hidden(session)["discount"]
    given = [
        {
            "amount": off,
            "discount": discounts.as_discount(
                tx, id, discount, customer=session["customer"], checkout_session=session["id"]
            ),
        }
        for discount in session["discounts"]
    ]
    return {"discounts": given, "taxes": []}


INCLUDES[KIND, "line_items"] = list_of_lines
INCLUDES[KIND, "total_details.breakdown"] = breakdown
