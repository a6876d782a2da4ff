"""Coupons, promotion codes, and what they take off."""

import re

import stripe.params as shapes

from ..listing import page
from ..parameters import Params
from ..registry import INCLUDES, SHOWN, metadata, refers, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree, missing_parameter
from . import money
from .catalog import save_changes
from .periods import add_interval

refers("promotion_code", promotion__coupon="coupon", customer="customer")
refers("discount", source__coupon="coupon", promotion_code="promotion_code", customer="customer")
INCLUDES["coupon", "applies_to"] = lambda tx, coupon: {"products": tx.hidden(coupon).get("products") or []}
FIVE_YEARS = 5 * 366 * 24 * 3600


# Coupons


def coupon_works(tx: Transaction, coupon: Tree) -> bool:
    most, end = coupon["max_redemptions"], coupon["redeem_by"]
    return (most is None or coupon["times_redeemed"] < most) and (end is None or tx.now <= end)


def show_coupon(tx: Transaction, coupon: Tree) -> Tree:
    return coupon | {"valid": coupon_works(tx, coupon)}


SHOWN["coupon"] = show_coupon


@route("POST", "/v1/coupons", shapes.CouponCreateParams)
def create_coupon(tx: Transaction, params: Params) -> Tree:
    percent, amount = params.get("percent_off"), params.get("amount_off")
    if (percent is None) == (amount is None):
        raise StripeError("You must pass either `percent_off` or `amount_off`, and not both.", param="percent_off")
    if percent is not None and not 0 < percent <= 100:
        raise StripeError("Invalid percent_off: must lie above 0 and not above 100.", param="percent_off")
    if amount is not None and amount < 1:
        raise StripeError("Invalid amount_off: must be at least 1.", param="amount_off")
    if amount is not None and not params.get("currency"):
        raise missing_parameter("currency")
    id = params.get("id") or new_id("", 8)
    if tx.find("coupon", id):
        raise StripeError("Coupon already exists.", code="resource_already_exists", param="id")
    coupon = {
        "id": id,
        "object": "coupon",
        "amount_off": amount,
        "created": tx.now,
        "currency": money.currency(params["currency"], "currency") if amount is not None else None,
        "duration": _duration(params),
        "duration_in_months": params.get("duration_in_months"),
        "livemode": False,
        "max_redemptions": _at_least_one(params, "max_redemptions"),
        "metadata": metadata(params),
        "name": params.get("name") or None,
        "percent_off": percent,
        "redeem_by": _future(tx, params, "redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    products = (params.get("applies_to") or {}).get("products") or []
    for i, product in enumerate(products):
        tx.named("product", product, f"applies_to[products][{i}]")
    tx.insert(coupon, {"products": products})
    tx.emit("coupon.created", coupon)
    return coupon


def _duration(params: Params) -> str:
    duration, months = params.get("duration", "once"), params.get("duration_in_months")
    if duration == "repeating" and not months:
        raise missing_parameter("duration_in_months")
    if duration != "repeating" and months:
        raise StripeError("`duration_in_months` goes with the duration `repeating` only.", param="duration_in_months")
    return duration


def _at_least_one(params: Params, name: str) -> int | None:
    if (value := params.get(name)) is not None and value < 1:
        raise StripeError("This value must be greater than or equal to 1.", code="parameter_invalid_integer", param=name)
    return value


def _future(tx: Transaction, params: Params, name: str) -> int | None:
    value = params.get(name)
    if value is not None and not tx.now < value <= tx.now + FIVE_YEARS:
        raise StripeError(f"{name} must lie in the future, and within five years.", param=name)
    return value


@route("GET", "/v1/coupons", shapes.CouponListParams)
def list_coupons(tx: Transaction, params: Params) -> Tree:
    return page(tx, "coupon", "/v1/coupons", params)


@route("GET", "/v1/coupons/<id>", shapes.CouponRetrieveParams)
def get_coupon(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("coupon", id)


@route("POST", "/v1/coupons/<id>", shapes.CouponUpdateParams)
def update_coupon(tx: Transaction, params: Params, id: str) -> Tree:
    coupon = tx.get("coupon", id)
    changed = {"metadata": metadata(params, coupon["metadata"]), "name": params.get("name", coupon["name"])}
    return save_changes(tx, coupon, changed, "coupon.updated")


@route("DELETE", "/v1/coupons/<id>", shapes.CouponDeleteParams)
def delete_coupon(tx: Transaction, params: Params, id: str) -> Tree:
    tx.emit("coupon.deleted", show_coupon(tx, tx.get("coupon", id)))
    return tx.delete("coupon", id)


# Promotion codes


def code_works(tx: Transaction, code: Tree) -> bool:
    most, end = code["max_redemptions"], code["expires_at"]
    coupon = tx.find("coupon", code["promotion"]["coupon"])
    return (
        code["active"]
        and (most is None or code["times_redeemed"] < most)
        and (end is None or tx.now <= end)
        and coupon is not None
        and coupon_works(tx, coupon)
    )


def show_code(tx: Transaction, code: Tree) -> Tree:
    return code | {"active": code_works(tx, code)}


SHOWN["promotion_code"] = show_code


def find_code(tx: Transaction, typed: str) -> Tree | None:
    """The working promotion code that reads like this, in any case."""
    for code in tx.where("promotion_code", order="DESC", active=True):
        if code["code"].upper() == typed.strip().upper() and code_works(tx, code):
            return code
    return None


@route("POST", "/v1/promotion_codes", shapes.PromotionCodeCreateParams)
def create_code(tx: Transaction, params: Params) -> Tree:
    promotion = params["promotion"]
    if not promotion.get("coupon"):
        raise missing_parameter("promotion[coupon]")
    coupon = tx.named("coupon", promotion["coupon"], "promotion[coupon]")
    if not coupon_works(tx, coupon):
        raise StripeError("The coupon is not valid any more.", code="coupon_expired", param="promotion[coupon]")
    text = params.get("code") or new_id("", 8).upper()
    if not re.fullmatch(r"[A-Za-z0-9-]{1,500}", text):
        raise StripeError("Codes may contain letters a-z, digits and dashes only.", param="code")
    customer = params.get("customer")
    if customer:
        tx.named("customer", customer, "customer")
    if params.get("active", True):
        _refuse_twin(tx, text, customer)
    end = _future(tx, params, "expires_at")
    if end and coupon["redeem_by"] and end > coupon["redeem_by"]:
        raise StripeError("A code cannot end after its coupon.", param="expires_at")
    code = {
        "id": new_id("promo_1"),
        "object": "promotion_code",
        "active": params.get("active", True),
        "code": text,
        "created": tx.now,
        "customer": customer,
        "customer_account": None,
        "expires_at": end,
        "livemode": False,
        "max_redemptions": _at_least_one(params, "max_redemptions"),
        "metadata": metadata(params),
        "promotion": {"coupon": coupon["id"], "type": "coupon"},
        "restrictions": _restrictions(params.get("restrictions") or {}),
        "times_redeemed": 0,
    }
    tx.insert(code)
    tx.emit("promotion_code.created", code)
    return code


def _refuse_twin(tx: Transaction, text: str, customer: str | None) -> None:
    twin = find_code(tx, text)
    if twin and (customer is None or twin["customer"] in (None, customer)):
        raise StripeError(f"An active promotion code with `code: {text}` already exists.", param="code")


def _restrictions(given: Tree) -> Tree:
    if "currency_options" in given:
        raise StripeError("This sandbox has no currency options.", param="restrictions[currency_options]")
    least, code = given.get("minimum_amount"), given.get("minimum_amount_currency")
    if least is not None and not code:
        raise missing_parameter("restrictions[minimum_amount_currency]")
    return {
        "first_time_transaction": given.get("first_time_transaction", False),
        "minimum_amount": least,
        "minimum_amount_currency": money.currency(code, "restrictions[minimum_amount_currency]") if code else None,
    }


@route("GET", "/v1/promotion_codes", shapes.PromotionCodeListParams)
def list_codes(tx: Transaction, params: Params) -> Tree:
    extra = ""
    if text := params.get("code"):
        if not re.fullmatch(r"[A-Za-z0-9-]{1,500}", text):
            extra = " AND 0"
        extra += f" AND upper(json_extract(body, '$.code')) = '{text.upper()}'" if not extra else ""
    wanted = params.get("active")
    if wanted is not None:
        fitting = [code["id"] for code in tx.where("promotion_code") if code_works(tx, code) == wanted]
        extra += " AND id IN (" + ", ".join(f"'{id}'" for id in fitting) + ")"
    return page(
        tx, "promotion_code", "/v1/promotion_codes", params, extra, customer=params.get("customer"),
        promotion__coupon=params.get("coupon"),
    )


@route("GET", "/v1/promotion_codes/<id>", shapes.PromotionCodeRetrieveParams)
def get_code(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("promotion_code", id)


@route("POST", "/v1/promotion_codes/<id>", shapes.PromotionCodeUpdateParams)
def update_code(tx: Transaction, params: Params, id: str) -> Tree:
    code = tx.get("promotion_code", id)
    active = params.get("active", code["active"])
    if active and not code["active"]:
        _refuse_twin(tx, code["code"], code["customer"])
    changed = {"metadata": metadata(params, code["metadata"]), "active": active}
    return save_changes(tx, code, changed, "promotion_code.updated")


# What a discount takes off


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
    coupon = tx.named("coupon", coupon_id, f"{param}[coupon]")
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
    if rules["minimum_amount"] is not None:
        if rules["minimum_amount_currency"] != currency or subtotal < rules["minimum_amount"]:
            shown = money.show(rules["minimum_amount"], rules["minimum_amount_currency"])
            raise StripeError(f"This promotion code is for purchases of {shown} or more.", param=param)
    if rules["first_time_transaction"]:
        if customer is None or tx.where("charge", customer=customer, status="succeeded"):
            raise StripeError("This promotion code is for a customer's first purchase.", param=param)


def taken_off(tx: Transaction, coupon: Tree, lines: list[tuple[str, int]]) -> list[int]:
    """What the coupon takes off each line, given as (product, amount). Percentages are rounded per line, half up."""
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
    """A Discount object for a subscription, an invoice or a session."""
    coupon = tx.named("coupon", discount["coupon"], "coupon")
    obj = {
        "id": new_id("di_1"),
        "object": "discount",
        "checkout_session": holders.get("checkout_session"),
        "customer": holders.get("customer"),
        "customer_account": None,
        "end": _discount_end(tx, coupon),
        "invoice": holders.get("invoice"),
        "invoice_item": None,
        "promotion_code": discount["promotion_code"],
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": tx.now,
        "subscription": holders.get("subscription"),
        "subscription_item": None,
    }
    return tx.insert(obj)


def _discount_end(tx: Transaction, coupon: Tree) -> int | None:
    if coupon["duration"] != "repeating":
        return None
    return add_interval(tx.now, "month", coupon["duration_in_months"])
