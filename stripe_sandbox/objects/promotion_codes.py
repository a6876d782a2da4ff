"""Promotion codes: what a buyer types to get a coupon."""

import json
import re

import stripe.params as shapes

from ..listing import page
from ..parameters import Params
from ..registry import SHOWN, metadata, refers, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree, missing_parameter
from . import money
from .catalog import save_changes
from .coupons import at_least_one, coupon_works, future

refers("promotion_code", promotion__coupon="coupon", customer="customer")


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
    end = future(tx, params, "expires_at")
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
        "max_redemptions": at_least_one(params, "max_redemptions"),
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
    extra, values = "", []
    if text := params.get("code"):
        extra += " AND upper(json_extract(body, '$.code')) = ?"
        values.append(text.upper())
    wanted = params.get("active")
    if wanted is not None:
        fitting = [code["id"] for code in tx.where("promotion_code") if code_works(tx, code) == wanted]
        extra += " AND id IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(fitting))
    return page(
        tx,
        "promotion_code",
        "/v1/promotion_codes",
        params,
        extra,
        values,
        customer=params.get("customer"),
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
    changed: Tree = {"metadata": metadata(params, code["metadata"]), "active": active}
    return save_changes(tx, code, changed, "promotion_code.updated")
