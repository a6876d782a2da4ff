"""What the sandbox sends and takes is what stripe-python's own types say."""

import copy
import json
from typing import Any

import pytest
import requests
import stripe

from stripe_sandbox import objects  # noqa: F401  (fills the routes)
from stripe_sandbox.parameters import check, fields_of
from stripe_sandbox.registry import ROUTES
from stripe_sandbox.wire import StripeError, parse_form
from tests.sandbox_tools import KEY, Running, gift_data, running, session_data
from tests.sandbox_types import problems


@pytest.fixture
def sandbox(tmp_path):
    with running(tmp_path) as sandbox:
        yield sandbox


def raw(obj: Any) -> dict[str, Any]:
    """As it came over the wire: the client turns decimals into Decimal."""
    return json.loads(obj.last_response.body)


def test_a_wrong_coupon_is_caught_four_ways(sandbox: Running) -> None:
    coupon = raw(sandbox.v1.coupons.create({"percent_off": 30}))
    assert problems(coupon) == []
    for change, said in (
        ({"percent_off": "30"}, "coupon.percent_off: '30' is not float"),
        ({"duration": "sometimes"}, "coupon.duration: 'sometimes' is not listed"),
        ({"valid": None}, "coupon.valid: None is not bool"),
        ({"discount": 1}, "coupon.discount: unknown key"),
    ):
        assert problems(coupon | change) == [said]
    del coupon["valid"]
    assert problems(coupon) == ["coupon.valid: missing"]


def test_a_wrong_thing_inside_is_caught(sandbox: Running) -> None:
    session = sandbox.v1.checkout.sessions.create(session_data(expand=["line_items.data.price.product"]))
    good = raw(session)
    assert problems(good) == []
    bad = copy.deepcopy(good)
    bad["line_items"]["data"][0]["price"]["product"]["name"] = 7
    assert problems(bad)
    bad = copy.deepcopy(good)
    bad["line_items"]["data"][0]["price"]["unit_amount_decimal"] = 40000
    assert problems(bad) == ["checkout.session.line_items.data[0].price.unit_amount_decimal: not a decimal string"]
    bad = copy.deepcopy(good)
    bad["total_details"]["amount_tip"] = 0
    assert problems(bad) == ["checkout.session.total_details.amount_tip: unknown key"]
    bad = copy.deepcopy(good)
    bad["line_items"]["has_more"] = "no"
    assert len(problems(bad)) == 1


def test_every_kind_of_object_fits_its_type(sandbox: Running) -> None:
    """The transport checks each reply (sandbox_tools.Checked); this makes one of every kind, expanded."""
    v1 = sandbox.v1
    v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]})
    coupon = v1.coupons.create({"percent_off": 50, "duration": "forever", "expand": ["applies_to"]})
    code = v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "expand": ["promotion.coupon"]}
    )
    sale = v1.checkout.sessions.create(session_data(discounts=[{"promotion_code": code.id}]))
    gift = v1.checkout.sessions.create(gift_data(discounts=[{"coupon": coupon.id}]))
    late = v1.checkout.sessions.create(session_data())
    sandbox.pay(sale.url)
    sandbox.pay(gift.url)
    requests.post(f"{late.url}/later", {"email": "a@b.example", "outcome": "waits"}, allow_redirects=False)
    intent = "payment_intent.latest_charge.balance_transaction"
    for session in (sale, late):
        expand = [intent, "payment_intent.payment_method", "line_items", "discounts.promotion_code"]
        v1.checkout.sessions.retrieve(session.id, {"expand": expand})
    gift = v1.checkout.sessions.retrieve(
        gift.id, {"expand": ["customer.subscriptions", "subscription.latest_invoice.payments", "invoice"]}
    )
    v1.subscriptions.retrieve(gift.subscription.id, {"expand": ["discounts.source.coupon"]})
    v1.refunds.create(
        {
            "payment_intent": v1.checkout.sessions.retrieve(sale.id).payment_intent,
            "amount": 1,
            "expand": ["charge.refunds", "balance_transaction"],
        }
    )
    v1.subscriptions.cancel(gift.subscription.id)
    kinds = set()
    for name in (
        "balance_transactions", "charges", "coupons", "customers", "events", "invoice_payments", "invoices",
        "payment_intents", "payment_methods", "prices", "products", "promotion_codes", "refunds",
        "subscriptions", "webhook_endpoints",
    ):  # fmt: skip
        options = {"status": "all"} if name == "subscriptions" else {}
        listed = getattr(v1, name).list({"limit": 100} | options)
        kinds |= {obj.object for obj in listed.data}
    assert len(kinds) == 15
    for event in raw(v1.events.list({"limit": 100}))["data"]:
        assert problems(event["data"]["object"]) == [], event["type"]


def test_a_declined_intent_in_an_error_fits_its_type(sandbox: Running) -> None:
    with pytest.raises(stripe.CardError) as refused:
        sandbox.v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "payment_method": "pm_card_visa_chargeDeclined",
                "confirm": True,
            }
        )
    assert problems(refused.value.error.payment_intent.to_dict()) == []


def test_every_route_reads_its_parameters_by_the_library(sandbox: Running) -> None:
    assert len(ROUTES) > 60
    for route in ROUTES:
        fields = fields_of(route.shape)
        assert "api_key" not in fields
        with pytest.raises(StripeError) as refused:
            check(parse_form("surely_not_a_parameter=1"), route.shape)
        assert refused.value.error["code"] == "parameter_unknown", route


def test_no_parameter_is_ignored_in_silence(sandbox: Running) -> None:
    """One that Stripe has and the sandbox does not act on is refused by name."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.v1.checkout.sessions.create(session_data(phone_number_collection={"enabled": True}))
    assert refused.value.param == "phone_number_collection"
    assert sandbox.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        (
            "line_items[0][price_data][unit_amout]=5",
            "line_items[0][price_data][unit_amout]",
            "parameter_unknown",
        ),
        ("discounts[0][foo]=1", "discounts[0][foo]", "parameter_unknown"),
        (
            "line_items[0][price_data][unit_amount]=5",
            "line_items[0][price_data][currency]",
            "parameter_missing",
        ),
        ("expires_at=soon", "expires_at", "parameter_invalid_integer"),
        ("expires_at=", "expires_at", "parameter_invalid_empty"),
        ("mode=barter", "mode", None),
        ("line_items=1", "line_items", None),
        ("metadata[a][b]=1", "metadata[a]", None),
        ("allow_promotion_codes=maybe", "allow_promotion_codes", None),
        ("mode[x]=payment", "mode", None),
    ],
)
def test_wrong_parameters_are_named_with_their_path(sandbox: Running, body: str, param: str, code: str | None) -> None:
    reply = requests.post(
        f"{sandbox.base}/v1/checkout/sessions",
        data=body,
        headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"},
        timeout=10,
    )
    error = reply.json()["error"]
    assert (reply.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert error.get("code") == code


def test_the_removed_coupon_parameter_of_promotion_codes_is_refused(sandbox: Running) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.v1.promotion_codes.create({"coupon": "x"})  # type: ignore[typeddict-unknown-key]
    assert refused.value.code == "parameter_unknown"
