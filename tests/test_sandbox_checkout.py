"""Checkout sessions, and the hosted page as a buyer without script meets it."""

import re
import threading
from html import unescape
from typing import Any

import html5lib
import pytest
import requests
import stripe
from werkzeug.test import Client

from stripe_sandbox import create_sandbox
from tests.sandbox_tools import CARD, KEY, Running, gift_data, running, session_data


@pytest.fixture
def sandbox(tmp_path):
    with running(tmp_path) as sandbox:
        yield sandbox


def open_session(sandbox: Running, **changes: Any) -> Any:
    return sandbox.v1.checkout.sessions.create(session_data(**changes))


def code_for(sandbox: Running, **code: Any) -> Any:
    coupon = sandbox.v1.coupons.create({"percent_off": 30})
    data = {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "WHATSONWEIBO30"}
    return sandbox.v1.promotion_codes.create(data | code)


def errors(reply: requests.Response) -> dict[str, str]:
    """Field → what is said beside it."""
    return {name: unescape(said) for name, said in re.findall(r'id="(\w+)-error">([^<]+)<', reply.text)}


def field(reply: requests.Response, name: str) -> str:
    return unescape(re.search(rf'name="{name}" value="([^"]*)"', reply.text)[1])


# Making a session


def test_a_code_takes_30_percent_off(sandbox: Running) -> None:
    code = code_for(sandbox)
    expand = ["line_items", "total_details.breakdown", "discounts.coupon"]
    session = open_session(sandbox, discounts=[{"promotion_code": code.id}], expand=expand)
    assert session.discounts[0].coupon.percent_off == 30
    assert session.total_details.breakdown.discounts[0].amount == 12000
    assert (session.amount_subtotal, session.amount_total) == (40000, 28000)
    assert session.total_details.amount_discount == 12000
    assert session.line_items.data[0].amount_total == 28000


@pytest.mark.parametrize(
    ("amounts", "percent", "off"),
    [([105], 50, 53), ([105, 105], 50, 106), ([1000], 33.3, 333), ([333, 333, 333], 33.3, 333)],
)
def test_percentages_are_rounded_half_up_line_by_line(
    sandbox: Running, amounts: list[int], percent: float, off: int
) -> None:
    coupon = sandbox.v1.coupons.create({"percent_off": percent})
    lines = [
        {"price_data": {"currency": "usd", "unit_amount": a, "product_data": {"name": "x"}}, "quantity": 1}
        for a in amounts
    ]
    session = open_session(sandbox, line_items=lines, discounts=[{"coupon": coupon.id}])
    assert session.total_details.amount_discount == off


