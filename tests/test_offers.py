"""The shop: what a page shows, what a form creates, what an order's page tells, who gets the file."""

import re
from datetime import timedelta

import pytest
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func

from models import Account, Attempts, Code, Order, Redemption, begin_write, db, utcnow
from models.code import RedemptionState
from models.order import OrderStatus
from tests.conftest import browser
from tests.makers import make_account, make_code, make_offer, sign_in
from tests.paying import SECRET, events, letters, pay, tell

PAGE = "/offers/china-internet-report"
CODE = "WHATSONWEIBO30"


@pytest.fixture
def settings(settings, sandbox):
    return settings | {"STRIPE_API_BASE": sandbox.base, "STRIPE_WEBHOOK_SECRETS": SECRET}


@pytest.fixture
def offer(app):
    files = app.config["DATA"] / "files"
    files.mkdir(parents=True)
    (files / "free.pdf").write_bytes(b"%PDF-1.4 free edition")
    (files / "pro.pdf").write_bytes(b"%PDF-1.4 " + bytes(range(256)) * 4)
    return make_offer()


@pytest.fixture
def code(offer):
    return make_code(offer)


def form(**changes):
    return {"edition": "pro", "code": CODE, "email": "robin@example.org", "consent": "y"} | changes


def buy(client, **changes):
    return client.post(f"{PAGE}/checkout", data=form(**changes))


def count(table) -> int:
    return db.session.scalar(db.select(func.count()).select_from(table))


def the_order() -> Order:
    db.session.expire_all()
    return db.session.scalars(db.select(Order)).one()


def paid_order(client, sandbox) -> Order:
    """An order that was paid, and the webhook has told us."""
    pay(sandbox, buy(client).location)
    tell(client, *events(sandbox, "checkout.session.completed"))
    return the_order()


def link_in(page: str) -> str:
    """Where the order's page says the file is."""
    return re.search(r'href="(/downloads/[^"]+)"', page)[1]


# The page


def test_the_page_shows_list_price_saving_and_total(client, code):
    text = client.get(f"{PAGE}?code=whatsonweibo30").text
    assert "<del>US$400.00</del>" in text
    assert "−120.00" in text
    assert "Pay US$280.00" in text
    assert "Applied by the link you followed." in text
    assert 'value="whatsonweibo30"' in text


def test_without_a_code_the_list_price_stands(client, offer):
    text = client.get(PAGE).text
    assert "Pay US$400.00" in text
    assert "<del>" not in text


def test_the_consent_is_never_ticked_by_us(client, code):
    box = re.search(r'<input[^>]*name="consent"[^>]*>', client.get(f"{PAGE}?code={CODE}").text)[0]
    assert "checked" not in box


@pytest.mark.parametrize("typed", [" whatsonweibo30 ", "ＷＨＡＴＳＯＮＷＥＩＢＯ３０", "WhatsOnWeibo\u200b30"])
def test_a_code_works_however_it_is_typed(client, code, typed):
    reply = buy(client, code=typed, action="quote")
    assert "−120.00" in reply.text
    assert "Applied." in reply.text
    assert count(Order) == 0


def test_use_code_keeps_what_was_typed(client, code):
    text = buy(client, action="quote", email="half@", consent="y", attempt="abc").text
    assert 'value="half@"' in text
    assert "whole e-mail address" not in text
    assert 'value="abc"' in text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"text": "OTHER"}, "We do not know this code"),
        ({"is_active": False}, "We do not know this code"),
        ({"ends_at": utcnow() - timedelta(days=1)}, "This code ended on"),
        ({"starts_at": utcnow() + timedelta(days=1)}, "This code starts on"),
        ({"max_redemptions": 0}, "has been used up"),
        ({"editions": []}, "is for something else"),
    ],
    ids=["unknown", "switched off", "ended", "not started", "used up", "other product"],
)
def test_each_refusal_has_its_sentence_and_creates_nothing(client, offer, changes, sentence):
    make_code(offer, **({"text": CODE} | changes))
    for reply in (buy(client), client.get(f"{PAGE}?code={CODE}")):
        assert reply.status_code == 200
        assert sentence in reply.text
        assert 'id="code-error"' in reply.text
        assert f'value="{CODE}"' in reply.text
        assert "Pay US$400.00" in reply.text
    assert count(Order) == count(Redemption) == 0


