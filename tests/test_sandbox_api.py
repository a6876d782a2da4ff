"""The sandbox's API as the real client meets it: resources, errors, lists, expansion."""

import pytest
import requests
import stripe

from tests.sandbox_tools import KEY, Running, client, running, session_data


@pytest.fixture
def sandbox(tmp_path):
    with running(tmp_path) as sandbox:
        yield sandbox


def pay(sandbox: Running, method: str = "pm_card_visa", **more: object) -> stripe.PaymentIntent:
    data = {"amount": 2000, "currency": "usd", "payment_method": method, "confirm": True}
    return sandbox.v1.payment_intents.create(data | more)


# Who may call, and what a call is


@pytest.mark.parametrize("key", ["sk_live_x", "pk_test_x", "sk_test_", "nonsense"])
def test_only_test_keys_are_taken(sandbox: Running, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError):
        client(sandbox.base, key=key).v1.customers.list()


def test_basic_auth_and_no_auth(sandbox: Running) -> None:
    assert requests.get(f"{sandbox.base}/v1/customers", auth=(KEY, ""), timeout=10).status_code == 200
    assert requests.get(f"{sandbox.base}/v1/customers", timeout=10).status_code == 401


def test_an_unknown_address_and_an_unknown_version(sandbox: Running) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    reply = requests.get(f"{sandbox.base}/v1/wonders", headers=headers, timeout=10)
    assert reply.status_code == 404
    assert reply.json()["error"]["message"].startswith("Unrecognized request URL (GET: /v1/wonders)")
    old = headers | {"Stripe-Version": "2020-08-27"}
    assert requests.get(f"{sandbox.base}/v1/customers", headers=old, timeout=10).status_code == 400


def test_replies_carry_request_id_and_version(sandbox: Running) -> None:
    customer = sandbox.v1.customers.create({"email": "a@b.example"}, {"idempotency_key": "once"})
    headers = customer.last_response.headers
    assert customer.last_response.request_id.startswith("req_")
    assert headers["Stripe-Version"] == stripe.api_version if stripe.api_version else "2026-10-28.endive"
    assert headers["Idempotency-Key"] == "once"
    assert sandbox.v1.events.list().data[0].request.id == customer.last_response.request_id


def test_missing_objects(sandbox: Running) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.v1.customers.retrieve("cus_none")
    assert (refused.value.http_status, refused.value.code, refused.value.param) == (
        404,
        "resource_missing",
        "id",
    )
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.v1.payment_intents.create({"amount": 500, "currency": "usd", "customer": "cus_none"})
    assert (refused.value.http_status, refused.value.param) == (400, "customer")


def test_other_hosts_names_are_refused(sandbox: Running) -> None:
    """A page elsewhere whose name points here must not talk to the sandbox."""
    headers = {"Authorization": f"Bearer {KEY}", "Host": "evil.example"}
    assert requests.get(f"{sandbox.base}/v1/customers", headers=headers, timeout=10).status_code == 400


# Customers, products, prices