def test_a_fixed_amount_is_shared_among_the_lines_it_applies_to(sandbox: Running) -> None:
    v1 = sandbox.v1
    product = v1.products.create({"name": "Report"})
    price = v1.prices.create({"product": product.id, "currency": "usd", "unit_amount": 1000})
    coupon = v1.coupons.create({"amount_off": 1500, "currency": "usd", "applies_to": {"products": [product.id]}})
    other = {
        "price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "y"}},
        "quantity": 1,
    }
    lines = [{"price": price.id, "quantity": 1}, other]
    session = open_session(sandbox, line_items=lines, discounts=[{"coupon": coupon.id}], expand=["line_items"])
    assert [line.amount_discount for line in session.line_items.data] == [1000, 0]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"success_url": "not a url"}, "success_url"),
        ({"line_items": []}, "line_items"),
        ({"mode": "subscription"}, "line_items"),
        ({"expires_at": 5}, "expires_at"),
        ({"ui_mode": "hosted"}, "ui_mode"),
        ({"subscription_data": {"metadata": {"a": "b"}}}, "subscription_data"),
        ({"discounts": [{"coupon": "none"}]}, "discounts[0][coupon]"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"customer": "cus_none"}, "customer"),
    ],
)
def test_sessions_that_cannot_be(sandbox: Running, changes: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        open_session(sandbox, **changes)
    assert refused.value.param == param


def test_one_discount_and_not_beside_a_code_box(sandbox: Running) -> None:
    code = code_for(sandbox)
    entry = {"promotion_code": code.id}
    for changes in ({"discounts": [entry, entry]}, {"discounts": [entry], "allow_promotion_codes": True}):
        with pytest.raises(stripe.InvalidRequestError):
            open_session(sandbox, **changes)


def test_codes_have_rules_of_their_own(sandbox: Running) -> None:
    v1 = sandbox.v1
    dear = code_for(sandbox, restrictions={"minimum_amount": 40001, "minimum_amount_currency": "usd"})
    first = code_for(sandbox, code="FIRST", restrictions={"first_time_transaction": True})
    euro = v1.coupons.create({"amount_off": 100, "currency": "eur"})
    for entry in ({"promotion_code": dear.id}, {"promotion_code": first.id}, {"coupon": euro.id}):
        with pytest.raises(stripe.InvalidRequestError):
            open_session(sandbox, discounts=[entry])
    customer = v1.customers.create({"email": "a@b.example"})
    new = open_session(sandbox, discounts=[{"promotion_code": first.id}], customer=customer.id)
    assert sandbox.pay(new.url).status_code == 303
    with pytest.raises(stripe.InvalidRequestError):
        open_session(sandbox, discounts=[{"promotion_code": first.id}], customer=customer.id)


# Paying


def test_a_buyer_pays(sandbox: Running) -> None:
    data = {"metadata": {"order_id": "1"}}
    session = open_session(
        sandbox, metadata={"kept": "here"}, payment_intent_data=data, customer_email="robin@example.org"
    )
    page = requests.get(session.url, timeout=10)
    assert page.status_code == 200
    assert "No real money moves" in page.text
    assert "Set-Cookie" not in page.headers
    assert "form-action 'self' http://127.0.0.1:9;" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert field(page, "email") == "robin@example.org"
    paid = sandbox.pay(session.url)
    assert paid.status_code == 303
    assert paid.headers["Location"] == f"http://127.0.0.1:9/orders/1?session_id={session.id}"
    session = sandbox.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (session.status, session.payment_status, session.url) == ("complete", "paid", None)
    assert session.customer is None
    assert session.customer_details.email == "robin@example.org"
    assert session.payment_intent.metadata.to_dict() == {"order_id": "1"}
    assert [event.type for event in sandbox.v1.events.list().data][:4] == [
        "checkout.session.completed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "payment_intent.created",
    ]
    assert "complete" in requests.get(f"{sandbox.base}/c/pay/{session.id}", timeout=10).text


def test_pay_is_the_first_button_of_the_form_with_the_card(sandbox: Running) -> None:
    session = open_session(sandbox, allow_promotion_codes=True)
    page = requests.get(session.url, timeout=10).text
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    [form] = [form for form in forms if 'name="card_number"' in form]
    names = set(re.findall(r'name="(\w+)"', form))
    assert names == {"email", "card_number", "card_expiry", "card_cvc", "name"}
    assert "Pay US$400.00" in re.search(r"<button.*?</button>", form)[0]
    assert len(forms) == 4  # Back, the code box and the delayed payment have forms of their own


@pytest.mark.parametrize(
    ("number", "name", "said"),
    [
        ("4000 0000 0000 0002", "card_number", "Your card was declined."),
        ("4000000000009995", "card_number", "Your card has insufficient funds."),
        ("4000000000000069", "card_expiry", "Your card has expired."),
        ("4000000000000127", "card_cvc", "Your card's security code is incorrect."),
        ("4000000000000119", "card_number", "An error occurred while processing your card. Try again."),
    ],
)
def test_a_refused_card_says_so_beside_its_field(sandbox: Running, number: str, name: str, said: str) -> None:
    session = open_session(sandbox)
    page = sandbox.pay(session.url, card_number=number, email="kept@example.org")
    assert (page.status_code, errors(page)) == (402, {name: said})
    assert field(page, "email") == "kept@example.org"
    session = sandbox.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (session.status, session.payment_intent.status) == ("open", "requires_payment_method")
    assert sandbox.pay(session.url).status_code == 303
    charges = sandbox.v1.charges.list({"payment_intent": session.payment_intent.id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ({"card_number": ""}, "card_number"),
        ({"card_number": "4242"}, "card_number"),
        ({"card_number": "4242 4242 4242 4241"}, "card_number"),
        ({"card_number": "４242424242424242"}, "card_number"),
        ({"card_number": "4111111111111111"}, "card_number"),
        ({"card_expiry": "13/30"}, "card_expiry"),
        ({"card_expiry": "01/20"}, "card_expiry"),
        ({"card_cvc": "12"}, "card_cvc"),
        ({"email": "robin"}, "email"),
        ({"name": ""}, "name"),
    ],
)
def test_malformed_fields_keep_what_was_typed(sandbox: Running, typed: dict[str, str], name: str) -> None:
    session = open_session(sandbox)
    page = sandbox.pay(session.url, **typed)
    assert page.status_code == 422
    assert set(errors(page)) == {name}
    for other, value in (CARD | typed).items():
        assert field(page, other) == value
    assert sandbox.v1.charges.list().data == []


def test_two_clicks_on_pay_charge_once(sandbox: Running) -> None:
    session = open_session(sandbox)
    replies: list[requests.Response] = []
    threads = [threading.Thread(target=lambda: replies.append(sandbox.pay(session.url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(reply.status_code, reply.headers["Location"]) for reply in replies} == {
        (303, f"http://127.0.0.1:9/orders/1?session_id={session.id}")
    }
    assert len(sandbox.v1.charges.list().data) == 1
    assert len(sandbox.v1.events.list({"type": "checkout.session.completed"}).data) == 1


def test_looking_at_the_page_changes_nothing(sandbox: Running) -> None:
    session = open_session(sandbox)
    for _ in range(2):
        assert requests.head(session.url, timeout=10).status_code == 200
        assert requests.get(session.url, timeout=10).status_code == 200
    assert sandbox.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert requests.get(f"{session.url}/back", timeout=10).status_code == 405


def test_back_leads_to_the_shop_and_leaves_the_session_open(sandbox: Running) -> None:
    session = open_session(sandbox)
    reply = requests.post(f"{session.url}/back", allow_redirects=False, timeout=10)
    assert (reply.status_code, reply.headers["Location"]) == (303, "http://127.0.0.1:9/offers/report")
    assert sandbox.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_the_code_box_takes_a_code_in_any_case_and_gives_it_back(sandbox: Running) -> None:
    code = code_for(sandbox)
    session = open_session(sandbox, allow_promotion_codes=True)
    wrong = requests.post(f"{session.url}/code", {"code": "NOPE"}, timeout=10)
    assert errors(wrong) == {"code": "This code is invalid."}
    page = requests.post(f"{session.url}/code", {"code": " whatsonweibo30 "}, timeout=10)
    assert "Pay US$280.00" in page.text
    assert "WHATSONWEIBO30" in page.text
    assert "−US$120.00" in page.text
    page = requests.post(f"{session.url}/code", {"remove": "1"}, timeout=10)
    assert "Pay US$400.00" in page.text
    requests.post(f"{session.url}/code", {"code": "WHATSONWEIBO30"}, timeout=10)
    sandbox.pay(session.url)
    session = sandbox.v1.checkout.sessions.retrieve(session.id)
    assert session.amount_total == 28000
    assert sandbox.v1.promotion_codes.retrieve(code.id).times_redeemed == 1


def test_a_code_that_leaves_too_little_to_charge_is_refused(sandbox: Running) -> None:
    coupon = sandbox.v1.coupons.create({"amount_off": 39960, "currency": "usd"})
    sandbox.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "NEARLY"})
    session = open_session(sandbox, allow_promotion_codes=True)
    page = requests.post(f"{session.url}/code", {"code": "NEARLY"}, timeout=10)
    assert errors(page) == {"code": "With this code the order is too small to be charged."}
    assert sandbox.v1.checkout.sessions.retrieve(session.id).amount_total == 40000


def test_a_session_without_a_code_box_takes_no_code(sandbox: Running) -> None:
    code_for(sandbox)
    session = open_session(sandbox)
    reply = requests.post(f"{session.url}/code", {"code": "WHATSONWEIBO30"}, timeout=10)
    assert reply.status_code == 409
    assert sandbox.v1.checkout.sessions.retrieve(session.id).amount_total == 40000


def test_two_sessions_race_for_the_last_use_of_a_code(sandbox: Running) -> None:
    code = code_for(sandbox, max_redemptions=1)
    sessions = [open_session(sandbox, discounts=[{"promotion_code": code.id}]) for _ in range(2)]
    replies: list[requests.Response] = []
    threads = [threading.Thread(target=lambda s=s: replies.append(sandbox.pay(s.url))) for s in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reply.status_code for reply in replies) == [303, 409]
    [loser] = [reply for reply in replies if reply.status_code == 409]
    assert "used up or over. Nothing was charged." in loser.text
    code = sandbox.v1.promotion_codes.retrieve(code.id, {"expand": ["promotion.coupon"]})
    assert (code.times_redeemed, code.active, code.promotion.coupon.times_redeemed) == (1, False, 1)
    assert len(sandbox.v1.charges.list().data) == 1
    with pytest.raises(stripe.InvalidRequestError):
        open_session(sandbox, discounts=[{"promotion_code": code.id}])


def test_a_price_that_was_archived_meanwhile_is_not_charged(sandbox: Running) -> None:
    price = sandbox.v1.prices.create({"currency": "usd", "unit_amount": 500, "product_data": {"name": "Report"}})
    session = open_session(sandbox, line_items=[{"price": price.id, "quantity": 1}])
    sandbox.v1.prices.update(price.id, {"active": False})
    reply = sandbox.pay(session.url)
    assert reply.status_code == 409
    assert "no longer sold" in reply.text
    assert sandbox.v1.charges.list().data == []


def test_nothing_due_asks_for_no_card(sandbox: Running) -> None:
    coupon = sandbox.v1.coupons.create({"percent_off": 100})
    session = open_session(sandbox, discounts=[{"coupon": coupon.id}])
    assert 'name="card_number"' not in requests.get(session.url, timeout=10).text
    reply = requests.post(session.url, {"email": "a@b.example"}, allow_redirects=False, timeout=10)
    assert reply.status_code == 303
    session = sandbox.v1.checkout.sessions.retrieve(session.id)
    assert (session.payment_status, session.payment_intent) == ("no_payment_required", None)
    assert session.customer.startswith("cus_")


def test_a_customer_is_made_when_asked_for(sandbox: Running) -> None:
    session = open_session(sandbox, customer_creation="always")
    sandbox.pay(session.url)
    session = sandbox.v1.checkout.sessions.retrieve(session.id, {"expand": ["customer", "payment_intent"]})
    assert session.customer.email == "robin@example.org"
    assert session.payment_intent.customer == session.customer.id


# Ending without payment


def test_a_session_expires_when_asked_and_only_once(sandbox: Running) -> None:
    v1 = sandbox.v1
    session = open_session(sandbox)
    assert v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        v1.checkout.sessions.expire(session.id)
    page = sandbox.pay(session.url)
    assert "timed out" in page.text
    assert v1.charges.list().data == []
    assert v1.events.list().data[0].type == "checkout.session.expired"
    paid = open_session(sandbox)
    sandbox.pay(paid.url)
    with pytest.raises(stripe.InvalidRequestError):
        v1.checkout.sessions.expire(paid.id)


def test_a_session_expires_by_time(tmp_path) -> None:
    now = [1_800_000_000.0]
    with running(tmp_path, clock=lambda: now[0]) as sandbox:
        session = open_session(sandbox, expires_at=int(now[0]) + 1800)
        now[0] += 1801
        assert sandbox.v1.checkout.sessions.retrieve(session.id).status == "expired"
        assert len(sandbox.v1.events.list({"type": "checkout.session.expired"}).data) == 1


# Paying later


@pytest.mark.parametrize(("outcome", "status"), [("arrives", "paid"), ("fails", "unpaid")])
def test_a_delayed_payment_is_settled_later(tmp_path, outcome: str, status: str) -> None:
    now = [1_800_000_000.0]
    with running(tmp_path, clock=lambda: now[0]) as sandbox:
        session = open_session(sandbox)
        typed = {"email": "a@b.example", "outcome": outcome}
        reply = requests.post(f"{session.url}/later", typed, allow_redirects=False, timeout=10)
        assert reply.status_code == 303
        v1 = sandbox.v1
        session = v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
        assert (session.status, session.payment_status) == ("complete", "unpaid")
        assert session.payment_intent.status == "processing"
        now[0] += 11
        assert v1.checkout.sessions.retrieve(session.id).payment_status == status
        word = "succeeded" if status == "paid" else "failed"
        newest = [event.type for event in v1.events.list().data]
        assert newest[0] == f"checkout.session.async_payment_{word}"
        assert f"charge.{word}" in newest[1:3]


def test_a_delayed_payment_waits_for_the_back_room(sandbox: Running) -> None:
    session = open_session(sandbox)
    typed = {"email": "a@b.example", "outcome": "waits"}
    requests.post(f"{session.url}/later", typed, allow_redirects=False, timeout=10)
    assert session.id in requests.get(f"{sandbox.base}/_sandbox/", timeout=10).text
    settled = sandbox.backstage(f"sessions/{session.id}/settle", {"outcome": "arrives"})
    assert settled["payment_status"] == "paid"
    again = requests.post(
        f"{sandbox.base}/_sandbox/sessions/{session.id}/settle", json={"outcome": "fails"}, timeout=10
    )
    assert again.status_code == 400


def test_the_pages_are_sound_html(sandbox: Running) -> None:
    session = open_session(sandbox, allow_promotion_codes=True)
    gone = open_session(sandbox)
    sandbox.v1.checkout.sessions.expire(gone.id)
    paid = open_session(sandbox)
    sandbox.pay(paid.url)
    wrong = sandbox.pay(session.url, card_number="1", email='"><script>')
    charge = sandbox.v1.charges.list().data[0]
    pages = [wrong.text] + [
        requests.get(f"{sandbox.base}{path}", timeout=10).text
        for path in (
            f"/c/pay/{session.id}",
            f"/c/pay/{gone.id}",
            f"/c/pay/{paid.id}",
            f"/_sandbox/receipts/{charge.id}",
            "/_sandbox/",
        )
    ]
    for page in pages:
        html5lib.HTMLParser(strict=True).parse(page)
        assert "TEST MODE" in page
        assert "<script" not in page
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))