@pytest.mark.parametrize("typed", ["WНATSONWEIBO30", "X" * 5000, "\x07", "'; --", "<script>"])
def test_odd_codes_are_plainly_unknown(client, code, typed):
    reply = buy(client, code=typed)
    assert reply.status_code == 200
    assert 'id="code-error"' in reply.text
    assert "<script>" not in reply.text.partition("</head>")[2]


def test_looking_uses_nothing_up(client, offer):
    make_code(offer, max_redemptions=1)
    for _ in range(3):
        client.get(f"{PAGE}?code={CODE}")
        client.head(f"{PAGE}?code={CODE}")
    assert count(Redemption) == count(Order) == 0
    assert buy(client).status_code == 303


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"edition": "gold"}, "Choose an edition."),
        ({"edition": ""}, "Choose an edition."),
        ({"email": ""}, "Write your e-mail address."),
        ({"email": "robin@example"}, "This is not a whole e-mail address."),
        ({"email": "ro\x07bin@example.org"}, "This is not a whole e-mail address."),
        ({"consent": ""}, "Tick the box"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(client, code, changes, sentence):
    reply = buy(client, **changes)
    assert reply.status_code == 200
    assert sentence in reply.text
    assert count(Order) == 0


def test_the_client_does_not_set_prices(client, code):
    assert buy(client, price="1", percent="99", total="100", list_minor="1").status_code == 303
    assert the_order().total.minor == 28000


def test_nobody_pays_more_than_the_page_showed(client, code):
    reply = buy(client, **{"shown-pro": "27999"})
    assert "The sum has changed" in reply.text
    assert count(Order) == 0
    assert buy(client, **{"shown-pro": "40000"}).status_code == 303


def test_an_offer_that_is_not_there(client, offer):
    assert client.get("/offers/nothing").status_code == 404
    assert client.post("/offers/nothing/checkout", data=form()).status_code == 404
    assert client.get(f"{PAGE}/checkout").location == PAGE


def test_the_short_address_carries_the_readers_code(client, code):
    assert client.get("/go/china-internet-report").location == f"{PAGE}?code={CODE}"


def test_the_list_of_offers_is_the_same_for_every_visitor(client, offer):
    reply = client.get("/offers")
    assert PAGE in reply.text
    assert "Set-Cookie" not in reply.headers
    assert "Cookie" not in reply.headers.get("Vary", "")


# The order


def test_the_order_is_kept_before_stripe_is_asked_and_frozen(client, sandbox, code):
    reply = buy(client)
    order = the_order()
    assert reply.location.startswith(sandbox.base)
    assert (order.list_price.minor, order.saving.minor, order.total.minor) == (40000, 12000, 28000)
    assert (order.code_text, order.basis_points, order.status) == (CODE, 3000, OrderStatus.PENDING)
    assert order.consent_at
    session = sandbox.v1.checkout.sessions.retrieve(order.checkout_session)
    assert (session.amount_total, session.client_reference_id) == (28000, order.public_id)
    assert session.total_details.amount_discount == 12000
    assert session.expires_at == int(order.checkout_expires_at.timestamp())


def test_a_double_click_is_one_order(client, sandbox, code):
    first, second = buy(client, attempt="one page"), buy(client, attempt="one page")
    assert first.location == second.location
    assert count(Order) == count(Redemption) == 1
    assert len(sandbox.v1.checkout.sessions.list().data) == 1
    assert buy(client, attempt="another page").location != first.location
    assert buy(client).status_code == buy(client).status_code == 303  # without an attempt, each post is an order
    assert count(Order) == 4


def test_the_same_page_sent_after_the_checkout_ended_is_a_new_order(client, code):
    first = buy(client, attempt="one page").location
    begin_write()
    the_order().mark_expired()
    db.session.commit()
    assert buy(client, attempt="one page").location != first
    assert count(Order) == 2


def test_the_free_edition_asks_for_nothing(client, offer):
    reply = buy(client, edition="free", email="", consent="", code="")
    order = the_order()
    assert reply.location == f"/orders/{order.public_id}"
    assert order.status is OrderStatus.PAID
    assert letters() == []
    page = client.get(reply.location)
    assert "Your copy is ready." in page.text
    file = client.get(link_in(page.text), buffered=True)
    assert file.data == b"%PDF-1.4 free edition"


def test_the_free_edition_writes_to_who_leaves_an_address(client, code):
    buy(client, edition="free", consent="")
    assert [letter.recipient for letter in letters("receipt-order")] == ["robin@example.org"]
    assert count(Redemption) == 0  # a code in the field is not used up by it


def test_a_code_for_everything_skips_stripe_and_is_used_once(client, sandbox, offer):
    make_code(offer, basis_points=10_000, max_redemptions=1)
    reply = buy(client, attempt="one page")
    assert reply.location == buy(client, attempt="one page").location == f"/orders/{the_order().public_id}"
    assert the_order().is_paid
    assert db.session.scalars(db.select(Redemption)).one().state is RedemptionState.USED
    assert sandbox.v1.checkout.sessions.list().data == []
    assert "has been used up" in buy(client, attempt="another").text


def test_a_signed_in_buyer_finds_the_order_in_the_account(client, code):
    account = make_account("reader@example.org")
    sign_in(client, account)
    assert 'value="reader@example.org"' in client.get(PAGE).text
    buy(client, email="elsewhere@example.org")
    assert the_order().account_id == db.session.scalars(db.select(Account.id)).one()


def test_the_last_use_goes_to_one(client, offer):
    make_code(offer, max_redemptions=1)
    assert buy(client, email="first@example.org").status_code == 303
    assert "has been used up" in buy(client, email="second@example.org").text
    assert count(Order) == 1


# Stripe does not answer, or says something else


def test_stripe_is_away_then_back(app, client, sandbox, code):
    app.extensions["gateway"].__dict__["_v1"] = None
    del app.extensions["gateway"].__dict__["_v1"]
    app.extensions["gateway"].api_base = "http://127.0.0.1:1"
    reply = buy(client, attempt="one page")
    assert reply.status_code == 503
    assert "Nothing was taken" in reply.text
    assert the_order().status is OrderStatus.PENDING
    assert db.session.scalars(db.select(Redemption)).one().state is RedemptionState.HELD
    del app.extensions["gateway"].__dict__["_v1"]
    app.extensions["gateway"].api_base = sandbox.base
    assert buy(client, attempt="one page").status_code == 303
    assert count(Order) == 1


def test_a_call_that_never_came_back_is_begun_anew_later(client, sandbox, offer):
    make_code(offer, max_redemptions=1)
    buy(client, attempt="one page")
    begin_write()
    old = the_order()
    old.created_at, old.checkout_session = utcnow() - timedelta(minutes=2), None
    db.session.commit()
    assert buy(client, attempt="one page").status_code == 303
    states = dict(db.session.execute(db.select(Order.status, Order.attempt_key.is_not(None))).all())
    assert states == {OrderStatus.EXPIRED: False, OrderStatus.PENDING: True}


def test_another_sum_at_stripe_closes_the_order_and_tells_us(client, sandbox, code):
    sandbox.v1.coupons.create({"id": f"{code.public_id}-3000", "percent_off": 50, "duration": "once"})
    reply = buy(client, attempt="one page")
    assert reply.status_code == 503
    assert "Nothing was taken" in reply.text
    assert the_order().status is OrderStatus.EXPIRED
    assert db.session.scalars(db.select(Redemption)).one().state is RedemptionState.RELEASED
    assert [letter.recipient for letter in letters("payment-alert")] == ["desk@example.org"]
    assert [session.status for session in sandbox.v1.checkout.sessions.list().data] == ["expired"]


# Guessing


def test_after_ten_unknown_codes_no_refusal_says_why(app, client, offer):
    make_code(offer)
    make_code(offer, "LASTYEAR", ends_at=utcnow() - timedelta(days=1))
    make_code(offer, "FULL", max_redemptions=0)
    for number in range(10):
        assert "We do not know this code" in buy(client, code=f"GUESS{number}", action="quote").text
    for typed in ("GUESS", "LASTYEAR", "FULL"):
        assert "Too many codes were tried from here" in buy(client, code=typed, action="quote").text
    assert "−120.00" in buy(client, action="quote").text  # somebody else behind the same address
    kept = db.session.scalars(db.select(Attempts.bucket)).all()
    assert not [bucket for bucket in kept if "127.0.0.1" in bucket]


def test_after_a_hundred_unknown_codes_none_is_looked_up(app, client, offer):
    make_code(offer)
    for number in range(100):
        client.get(f"{PAGE}?code=GUESS{number}")
    assert "Too many codes" in buy(client, code=CODE, action="quote").text
    assert "Too many codes" in client.get(f"{PAGE}?code={CODE}").text
    assert buy(client, code="").status_code == 303  # going on without a code stays possible
    elsewhere = browser(app)
    elsewhere.environ_base["REMOTE_ADDR"] = "10.1.1.1"
    assert "−120.00" in buy(elsewhere, action="quote").text


def test_a_rush_for_a_known_code_is_no_guessing(client, offer):
    make_code(offer, "FULL", max_redemptions=0)
    for _ in range(15):
        assert "used up" in buy(client, code="FULL", action="quote").text


def test_good_codes_are_not_counted(client, code):
    for _ in range(12):
        assert "−120.00" in buy(client, action="quote").text


# The order's page and the file


def test_before_the_webhook_the_page_waits_and_grants_nothing(client, sandbox, code):
    pay(sandbox, buy(client).location)
    page = client.get(f"/orders/{the_order().public_id}")
    assert '<meta http-equiv="refresh" content="3">' in page.text
    assert "Processing." in page.text
    assert "failed" not in page.text
    assert "/downloads/" not in page.text
    assert the_order().status is OrderStatus.PENDING
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"


def test_after_the_webhook_download_and_receipt(client, sandbox, code):
    order = paid_order(client, sandbox)
    text = client.get(f"/orders/{order.public_id}").text
    assert "http-equiv" not in text
    main = text.partition("<main")[2]
    assert main.index("/downloads/") < main.index("What happened") < main.index("Receipt")
    for fact in (
        "US$400.00",
        "−120.00",
        "US$280.00",
        "Stichting Bovenburen",
        "Oudegracht 999, Utrecht",
        "Visa ending",
        "We showed US$280.00 and Stripe charged US$280.00",
        "no longer withdraw",
        "2026-000001",
    ):
        assert fact in main, fact


def test_the_file_comes_whole_or_in_parts_and_is_counted(client, sandbox, code):
    order = paid_order(client, sandbox)
    link = link_in(client.get(f"/orders/{order.public_id}").text)
    whole = client.get(link, buffered=True)
    assert whole.data.startswith(b"%PDF")
    assert "china-internet-report-2026-pro-edition.pdf" in whole.headers["Content-Disposition"]
    assert whole.headers["Cache-Control"] == "private, no-store"
    part = client.get(link, headers={"Range": "bytes=5-8"}, buffered=True)
    assert (part.status_code, part.data) == (206, whole.data[5:9])
    client.head(link, buffered=True)
    assert the_order().downloads == 1


def test_an_old_link_says_how_to_get_a_new_one(app, client, sandbox, code, monkeypatch):
    order = paid_order(client, sandbox)
    monkeypatch.setattr("itsdangerous.TimestampSigner.get_timestamp", lambda self: 1_700_000_000)
    token = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="download").dumps(order.public_id)
    monkeypatch.undo()
    reply = client.get(f"/downloads/{token}")
    assert reply.status_code == 410
    assert f"/orders/{order.public_id}" in reply.text


