"""What the letters about money say: everything a receipt owes, the rhythm, and the way out."""

import pytest

from blueprints.ops.postman import compose
from blueprints.payments import gateway
from models import Publication, begin_write, db, utcnow
from tests.makers import make_account, make_code, make_offer
from tests.paying import begin_gift, begin_order, events, letters, pay, tell


@pytest.fixture
def settings(settings, sandbox):
    return settings | {"STRIPE_API_BASE": sandbox.base}


@pytest.fixture
def offer(app):
    return make_offer()


def written(name: str) -> tuple[str, str]:
    [row] = letters(name)
    letter = compose(row, utcnow())
    return letter["Subject"], letter.get_content()


def test_a_receipt_says_what_was_bought_from_whom_and_for_how_much(client, sandbox, offer):
    order, url = begin_order(offer, make_code(offer))
    pay(sandbox, url)
    tell(client, *events(sandbox))
    subject, text = written("receipt-order")
    assert subject == "Your receipt: China Internet Report 2026, Pro Edition"
    for said in (
        f"http://127.0.0.1:5000/orders/{order.public_id}",
        "Stichting Bovenburen",
        "Oudegracht 999, Utrecht",
        "List price: US$400.00",
        "Code WHATSONWEIBO30: −US$120.00",
        "Total paid: US$280.00 (Visa ending 4242)",
        "Prices include VAT where it is due.",
        "your right to withdraw",
    ):
        assert said in text
    assert "RECEIPT 20" in text


def test_a_receipt_without_a_code_says_nothing_of_one(client, sandbox, offer):
    _, url = begin_order(offer, consent_at=None)
    pay(sandbox, url)
    tell(client, *events(sandbox))
    _, text = written("receipt-order")
    assert "Code" not in text
    assert "withdraw" not in text
    assert "Total paid: US$400.00" in text


@pytest.mark.parametrize("frequency", ["once", "month", "year"])
@pytest.mark.parametrize("known", [True, False])
def test_a_gifts_receipt_says_the_rhythm_what_it_grants_and_the_way_out(client, sandbox, offer, frequency, known):
    if known:
        make_account("robin@example.org")
    _, url = begin_gift(frequency)
    pay(sandbox, url)
    tell(client, *events(sandbox))
    subject, text = written("receipt-gift")
    assert "€10" in subject
    assert "You are a patron until" in text
    assert "Stichting Bovenburen" in text
    assert ("/account/link" in text) is not known
    if frequency == "once":
        assert "Nothing more will be taken." in text
    else:
        assert f"every {frequency}" in subject
        assert "We take €10.00 again on" in text
        assert "You can stop it at any time" in text


def test_the_letter_at_the_end_says_until_when_it_grants(client, sandbox, offer):
    gift, url = begin_gift()
    pay(sandbox, url)
    tell(client, *events(sandbox))
    sandbox.v1.subscriptions.cancel(gift.subscription)
    tell(client, *events(sandbox, "customer.subscription.deleted"))
    subject, text = written("gift-ended")
    assert subject == "Your gift to Upstairs has ended"
    assert "you are a patron until" in text
    assert "could not be taken" not in text


@pytest.mark.parametrize("row", ["gift-failed", "gift-ended", "payment-alert", "receipt-order", "receipt-gift"])
def test_every_letter_holds_with_as_little_as_there_can_be(app, row):
    from models import Outbox

    bare = {
        "gift-failed": {"amount": "€10.00", "rhythm": "every month", "until": "", "next_attempt": "", "page": ""},
        "gift-ended": {"amount": "€10.00", "rhythm": "every month", "until": "", "ended": "", "unpaid": True},
        "payment-alert": {"what": "something", "text": "Look."},
        "receipt-order": dict.fromkeys(
            ("number", "date", "list_price", "code", "saving", "total", "card", "consent", "order"), ""
        )
        | {"title": "A report"},
        "receipt-gift": dict.fromkeys(
            ("number", "date", "amount", "rhythm", "repeats", "next_payment", "until", "card", "has_account"), ""
        ),
    }
    begin_write()
    Outbox.post(row, "robin@example.org", **bare[row])
    db.session.commit()
    subject, text = written(row)
    assert subject
    assert "\n\n\n" not in text
    assert "None" not in text


def test_an_alert_without_anybody_to_tell_is_logged(app, client, sandbox, caplog):
    from blueprints.payments import letters as writing

    assert Publication.get().email == ""
    db.session.commit()
    begin_write()
    writing.alert("something is odd", "odd:1", "Look at it.")
    db.session.commit()
    assert letters() == []
    assert "something is odd" in caplog.text
    assert gateway.current() is app.extensions["gateway"]