# The guard


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "http://127.0.0.1:9"}, False),
        ({"Origin": "null"}, False),
    ],
)
def test_posts_from_other_sites_are_refused(sandbox: Running, headers: dict[str, str], passes: bool) -> None:
    session = open_session(sandbox)
    reply = requests.post(session.url, CARD, headers=headers, allow_redirects=False, timeout=10)
    assert reply.status_code == (303 if passes else 403)
    chaos = requests.post(f"{sandbox.base}/_sandbox/chaos", json={"drop": True}, headers=headers, timeout=10)
    assert chaos.status_code == (200 if passes else 403)


def test_its_own_origin_may_post(sandbox: Running) -> None:
    session = open_session(sandbox)
    reply = requests.post(session.url, CARD, headers={"Origin": sandbox.base}, allow_redirects=False, timeout=10)
    assert reply.status_code == 303


def test_a_session_nobody_made(sandbox: Running) -> None:
    assert requests.get(f"{sandbox.base}/c/pay/cs_test_none", timeout=10).status_code == 404
    assert requests.get(f"{sandbox.base}/static/sandbox.css", timeout=10).status_code == 200


def test_a_gift_each_month_says_its_rhythm(sandbox: Running) -> None:
    session = sandbox.v1.checkout.sessions.create(gift_data())
    page = requests.get(session.url, timeout=10).text
    assert "Pay €10.00 each month" in page
    assert "/later" not in page