@pytest.mark.parametrize("token", ["nothing", "a.b.c", "../../etc/passwd"])
def test_a_made_up_link_opens_nothing(client, offer, token):
    assert client.get(f"/downloads/{token}").status_code == 404


def test_only_what_is_paid_is_given(app, client, code):
    buy(client)
    order = the_order()
    token = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="download").dumps(order.public_id)
    assert client.get(f"/downloads/{token}").location == f"/orders/{order.public_id}"


def test_a_refunded_order_has_no_file(client, sandbox, code):
    order = paid_order(client, sandbox)
    link = link_in(client.get(f"/orders/{order.public_id}").text)
    begin_write()
    the_order().mark_refunded()
    db.session.commit()
    page = client.get(f"/orders/{order.public_id}").text
    assert "We have given it back." in page
    assert "/downloads/" not in page
    assert client.get(link).status_code == 303


def test_an_order_nobody_made(client, offer):
    assert client.get("/orders/abc").status_code == 404
    assert client.post("/orders/abc/cancel").status_code == 404
    assert client.post("/orders/abc/resume").status_code == 404


# Coming back without having paid


def test_the_way_back_changes_nothing_and_offers_both_ways_on(client, sandbox, code):
    checkout = buy(client).location
    order = the_order()
    page = client.get(f"/orders/{order.public_id}?back=1").text
    assert "Your checkout is still open." in page
    assert "http-equiv" not in page
    assert the_order().status is OrderStatus.PENDING
    assert client.post(f"/orders/{order.public_id}/resume").location == checkout


