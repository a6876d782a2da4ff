"""Who may tell us of payments, and how often a thing told may count."""

import json
import threading
import time

import pytest
from sqlalchemy import func

from models import Outbox, Payment, StripeEvent, db
from models.stripe_event import EventState
from tests.conftest import browser, open_site
from tests.makers import make_offer
from tests.paying import SECRET, begin_gift, begin_order, events, letters, pay, post, sign, tell


@pytest.fixture
def settings(settings, sandbox):
    return settings | {"STRIPE_API_BASE": sandbox.base, "STRIPE_WEBHOOK_SECRETS": f"whsec_new, {SECRET}"}


def event(**changes) -> bytes:
    """An event nobody here has a use for."""
    return json.dumps(
        {
            "id": "evt_1",
            "object": "event",
            "type": "product.created",
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": {"id": "prod_1", "object": "product"}},
        }
        | changes
    ).encode()


def stored() -> int:
    return db.session.scalar(db.select(func.count()).select_from(StripeEvent))


def test_an_event_signed_with_either_secret_is_taken(client):
    for number, secret in enumerate(("whsec_new", SECRET)):
        body = event(id=f"evt_{number}")
        assert post(client, body, sign(body, secret)).status_code == 200
    assert stored() == 2


def test_a_secret_that_is_no_longer_set_is_refused(client):
    body = event()
    assert post(client, body, sign(body, "whsec_old")).status_code == 400


def test_one_changed_byte_is_refused_and_nothing_kept(client):
    body = event()
    assert post(client, body.replace(b"prod_1", b"prod_2"), sign(body)).status_code == 400
    assert stored() == 0


@pytest.mark.parametrize(
    ("age", "status"),
    [
        pytest.param(290, 200, id="within five minutes"),
        pytest.param(301, 400, id="too old"),
        pytest.param(-290, 200, id="a clock a little ahead"),
        pytest.param(-310, 400, id="too far ahead"),
        pytest.param(-86400, 400, id="a day ahead"),
    ],
)
def test_the_time_stamp_must_be_of_now_on_both_sides(client, age, status):
    body = event()
    assert post(client, body, sign(body, at=int(time.time()) - age)).status_code == status


@pytest.mark.parametrize(
    "signature", ["", "nonsense", "t=,v1=abc", "t=soon,v1=abc", "v1=abc", "t=1", "t=1,v1=é", "t=1=2,v1==", ",,,"]
)
def test_a_malformed_signature_is_refused_plainly(client, signature):
    answer = post(client, event(), signature)
    assert answer.status_code == 400
    assert answer.content_type.startswith("text/plain")


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe\x00", b"[" * 100_000, b"null", b"{}", b'"event"'],
    ids=["empty", "not UTF-8", "deeply nested", "null", "no event", "text"],
)
@pytest.mark.parametrize("signed", [True, False])
def test_bodies_that_are_no_event_are_refused(client, body, signed):
    signature = sign(body) if signed else sign(b"something else")
    assert post(client, body, signature).status_code == 400


@pytest.mark.parametrize("size", [256 * 1024 + 1, 10 * 1024 * 1024])
def test_a_huge_body_is_refused_unread(client, size):
    body = b"x" * size
    answer = post(client, body, sign(body))
    assert (answer.status_code, answer.text) == (413, "too large\n")
    fits = event(padding="x" * (256 * 1024 - 300))
    assert post(client, fits, sign(fits)).status_code == 200


def test_a_thin_event_is_refused(client):
    body = event(object="v2.core.event")
    assert post(client, body, sign(body)).status_code == 400
    assert stored() == 0


def test_an_event_of_the_live_account_is_refused_and_somebody_told_once(client):
    make_offer()  # with it the publisher's address
    body = event(livemode=True)
    for _ in range(2):
        assert post(client, body, sign(body)).status_code == 400
    assert stored() == 0
    assert [letter.recipient for letter in letters("payment-alert")] == ["desk@example.org"]


def test_what_means_nothing_to_us_is_kept_and_ignored(client, sandbox):
    sandbox.v1.products.create({"name": "Something else"})
    tell(client, *events(sandbox, "product.created"))
    assert db.session.scalars(db.select(StripeEvent)).one().state is EventState.IGNORED


def test_a_payment_that_is_not_for_us_is_kept_and_ignored(client, sandbox):
    intent = sandbox.v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "eur",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    sandbox.v1.refunds.create({"payment_intent": intent.id})
    tell(client, *events(sandbox))
    assert {row.state for row in db.session.scalars(db.select(StripeEvent))} == {EventState.IGNORED}
    assert db.session.scalars(db.select(Payment)).all() == []


def test_when_stripe_cannot_be_asked_the_event_is_to_come_again(client, sandbox):
    order, url = begin_order(make_offer())
    pay(sandbox, url)
    [completed] = events(sandbox, "checkout.session.completed")
    sandbox.backstage("faults", {"kind": "status", "status": 500, "prefix": "/v1/checkout", "remaining": 3})
    body = json.dumps(completed).encode()
    assert post(client, body, sign(body)).status_code == 503
    assert (stored(), order.is_paid) == (0, False)
    tell(client, completed)
    assert order.is_paid


def test_a_known_event_is_answered_without_asking_stripe(client, sandbox):
    _, url = begin_order(make_offer())
    pay(sandbox, url)
    told = events(sandbox, "checkout.session.completed")
    tell(client, *told)
    sandbox.backstage("faults", {"kind": "cut_before", "prefix": "/v1/", "remaining": 3})
    tell(client, *told)


def test_the_same_event_three_days_later_changes_nothing(client, sandbox):
    gift, url = begin_gift("once")
    pay(sandbox, url)
    told = events(sandbox)
    tell(client, *told)
    until = gift.patron_until
    tell(client, *told, *told[::-1])
    assert gift.patron_until == until
    assert len(letters()) == len(db.session.scalars(db.select(Payment)).all()) == 1


def test_the_webhook_sets_no_cookie_and_is_not_for_looking_at(client):
    body = event()
    answer = post(client, body, sign(body))
    assert "Set-Cookie" not in answer.headers
    assert client.get("/stripe/webhook").status_code in {404, 405}


@pytest.mark.parametrize("kinds", [["checkout.session.completed"] * 6, None], ids=["one event", "all of them"])
def test_events_at_the_same_moment_count_once(settings, sandbox, database_url, kinds):
    app = open_site(settings | {"DATABASE_URL": database_url})
    with app.app_context():
        _, url = begin_order(make_offer())
        pay(sandbox, url)
        _, url = begin_gift("month")
        pay(sandbox, url)
        told = events(sandbox, "checkout.session.completed") * 6 if kinds else events(sandbox) * 2
        db.session.remove()
    answers = []
    gate = threading.Barrier(len(told))

    def deliver(one):
        client, body = browser(app), json.dumps(one).encode()
        gate.wait(20)
        answers.append(post(client, body, sign(body)).status_code)

    senders = [threading.Thread(target=deliver, args=(one,)) for one in told]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
    with app.app_context():
        assert answers == [200] * len(told)
        assert len(db.session.scalars(db.select(Payment)).all()) == (1 if kinds else 2)
        receipts = db.session.scalars(db.select(Outbox.letter)).all()
        assert sorted(receipts) == (["receipt-order"] if kinds else ["receipt-gift", "receipt-order"])
        db.session.remove()
        db.engine.dispose()
