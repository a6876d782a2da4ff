"""What a coupon or a code takes off, and counting its use."""

from ..registry import refers
from ..store import Transaction, new_id
from ..wire import StripeError, Tree
from . import money
from .coupons import coupon_works
from .periods import add_interval
from .promotion_codes import code_works

refers("discount", source__coupon="coupon", promotion_code="promotion_code", customer="customer")


def discount_for(tx: Transaction, given: Tree, param: str) -> Tree:
    """`{coupon, promotion_code}` for one entry of `discounts`, valid now; raises when it is not."""
    coupon_id, code_id = given.get("coupon"), given.get("promotion_code")
    if bool(coupon_id) == bool(code_id):
        raise StripeError("Give one of `coupon` and `promotion_code`.", param=param)
    if code_id:
        code = tx.named("promotion_code", code_id, f"{param}[promotion_code]")
        if not code_works(tx, code):
            raise StripeError(
                "This promotion code cannot be redeemed because it is not active, used up or over.",
                code="promotion_code_expired" if code["expires_at"] and code["expires_at"] < tx.now else None,
                param=f"{param}[promotion_code]",
            )
        return {"coupon": code["promotion"]["coupon"], "promotion_code": code_id}
    coupon = tx.named("coupon", coupon_id or "", f"{param}[coupon]")
    if not coupon_works(tx, coupon):
        raise StripeError(f"Coupon {coupon_id} is used up or over.", code="coupon_expired", param=f"{param}[coupon]")
    return {"coupon": coupon_id, "promotion_code": None}


def check_restrictions(
    tx: Transaction, discount: Tree, subtotal: int, currency: str, customer: str | None, param: str
) -> None:
    """Raises when this cart or this customer may not use the discount."""
    coupon = tx.named("coupon", discount["coupon"], param)
    if coupon["currency"] and coupon["currency"] != currency:
        raise StripeError(f"The coupon takes {coupon['currency']} off, and this is paid in {currency}.", param=param)
    if not discount["promotion_code"]:
        return
    code = tx.named("promotion_code", discount["promotion_code"], param)
    rules = code["restrictions"]
    if code["customer"] and code["customer"] != customer:
        raise StripeError("This promotion code belongs to another customer.", param=param)
    least, least_in = rules["minimum_amount"], rules["minimum_amount_currency"]
    if least is not None and (least_in != currency or subtotal < least):
        shown = money.show(least, least_in)
        raise StripeError(f"This promotion code is for purchases of {shown} or more.", param=param)
    bought = customer is None or tx.where("charge", customer=customer, status="succeeded")
    if rules["first_time_transaction"] and bought:
        raise StripeError("This promotion code is for a customer's first purchase.", param=param)


def taken_off(tx: Transaction, coupon: Tree, lines: list[tuple[str, int]]) -> list[int]:
    """What the coupon takes off each (product, amount). Percentages are rounded per line, half up."""
    products = tx.hidden(coupon).get("products") or []
    amounts = [amount if not products or product in products else 0 for product, amount in lines]
    if coupon["percent_off"] is not None:
        return [money.percent_of(amount, coupon["percent_off"]) for amount in amounts]
    return money.share(min(coupon["amount_off"], sum(amounts)), amounts)


def redeem(tx: Transaction, discount: Tree) -> None:
    """Counts one use of the coupon and of the code. The caller checked them in this transaction."""
    coupon = tx.named("coupon", discount["coupon"], "coupon")
    tx.save(coupon | {"times_redeemed": coupon["times_redeemed"] + 1})
    if discount["promotion_code"]:
        code = tx.named("promotion_code", discount["promotion_code"], "promotion_code")
        tx.save(code | {"times_redeemed": code["times_redeemed"] + 1})


def new_discount(tx: Transaction, discount: Tree, **holders: str | None) -> Tree:
    """A Discount object for a subscription."""
    return tx.insert(as_discount(tx, new_id("di_1"), discount, **holders))


def as_discount(tx: Transaction, id: str, discount: Tree, **holders: str | None) -> Tree:
    """The same, not written: a session's discount has no life of its own."""
    coupon = tx.named("coupon", discount["coupon"], "coupon")
    return {
        "id": id,
        "object": "discount",
        "checkout_session": holders.get("checkout_session"),
        "customer": holders.get("customer"),
        "customer_account": None,
        "end": _discount_end(tx, coupon),
        "invoice": None,
        "invoice_item": None,
        "promotion_code": discount["promotion_code"],
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": tx.now,
        "subscription": holders.get("subscription"),
        "subscription_item": None,
    }


def _discount_end(tx: Transaction, coupon: Tree) -> int | None:
    if coupon["duration"] != "repeating":
        return None
    return add_interval(tx.now, "month", coupon["duration_in_months"])
