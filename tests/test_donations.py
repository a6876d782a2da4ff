"""Giving: what may be given, what a form creates, what the thanks say, what the patrons' page counts."""

from datetime import timedelta

import pytest
from sqlalchemy import func

from models import Donation, Payment, db, utcnow
from models.money import Money
from models.patronage import DonationStatus, Frequency, is_patron
from models.payment import PaymentKind
from tests.makers import keep, make_account, make_offer, make_patron, sign_in
from tests.paying import SECRET, events, letters, pay, tell


@pytest.fixture
def settings(settings, sandbox):
    return settings | {"STRIPE_API_BASE": sandbox.base, "STRIPE_WEBHOOK_SECRETS": SECRET}


def give(client, **changes):
    form = {"frequency": "month", "suggested": "10", "amount": "", "currency": "EUR", "email": "robin@example.org"}
    return client.post("/donate", data=form | changes)


def count() -> int:
    return db.session.scalar(db.select(func.count()).select_from(Donation))


def the_gift() -> Donation:
    db.session.expire_all()
    return db.session.scalars(db.select(Donation)).one()


def thanks(client):
    return client.get(f"/donate/thanks?session_id={the_gift().checkout_session}")


def test_the_form_says_the_sum_and_the_rhythm(client):
    reply = client.get("/donate")
    assert "Give €10 each month" in reply.text
    assert "Set-Cookie" not in reply.headers
    assert "Give €100 each year" in client.get("/donate?frequency=year").text
    assert "Give €7.50" in client.get("/donate?frequency=once&amount=7.50").text
    assert "Give €10 each month" in client.get("/donate?frequency=never&suggested=999").text


@pytest.mark.parametrize(
    ("frequency", "mode"), [("once", "payment"), ("month", "subscription"), ("year", "subscription")]
)
def test_each_rhythm_goes_to_its_checkout(client, sandbox, frequency, mode):
    assert give(client, frequency=frequency, amount="25").location.startswith(sandbox.base)
    gift = the_gift()
    assert (gift.frequency.value, gift.amount, gift.status) == (frequency, Money(2500, "EUR"), DonationStatus.PENDING)
    session = sandbox.v1.checkout.sessions.retrieve(gift.checkout_session)
    assert (session.mode, session.amount_total, session.currency) == (mode, 2500, "eur")
    assert session.expires_at == int(gift.checkout_expires_at.timestamp())


@pytest.mark.parametrize(("typed", "minor"), [("12.50", 1250), ("12,50", 1250), (" € 40 ", 4000), ("19.99", 1999)])
def test_what_is_written_wins_over_what_is_chosen(client, typed, minor):
    give(client, amount=typed)
    assert the_gift().amount.minor == minor


@pytest.mark.parametrize(
    "typed", ["nan", "inf", "1e309", "-5", "０５", "9" * 18, "0.004", "９", "0", "1.99", "500.01", "ten"]
)
def test_what_cannot_be_given_is_said_beside_the_field(client, typed):
    reply = give(client, amount=typed)
    assert reply.status_code == 200
    assert 'id="amount-error"' in reply.text
    assert count() == 0


def test_the_bounds_are_of_the_rhythm(client):
    assert "A yearly gift can be from €20.00 to €5,000.00." in give(client, frequency="year").text
    assert give(client, frequency="once", amount="5000").status_code == 303
    assert "A monthly gift can be from" in give(client, amount="5000").text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"frequency": "hour"}, "Choose how often."),
        ({"suggested": ""}, "Choose an amount"),
        ({"suggested": "999"}, "Choose an amount"),
        ({"currency": "USD"}, "in EUR only"),
        ({"email": ""}, "Write your e-mail address."),
        ({"email": "robin"}, "This is not a whole e-mail address."),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_created(client, changes, sentence):
    reply = give(client, **changes)
    assert reply.status_code == 200
    assert sentence in reply.text
    assert count() == 0


def test_a_double_click_is_one_gift(client, sandbox):
    assert give(client, attempt="one page").location == give(client, attempt="one page").location
    assert count() == len(sandbox.v1.checkout.sessions.list().data) == 1
    give(client, attempt="another page")
    assert count() == 2


def test_a_signed_in_giver_needs_no_address(client):
    account = make_account("reader@example.org")
    account_id = account.id
    sign_in(client, account)
    assert 'value="reader@example.org"' in client.get("/donate").text
    give(client, email="")
    assert (the_gift().account_id, the_gift().email) == (account_id, "reader@example.org")


def test_stripe_is_away_then_back(app, client, sandbox):
    app.extensions["gateway"].api_base = "http://127.0.0.1:1"
    reply = give(client, attempt="one page")
    assert reply.status_code == 503
    assert "Nothing was taken" in reply.text
    del app.extensions["gateway"].__dict__["_v1"]
    app.extensions["gateway"].api_base = sandbox.base
    assert give(client, attempt="one page").status_code == 303
    assert count() == 1


def test_the_thanks_wait_and_grant_nothing(client, sandbox):
    account = make_account("robin@example.org")
    pay(sandbox, give(client).location)
    page = thanks(client)
    assert '<meta http-equiv="refresh" content="3">' in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert the_gift().status is DonationStatus.PENDING
    assert not is_patron(account, utcnow())


def test_after_the_webhook_the_thanks_say_what_it_grants(client, sandbox):
    account = make_account("robin@example.org")
    pay(sandbox, give(client).location)
    tell(client, *events(sandbox, "checkout.session.completed", "invoice.paid"))
    text = thanks(client).text
    assert "Thank you." in text
    assert "€10.00 each month has arrived, and you are a patron until" in text
    assert "We sent a letter to r…@example.org" in text
    assert "robin@example.org" not in text
    assert "/account/link" in text
    assert is_patron(account, utcnow())
    assert [letter.recipient for letter in letters("receipt-gift")] == ["robin@example.org"]


@pytest.mark.parametrize("session_id", ["", "cs_test_of_somebody"])
def test_the_thanks_of_nobody(client, session_id):
    assert client.get(f"/donate/thanks?session_id={session_id}").status_code == 404
    assert client.get("/donate/thanks").status_code == 404


def test_the_patrons_page_counts_from_the_books(client):
    make_offer()  # for the publisher's name
    make_patron("one@example.org")
    make_patron("two@example.org")
    keep(
        Donation(
            email="one@example.org",
            frequency=Frequency.ONCE,
            amount=Money(500, "EUR"),
            status=DonationStatus.PAID,
            patron_until=utcnow() + timedelta(days=9),
        )
    )
    keep(
        Donation(
            email="past@example.org",
            frequency=Frequency.ONCE,
            amount=Money(500, "EUR"),
            status=DonationStatus.PAID,
            patron_until=utcnow() - timedelta(days=1),
        )
    )
    gift = db.session.scalars(db.select(Donation)).first()

    def moved(number, minor, currency="EUR", kind=PaymentKind.CHARGE):
        keep(
            Payment(
                kind=kind,
                stripe_id=f"pi_{number}",
                amount=Money(minor, currency),
                donation_id=gift.id,
                moved_at=utcnow() - timedelta(seconds=5),
            )
        )

    moved(1, 10000)
    moved(2, 2550)
    moved(3, -2000, kind=PaymentKind.REFUND)
    moved(4, 700, "USD")
    reply = client.get("/patrons")
    assert "<dt>Patrons today</dt><dd>2</dd>" in reply.text
    assert "€105.50 + US$7.00" in reply.text
    assert "example.org" not in reply.text
    assert "Set-Cookie" not in reply.headers