def test_letting_go_frees_the_use_once_stripe_has_said_so(client, sandbox, offer):
    make_code(offer, max_redemptions=1)
    buy(client)
    order = the_order()
    assert client.post(f"/orders/{order.public_id}/cancel").status_code == 303
    assert the_order().status is OrderStatus.EXPIRED
    assert sandbox.v1.checkout.sessions.retrieve(order.checkout_session).status == "expired"
    assert "This checkout has ended." in client.get(f"/orders/{order.public_id}").text
    assert client.post(f"/orders/{order.public_id}/resume").location == f"/orders/{order.public_id}"
    assert buy(client).status_code == 303


def test_letting_go_of_what_was_just_paid_keeps_the_payment(client, sandbox, code):
    pay(sandbox, buy(client).location)
    order = the_order()
    client.post(f"/orders/{order.public_id}/cancel")
    assert the_order().is_paid
    assert db.session.scalars(db.select(Redemption)).one().state is RedemptionState.USED


def test_while_stripe_is_away_nothing_is_let_go(app, client, sandbox, code):
    buy(client)
    del app.extensions["gateway"].__dict__["_v1"]
    app.extensions["gateway"].api_base = "http://127.0.0.1:1"
    assert client.post(f"/orders/{the_order().public_id}/cancel").status_code == 503
    assert the_order().status is OrderStatus.PENDING
    assert db.session.scalars(db.select(Redemption)).one().state is RedemptionState.HELD


# The rules may change while a buyer is at the checkout


def test_a_code_that_ends_meanwhile_is_honoured(client, sandbox, code):
    checkout = buy(client).location
    begin_write()
    held = db.session.scalars(db.select(Code)).one()
    held.ends_at, held.is_active = utcnow() - timedelta(seconds=1), False
    db.session.commit()
    pay(sandbox, checkout)
    tell(client, *events(sandbox, "checkout.session.completed"))
    assert the_order().is_paid
    assert the_order().total.minor == 28000


def test_a_price_that_rises_meanwhile_is_for_new_buyers(client, sandbox, offer):
    checkout = buy(client, code="").location
    begin_write()
    edition = offer.edition("pro")
    edition.price = type(edition.price)(50000, "USD")
    db.session.commit()
    pay(sandbox, checkout)
    tell(client, *events(sandbox, "checkout.session.completed"))
    assert the_order().is_paid
    assert the_order().total.minor == 40000
    assert "Pay US$500.00" in client.get(PAGE).text