def test_the_page_carries_the_shops_name_and_words(sandbox: Running) -> None:
    session = open_session(
        sandbox,
        branding_settings={"display_name": "Upstairs <楼上>"},
        custom_text={"submit": {"message": "Download at once."}},
        submit_type="donate",
    )
    page = requests.get(session.url, timeout=10).text
    assert "Back to Upstairs &lt;楼上&gt;" in page
    assert "Give US$400.00" in page
    assert "Download at once." in page
    for changes in (
        {"branding_settings": {"button_color": "#ff0000"}},
        {"custom_text": {"shipping_address": {"message": "x"}}},
        {"billing_address_collection": "required"},
        {"automatic_tax": {"enabled": True}},
    ):
        with pytest.raises(stripe.InvalidRequestError):
            open_session(sandbox, **changes)


def test_the_application_runs_in_process_too(tmp_path) -> None:
    app = create_sandbox(tmp_path)
    try:
        browser = Client(app)
        reply = browser.post(
            "/v1/checkout/sessions",
            data={
                "line_items[0][price_data][currency]": "usd",
                "line_items[0][price_data][unit_amount]": "500",
                "line_items[0][price_data][product_data][name]": "Report",
                "line_items[0][quantity]": "1",
                "success_url": "http://127.0.0.1:9/",
            },
            headers={"Authorization": f"Bearer {KEY}"},
        )
        assert reply.json is not None
        assert reply.json["url"].startswith("http://localhost/c/pay/cs_test_")
        paid = browser.post(reply.json["url"].removeprefix("http://localhost"), data=CARD)
        assert (paid.status_code, paid.location) == (303, "http://127.0.0.1:9/")
    finally:
        app.close()