def test_a_customer_is_made_changed_found_and_deleted(sandbox: Running) -> None:
    v1 = sandbox.v1
    made = v1.customers.create({"email": "a@b.example", "metadata": {"kept": "1", "gone": "2"}})
    changed = v1.customers.update(made.id, {"name": "Robin", "email": "", "metadata": {"gone": ""}})
    assert (changed.name, changed.email, changed.metadata.to_dict()) == ("Robin", None, {"kept": "1"})
    assert v1.customers.list({"email": "a@b.example"}).data == []
    assert v1.customers.delete(made.id).deleted is True
    assert v1.customers.retrieve(made.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        v1.customers.update(made.id, {"name": "x"})


@pytest.mark.parametrize(
    "metadata",
    [{"k" * 41: "v"}, {"k": "v" * 501}, {f"k{i}": "v" for i in range(51)}],
    ids=["key", "value", "many"],
)
def test_metadata_has_bounds(sandbox: Running, metadata: dict[str, str]) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.v1.customers.create({"metadata": metadata})
    assert refused.value.param.startswith("metadata")


def test_products_and_prices(sandbox: Running) -> None:
    v1 = sandbox.v1
    product = v1.products.create({"name": "Report", "default_price_data": {"currency": "usd", "unit_amount": 40000}})
    monthly = v1.prices.create(
        {
            "product": product.id,
            "currency": "eur",
            "unit_amount": 1000,
            "recurring": {"interval": "month"},
            "lookup_key": "gift",
        }
    )
    assert product.default_price
    assert (monthly.type, monthly.recurring.interval_count) == ("recurring", 1)
    assert [price.id for price in v1.prices.list({"lookup_keys": ["gift"]}).data] == [monthly.id]
    assert v1.prices.list({"product": product.id, "type": "one_time"}).data[0].id == product.default_price
    assert v1.prices.update(monthly.id, {"active": False}).active is False
    assert v1.products.list({"active": True, "ids": [product.id]}).data[0].name == "Report"
    assert v1.products.update(product.id, {"description": "Sixty pages"}).description == "Sixty pages"


def test_prices_need_a_product_and_an_amount(sandbox: Running) -> None:
    for data, param in (
        ({"currency": "usd", "unit_amount": 1}, "product"),
        ({"currency": "usd", "product_data": {"name": "x"}}, "unit_amount"),
        ({"currency": "zzz", "unit_amount": 1, "product_data": {"name": "x"}}, "currency"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            sandbox.v1.prices.create(data)
        assert refused.value.param == param


# Coupons and codes


def test_a_coupon_takes_percent_or_amount(sandbox: Running) -> None:
    v1 = sandbox.v1
    for data in ({}, {"percent_off": 30, "amount_off": 5, "currency": "usd"}, {"percent_off": 101}):
        with pytest.raises(stripe.InvalidRequestError):
            v1.coupons.create(data)
    v1.coupons.create({"id": "HALF", "percent_off": 50})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.coupons.create({"id": "HALF", "percent_off": 50})
    assert refused.value.code == "resource_already_exists"
    assert v1.coupons.delete("HALF").deleted is True


def test_codes_are_unique_among_active_ones_in_any_case(sandbox: Running) -> None:
    v1 = sandbox.v1
    coupon = v1.coupons.create({"percent_off": 30})
    data = {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "WhatsOnWeibo30"}
    first = v1.promotion_codes.create(data)
    with pytest.raises(stripe.InvalidRequestError):
        v1.promotion_codes.create(data | {"code": "WHATSONWEIBO30"})
    assert v1.promotion_codes.list({"code": "whatsonweibo30", "active": True}).data[0].id == first.id
    v1.promotion_codes.update(first.id, {"active": False})
    assert v1.promotion_codes.list({"active": True}).data == []
    v1.promotion_codes.create(data | {"code": "WHATSONWEIBO30"})
    with pytest.raises(stripe.InvalidRequestError):
        v1.promotion_codes.update(first.id, {"active": True})


# Payments and refunds


def test_a_payment_its_charge_and_its_fee(sandbox: Running) -> None:
    intent = pay(sandbox, metadata={"order": "1"}, expand=["latest_charge.balance_transaction"])
    assert (intent.status, intent.amount_received) == ("succeeded", 2000)
    charge = intent.latest_charge
    assert (charge.paid, charge.metadata["order"], charge.balance_transaction.fee) == (True, "1", 88)
    assert sandbox.v1.charges.list({"payment_intent": intent.id}).data[0].id == charge.id
    assert sandbox.v1.balance_transactions.list({"source": charge.id}).data[0].net == 1912


@pytest.mark.parametrize(
    ("method", "code", "decline"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
    ],
)
def test_cards_that_are_refused(sandbox: Running, method: str, code: str, decline: str) -> None:
    with pytest.raises(stripe.CardError) as refused:
        pay(sandbox, method)
    error = refused.value
    assert (error.http_status, error.code, error.error.decline_code) == (402, code, decline)
    intent = sandbox.v1.payment_intents.retrieve(error.error.payment_intent.id)
    assert (intent.status, intent.last_payment_error.charge) == (
        "requires_payment_method",
        error.error.charge,
    )
    assert [event.type for event in sandbox.v1.events.list().data] == [
        "payment_intent.payment_failed",
        "charge.failed",
        "payment_intent.created",
    ]
    again = sandbox.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert again.status == "succeeded"


def test_an_intent_is_confirmed_or_cancelled_once(sandbox: Running) -> None:
    v1 = sandbox.v1
    intent = v1.payment_intents.create({"amount": 500, "currency": "usd", "payment_method": "pm_card_visa"})
    assert intent.status == "requires_confirmation"
    assert v1.payment_intents.confirm(intent.id).status == "succeeded"
    for act in (v1.payment_intents.confirm, v1.payment_intents.cancel):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            act(intent.id)
        assert refused.value.code == "payment_intent_unexpected_state"
    other = v1.payment_intents.create({"amount": 500, "currency": "usd"})
    assert v1.payment_intents.cancel(other.id, {"cancellation_reason": "abandoned"}).status == "canceled"


@pytest.mark.parametrize(("amount", "code"), [(49, "amount_too_small"), (10**8, "amount_too_large")])
def test_amounts_have_bounds(sandbox: Running, amount: int, code: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.v1.payment_intents.create({"amount": amount, "currency": "usd"})
    assert refused.value.code == code


def test_payment_methods_attach_and_detach(sandbox: Running) -> None:
    v1 = sandbox.v1
    customer = v1.customers.create({"email": "a@b.example"})
    method = v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    assert method.card.last4 == "4242"
    assert v1.customers.payment_methods.list(customer.id).data[0].id == method.id
    assert v1.payment_methods.list({"customer": customer.id, "type": "card"}).data[0].id == method.id
    paid = pay(sandbox, method.id, customer=customer.id)
    assert paid.customer == customer.id
    assert v1.payment_methods.detach(method.id).customer is None
    with pytest.raises(stripe.CardError):
        v1.payment_methods.attach("pm_card_visa_chargeDeclined", {"customer": customer.id})
    assert v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id}).customer


def test_refunds_in_parts_and_no_more_than_was_paid(sandbox: Running) -> None:
    v1 = sandbox.v1
    intent = pay(sandbox)
    first = v1.refunds.create({"payment_intent": intent.id, "amount": 500, "reason": "requested_by_customer"})
    v1.refunds.create({"payment_intent": intent.id, "amount": 500})
    charge = v1.charges.retrieve(intent.latest_charge)
    assert (charge.amount_refunded, charge.refunded, first.status) == (1000, False, "succeeded")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.refunds.create({"charge": charge.id, "amount": 1001})
    assert refused.value.param == "amount"
    v1.refunds.create({"charge": charge.id})
    assert v1.charges.retrieve(charge.id).refunded is True
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.refunds.create({"charge": charge.id})
    assert refused.value.code == "charge_already_refunded"
    assert [refund.amount for refund in v1.refunds.list({"charge": charge.id}).data] == [1000, 500, 500]
    nets = [entry.net for entry in v1.balance_transactions.list().data]
    assert nets == [-1000, -500, -500, 1912]


# Lists and expansion


def test_lists_page_forth_and_back(sandbox: Running) -> None:
    v1 = sandbox.v1
    made = [v1.customers.create({"name": str(i)}).id for i in range(7)][::-1]
    first = v1.customers.list({"limit": 3})
    assert ([one.id for one in first.data], first.has_more) == (made[:3], True)
    second = v1.customers.list({"limit": 3, "starting_after": made[2]})
    assert [one.id for one in second.data] == made[3:6]
    back = v1.customers.list({"limit": 2, "ending_before": made[3]})
    assert ([one.id for one in back.data], back.has_more) == (made[1:3], True)
    assert [one.id for one in v1.customers.list({"limit": 3}).auto_paging_iter()] == made
    assert len(v1.customers.list({"created": {"gte": 1, "lt": 2}}).data) == 0
    for data in ({"limit": 0}, {"limit": 101}, {"starting_after": "cus_none"}):
        with pytest.raises(stripe.InvalidRequestError):
            v1.customers.list(data)


def test_expansion_reaches_inside_and_refuses_what_is_not_there(sandbox: Running) -> None:
    v1 = sandbox.v1
    session = v1.checkout.sessions.create(session_data(expand=["line_items.data.price.product"]))
    assert session.line_items.data[0].price.product.name == "China Internet Report, Pro Edition"
    assert "line_items" not in v1.checkout.sessions.retrieve(session.id)
    pay(sandbox)
    listed = v1.charges.list({"expand": ["data.payment_intent.payment_method"]})
    assert listed.data[0].payment_intent.payment_method.card.brand == "visa"
    for path in ("amount_total", "wonders", "customer.wonders.more.of.them"):
        with pytest.raises(stripe.InvalidRequestError):
            v1.checkout.sessions.retrieve(session.id, {"expand": [path]})


def test_events_are_listed_by_type(sandbox: Running) -> None:
    v1 = sandbox.v1
    pay(sandbox)
    assert [event.type for event in v1.events.list({"type": "charge.*"}).data] == ["charge.succeeded"]
    both = v1.events.list({"types": ["charge.succeeded", "payment_intent.created"]})
    assert [event.type for event in both.data] == ["charge.succeeded", "payment_intent.created"]
    assert v1.events.retrieve(both.data[0].id).data.object["object"] == "charge"
    with pytest.raises(stripe.InvalidRequestError):
        v1.events.list({"type": "a", "types": ["b"]})
