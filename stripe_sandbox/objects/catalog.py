"""Products and prices."""

from decimal import Decimal

import stripe.params as shapes

from ..listing import page
from ..parameters import Params
from ..registry import metadata, refers, route
from ..store import Transaction, new_id
from ..wire import StripeError, Tree, missing_parameter
from . import money

refers("product", default_price="price")
refers("price", product="product")
refers("plan", product="product")


def new_product(tx: Transaction, params: Params) -> Tree:
    id = params.get("id") or new_id("prod_", 14)
    if tx.find("product", id):
        raise StripeError(f"Product already exists: {id}", code="resource_already_exists", param="id")
    product = {
        "id": id,
        "object": "product",
        "active": params.get("active", True),
        "created": tx.now,
        "default_price": None,
        "description": params.get("description") or None,
        "images": params.get("images") or [],
        "livemode": False,
        "marketing_features": params.get("marketing_features") or [],
        "metadata": metadata(params),
        "name": params["name"],
        "package_dimensions": None,
        "shippable": params.get("shippable"),
        "statement_descriptor": params.get("statement_descriptor"),
        "tax_code": params.get("tax_code") or None,
        "type": params.get("type", "service"),
        "unit_label": params.get("unit_label"),
        "updated": tx.now,
        "url": params.get("url"),
    }
    tx.insert(product)
    tx.emit("product.created", product)
    return product


@route("POST", "/v1/products", shapes.ProductCreateParams)
def create_product(tx: Transaction, params: Params) -> Tree:
    product = new_product(tx, params)
    if default := params.get("default_price_data"):
        price = new_price(tx, Params(default | {"product": product["id"]}), "default_price_data")
        tx.save(product | {"default_price": price["id"]})
        product["default_price"] = price["id"]
    return product


@route("GET", "/v1/products", shapes.ProductListParams)
def list_products(tx: Transaction, params: Params) -> Tree:
    ids = params.get("ids") or []
    extra = " AND id IN (" + ", ".join("?" * len(ids)) + ")" if ids else ""
    return page(tx, "product", "/v1/products", params, extra, ids, active=params.get("active"), url=params.get("url"))


@route("GET", "/v1/products/<id>", shapes.ProductRetrieveParams)
def get_product(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("product", id)


@route("POST", "/v1/products/<id>", shapes.ProductUpdateParams)
def update_product(tx: Transaction, params: Params, id: str) -> Tree:
    product = tx.get("product", id)
    changed: Tree = {"metadata": metadata(params, product["metadata"])}
    for name in (
        "active",
        "description",
        "name",
        "url",
        "unit_label",
        "statement_descriptor",
        "shippable",
        "images",
    ):
        if name in params:
            changed[name] = params[name] if params[name] != "" else [] if name == "images" else None
    if "default_price" in params:
        changed["default_price"] = tx.named("price", params["default_price"], "default_price")["id"]
    return save_changes(tx, product, changed | {"updated": tx.now}, "product.updated")


@route("DELETE", "/v1/products/<id>", shapes.ProductDeleteParams)
def delete_product(tx: Transaction, params: Params, id: str) -> Tree:
    product = tx.get("product", id)
    if tx.where("price", product=id):
        raise StripeError("This product cannot be deleted because it has prices.", param="id")
    tx.emit("product.deleted", product)
    return tx.delete("product", id)


def save_changes(tx: Transaction, obj: Tree, changed: Tree, event: str | None = None) -> Tree:
    """Saves the fields that differ, and says so in an event with what they were before."""
    previous = {name: obj.get(name) for name, value in changed.items() if obj.get(name) != value}
    obj = tx.save(obj | changed)
    if previous and event:
        tx.emit(event, obj, previous)
    return obj


def new_price(tx: Transaction, params: Params, prefix: str = "") -> Tree:
    """A price from `price` parameters or from `price_data`; errors name the path under `prefix`."""

    def path(name: str) -> str:
        return f"{prefix}[{name}]" if prefix else name

    recurring = params.get("recurring")
    price = {
        "id": new_id("price_1"),
        "object": "price",
        "active": params.get("active", True),
        "billing_scheme": "per_unit",
        "created": tx.now,
        "currency": money.currency(params["currency"], path("currency")),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": params.get("lookup_key") or None,
        "metadata": metadata(params),
        "nickname": params.get("nickname") or None,
        "product": _product_of(tx, params, prefix),
        "recurring": _recurring(recurring, path("recurring")) if recurring else None,
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        **_amount(params, path),
    }
    tx.insert(price)
    tx.emit("price.created", price)
    return price


def _amount(params: Params, path) -> Tree:
    decimal: Decimal | None = params.get("unit_amount_decimal")
    whole: int | None = params.get("unit_amount")
    if whole is None:
        if decimal is None:
            raise missing_parameter(path("unit_amount"))
        if decimal != decimal.to_integral_value():
            raise StripeError(
                "This sandbox has no prices in fractions of a minor unit.", param=path("unit_amount_decimal")
            )
        whole = int(decimal)
    money.check_amount(whole, path("unit_amount"))
    return {"unit_amount": whole, "unit_amount_decimal": str(whole)}


def _recurring(given: Tree, path: str) -> Tree:
    if given.get("usage_type", "licensed") != "licensed" or given.get("meter"):
        raise StripeError("This sandbox has no metered prices.", param=f"{path}[usage_type]")
    count = given.get("interval_count", 1)
    most = {"day": 1095, "week": 156, "month": 36, "year": 3}[given["interval"]]
    if not 1 <= count <= most:
        raise StripeError(f"The interval must lie between one and {most} of its unit.", param=f"{path}[interval_count]")
    return {
        "interval": given["interval"],
        "interval_count": count,
        "meter": None,
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": "licensed",
    }


def _product_of(tx: Transaction, params: Params, prefix: str) -> str:
    where = f"{prefix}[product]" if prefix else "product"
    if id := params.get("product"):
        return tx.named("product", id, where)["id"]
    if data := params.get("product_data"):
        return new_product(tx, Params(data))["id"]
    raise missing_parameter(where)


@route("POST", "/v1/prices", shapes.PriceCreateParams)
def create_price(tx: Transaction, params: Params) -> Tree:
    return new_price(tx, params)


@route("GET", "/v1/prices", shapes.PriceListParams)
def list_prices(tx: Transaction, params: Params) -> Tree:
    keys = params.get("lookup_keys") or []
    extra = f" AND json_extract(body, '$.lookup_key') IN ({', '.join('?' * len(keys))})" if keys else ""
    return page(
        tx,
        "price",
        "/v1/prices",
        params,
        extra,
        keys,
        active=params.get("active"),
        product=params.get("product"),
        currency=params.get("currency"),
        type=params.get("type"),
    )


@route("GET", "/v1/prices/<id>", shapes.PriceRetrieveParams)
def get_price(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("price", id)


@route("POST", "/v1/prices/<id>", shapes.PriceUpdateParams)
def update_price(tx: Transaction, params: Params, id: str) -> Tree:
    price = tx.get("price", id)
    changed: Tree = {"metadata": metadata(params, price["metadata"])}
    for name in ("active", "nickname", "lookup_key", "tax_behavior"):
        if name in params:
            changed[name] = params[name] if params[name] != "" else None
    return save_changes(tx, price, changed, "price.updated")


def plan_of(price: Tree) -> Tree:
    """The older name of a recurring price, which subscription items still carry."""
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": recurring["trial_period_days"],
        "usage_type": "licensed",
    }
