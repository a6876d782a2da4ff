"""Coupons."""

import stripe.params as shapes

from ..listing import page
from ..parameters import Params
from ..registry import INCLUDES, SHOWN, metadata, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree, missing_parameter
from . import money
from .catalog import save_changes

INCLUDES["coupon", "applies_to"] = lambda tx, coupon: {"products": tx.hidden(coupon).get("products") or []}
FIVE_YEARS = 5 * 366 * 24 * 3600


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
        "max_redemptions": at_least_one(params, "max_redemptions"),
        "metadata": metadata(params),
        "name": params.get("name") or None,
        "percent_off": percent,
        "redeem_by": future(tx, params, "redeem_by"),
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


def at_least_one(params: Params, name: str) -> int | None:
    if (value := params.get(name)) is not None and value < 1:
        raise StripeError(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param=name
        )
    return value


def future(tx: Transaction, params: Params, name: str) -> int | None:
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
    changed: Tree = {
        "metadata": metadata(params, coupon["metadata"]),
        "name": params.get("name", coupon["name"]),
    }
    return save_changes(tx, coupon, changed, "coupon.updated")


@route("DELETE", "/v1/coupons/<id>", shapes.CouponDeleteParams)
def delete_coupon(tx: Transaction, params: Params, id: str) -> Tree:
    tx.emit("coupon.deleted", show_coupon(tx, tx.get("coupon", id)))
    return tx.delete("coupon", id)
