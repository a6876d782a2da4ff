"""Registering, letters with links, proof of an address, and a reader's own pages."""

import re

import pytest
from sqlalchemy import func

from models import Account, Donation, LetterKind, Order, Outbox, Payment, SignInLetter, begin_write, db, utcnow
from models.letter import LETTER_LIFE
from models.money import Money
from models.order import OrderStatus
from models.patronage import GRACE, DonationStatus, Frequency, is_patron
from models.payment import PaymentKind
from tests.accounts_tools import is_signed_in, letters, link, stay_in_one_window, visit
from tests.conftest import open_site
from tests.makers import NOON, PASSWORD, keep, make_account, make_offer, sign_in
from tests.sandbox_tools import gift_data

LATER = NOON.replace(year=2100)


def give(email: str, account: Account | None = None, **given) -> Donation:
    kept = {
        "frequency": Frequency.ONCE,
        "amount": Money(2500, "EUR"),
        "status": DonationStatus.PAID,
        "paid_at": NOON,
        "patron_until": LATER,
    }
    return keep(Donation(email=email, account_id=account.id if account else None, **kept | given))


def pay(gift: Donation, minor: int, stripe_id: str) -> Payment:
    kind = PaymentKind.CHARGE if minor > 0 else PaymentKind.REFUND
    return keep(
        Payment(
            kind=kind,
            stripe_id=stripe_id,
            amount=Money(minor, "EUR"),
            donation_id=gift.id,
            card="Visa ending 4242",
            moved_at=NOON,
        )
    )


def buy(email: str, account: Account | None = None) -> Order:
    pro = make_offer().edition("pro")
    return keep(
        Order(
            email=email,
            account_id=account.id if account else None,
            edition_id=pro.id,
            status=OrderStatus.PAID,
            title="China Internet Report 2026, Pro Edition",
            list_price=Money(40000, "USD"),
            saving=Money(12000, "USD"),
            total=Money(28000, "USD"),
            paid_at=NOON,
        )
    )


def register(browser, email="new@example.org", password=PASSWORD, name="Robin"):
    return browser.post("/account/register", data={"email": email, "password": password, "name": name})


def known(email="new@example.org") -> Account | None:
    db.session.rollback()
    return Account.by_email(email) or Account.newest_unproven(email)


# Registering


def test_registering_signs_in_at_once_and_the_password_works(app):
    browser = visit(app)
    assert register(browser, email=" New@Example.org").status_code == 303
    assert is_signed_in(browser)
    assert known().email_verified_at is None
    assert known().password_hash.startswith("$argon2id$")
    sign_in(visit(app), known())


def test_what_was_typed_stays_when_it_is_refused_but_the_password_never(app):
    reply = register(visit(app), email="no address", password="some other password", name="Mallory")
    assert reply.status_code == 422
    assert "Mallory" in reply.text and "some other password" not in reply.text


@pytest.mark.parametrize(
    "password",
    [
        "",
        "seven77",
        "password",
        "PASSWORD123",
        "qwertyuiop",
        "new@example.org",
        "NEW@example.org",
        "aaaaaaaaaaaa",
        "x" * 1001,
        "       1       ",
    ],
)
def test_passwords_that_anybody_would_guess_are_refused(app, password):
    reply = register(visit(app), password=password)
    assert reply.status_code == 422
    assert 'aria-invalid="true"' in reply.text and 'value="new@example.org"' in reply.text
    assert known() is None


def test_any_script_and_spaces_make_a_password(app):
    assert register(visit(app), password="我在楼上读书 quietly").status_code == 303
    sign_in(visit(app), known(), "我在楼上读书 quietly")


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@example.org", "x@example.org\r\nBcc: y@example.org"])
def test_what_is_no_address_is_refused(app, email):
    for form in ("register", "link", "forgot"):
        reply = visit(app).post(f"/account/{form}", data={"email": email, "password": PASSWORD})
        assert reply.status_code == 422, form


def test_browsers_are_told_what_to_fill_in(app):
    wanted = {
        "login": {"email": "email", "password": "current-password"},
        "register": {"email": "email", "password": "new-password", "name": "name"},
    }
    for page, fields in wanted.items():
        text = visit(app).get(f"/account/{page}").text
        for name, hint in fields.items():
            [field] = re.findall(rf'<input[^>]* name="{name}"[^>]*>', text)
            assert f'autocomplete="{hint}"' in field
        assert "onpaste" not in text


# What a stranger can learn


def test_a_wrong_password_and_an_unknown_address_read_the_same(app):
    make_account("known@example.org")
    make_account("bylink@example.org", password_hash=None)
    texts = set()
    for email in ("known@example.org", "bylink@example.org", "nobody@example.org"):
        reply = visit(app).post("/account/login", data={"email": email, "password": "not this one"})
        assert reply.status_code == 422
        texts.add(reply.text.replace(email, ""))
    assert len(texts) == 1


@pytest.mark.parametrize("form", ["link", "forgot"])
def test_asking_for_a_letter_does_not_tell_who_has_an_account(app, form):
    make_account("known@example.org")
    texts = {
        visit(app).post(f"/account/{form}", data={"email": email}).text.replace(email, "")
        for email in ("known@example.org", "nobody@example.org")
    }
    assert len(texts) == 1


def test_no_letter_to_set_a_password_goes_to_strangers(app):
    visit(app).post("/account/forgot", data={"email": "nobody@example.org"})
    assert letters(app, "nobody@example.org") == []


# Letters


def test_opening_a_link_ten_times_spends_nothing_and_signs_nobody_in(app):
    browser = visit(app)
    browser.post("/account/link", data={"email": "new@example.org"})
    path = link(app, "new@example.org", "link")
    for method in ("GET", "HEAD") * 5:
        reply = browser.open(path, method=method)
        assert reply.status_code == 200
        assert "Set-Cookie" not in reply.headers
    assert not is_signed_in(browser) and known() is None
    assert browser.post(path).status_code == 303
    assert is_signed_in(browser)
    assert browser.get(path).status_code == 410
    assert visit(app).post(path).status_code == 410, "a link works once"


def test_a_link_makes_the_account_that_was_not_there_and_goes_on(app):
    browser = visit(app)
    browser.post("/account/link", data={"email": "new@example.org", "next": "/donate"})
    reply = browser.post(link(app, "new@example.org", "link"))
    assert reply.location == "/donate"
    assert known().email_verified_at is not None
    assert known().password_hash is None


def test_a_link_leads_nowhere_else(app):
    browser = visit(app)
    browser.post("/account/link", data={"email": "new@example.org", "next": "//evil.example"})
    assert browser.post(link(app, "new@example.org", "link")).location == "/account"


@pytest.mark.parametrize(("asked_at", "kind"), [("link", LetterKind.SIGN_IN), ("forgot", LetterKind.RESET)])
def test_old_links_are_over(app, asked_at, kind):
    make_account("new@example.org")
    browser = visit(app)
    browser.post(f"/account/{asked_at}", data={"email": "new@example.org"})
    path = link(app, "new@example.org", "link" if kind is LetterKind.SIGN_IN else "reset")
    begin_write()
    for letter in db.session.scalars(db.select(SignInLetter)):
        letter.expires_at -= LETTER_LIFE[kind]
    db.session.commit()
    assert browser.get(path).status_code == 410
    assert browser.post(path, data={"password": "a new long password"}).status_code == 410
    assert not is_signed_in(browser)


def test_a_link_of_one_kind_opens_no_other_door(app):
    make_account("new@example.org")
    visit(app).post("/account/forgot", data={"email": "new@example.org"})
    token = link(app, "new@example.org", "reset").rpartition("/")[2]
    assert visit(app).post(f"/account/link/{token}").status_code == 410


def test_the_database_keeps_no_link_once_it_is_sent(app):
    visit(app).post("/account/link", data={"email": "new@example.org"})
    token = link(app, "new@example.org", "link").rpartition("/")[2]
    db.session.rollback()
    assert all(token not in str(row.details) for row in db.session.scalars(db.select(Outbox)))
    assert db.session.scalar(db.select(SignInLetter.token_hash)) not in (token, "")


def test_a_letter_says_that_the_password_was_changed(app):
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    browser.post("/account/password", data={"current": PASSWORD, "password": "a new long password"})
    assert "was changed" in letters(app, reader.email)[-1]["Subject"]


# Whose address it is


def test_a_gift_counts_for_an_account_once_its_address_is_proven(app):
    give("new@example.org")
    order = buy("new@example.org")
    browser = visit(app)
    register(browser)
    assert not is_patron(known(), utcnow())
    assert "since" not in browser.get("/account").text
    path = link(app, "new@example.org", "verify")
    for _ in range(3):
        assert browser.get(path).status_code == 200
    assert known().email_verified_at is None, "looking proves nothing"
    assert browser.post(path).status_code == 303
    assert is_patron(known(), utcnow())
    page = browser.get("/account").text
    assert "You have been a patron since" in page
    assert f"/orders/{order.public_id}" in page
    assert browser.post(path).status_code == 410


def test_who_registers_with_somebody_elses_address_gets_nothing_of_theirs(app):
    give("victim@example.org")
    mallory, victim = visit(app), visit(app)
    register(mallory, "victim@example.org")
    confirm = link(app, "victim@example.org", "verify")
    reply = victim.post(confirm)
    assert reply.status_code == 303 and "/account/login" in reply.location, "only who registered can confirm"
    assert known("victim@example.org").email_verified_at is None
    victim.post("/account/link", data={"email": "victim@example.org"})
    assert victim.post(link(app, "victim@example.org", "link")).status_code == 303
    assert "You have been a patron since" in victim.get("/account").text
    assert not is_signed_in(mallory), "a password set before the address was proven is worth nothing"
    reply = visit(app).post("/account/login", data={"email": "victim@example.org", "password": PASSWORD})
    assert reply.status_code == 422


def test_who_registered_in_this_browser_keeps_the_password_when_a_link_proves_the_address(app):
    browser = visit(app)
    register(browser)
    browser.post("/account/link", data={"email": "new@example.org"})
    browser.post(link(app, "new@example.org", "link"))
    sign_in(visit(app), known())


def test_a_letter_confirms_only_the_account_it_was_written_for(app):
    first, second = visit(app), visit(app)
    register(first, "first@example.org")
    register(second, "second@example.org")
    assert second.post(link(app, "first@example.org", "verify")).status_code == 410
    assert known("first@example.org").email_verified_at is None
    assert first.post(link(app, "first@example.org", "verify")).status_code == 303


def test_the_letter_that_confirms_can_be_sent_again(app):
    browser = visit(app)
    register(browser)
    assert "not confirmed yet" in browser.get("/account").text
    browser.post("/account/verify")
    assert len(letters(app, "new@example.org")) == 2


# A reader's own pages


def test_the_account_shows_what_was_given_and_what_comes_next(app):
    reader, browser = make_account(), visit(app)
    gift = give(
        reader.email,
        reader,
        frequency=Frequency.MONTH,
        amount=Money(1000, "EUR"),
        subscription="sub_1",
        patron_until=NOON.replace(month=12, day=27),
    )
    pay(gift, 1000, "in_1"), pay(gift, 1000, "in_2"), pay(gift, -1000, "re_1")
    sign_in(browser, reader)
    page = " ".join(re.sub("<[^>]+>", " ", browser.get("/account").text).split()).replace("\u00a0", " ")
    assert "You give €10.00 each month" in page
    assert "Next 20 Dec 2026 Visa ending 4242" in page
    assert "Given so far €10.00 in 2 payments" in page
    assert "Next payment, €10.00" in page and "We gave €10.00 back" in page
    assert "Monthly gift, November 2026 Given back −€10.00" in page


def test_a_receipt_names_the_publisher_and_is_the_givers_alone(app):
    reader, browser, other = make_account(), visit(app), visit(app)
    make_offer()
    payment = pay(give(reader.email, reader), 2500, "pi_1")
    address, number = f"/account/receipts/{payment.public_id}", payment.receipt_number
    sign_in(browser, reader)
    assert address in browser.get("/account").text
    text = browser.get(address).text
    for wanted in ("Stichting Bovenburen", "Oudegracht 999, Utrecht", "€25.00", number, reader.email, "ending 4242"):
        assert wanted in text, wanted
    assert visit(app).get(address).status_code == 303
    sign_in(other, make_account())
    assert other.get(address).status_code == 404


def test_an_account_without_a_password_can_set_one(app):
    reader, browser = make_account(password_hash=None), visit(app)
    browser.post("/account/link", data={"email": reader.email})
    browser.post(link(app, reader.email, "link"))
    assert 'name="current"' not in browser.get("/account/password").text
    assert browser.post("/account/password", data={"password": "a first long password"}).status_code == 303
    sign_in(visit(app), reader, "a first long password")


def test_a_new_password_asks_for_the_old_one(app):
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    for current in ("", "not this one"):
        reply = browser.post("/account/password", data={"current": current, "password": "a new long password"})
        assert reply.status_code == 422
    sign_in(visit(app), reader)


def test_guesses_at_the_current_password_are_counted(app):
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    data = {"current": "not this one", "password": "a new long password"}
    stay_in_one_window()
    assert [browser.post("/account/password", data=data).status_code for _ in range(11)] == [422] * 10 + [429]


def test_a_name_is_shown_as_it_was_typed_and_no_more(app):
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    assert browser.post("/account/name", data={"name": " <b>罗宾</b> "}).status_code == 303
    assert "&lt;b&gt;罗宾&lt;/b&gt;" in browser.get("/account").text
    assert "<b>罗宾</b>" not in browser.get("/account").text
    assert browser.post("/account/name", data={"name": "n" * 81}).status_code == 422
    assert browser.post("/account/name", data={"name": "a\0b"}).status_code in {400, 422}


# Stopping


def test_stopping_asks_stripe_and_keeps_what_was_paid_for(settings, sandbox):
    session = sandbox.v1.checkout.sessions.create(gift_data())
    sandbox.pay(session.url)
    subscription = sandbox.v1.checkout.sessions.retrieve(session.id).subscription
    site = open_site(settings | {"STRIPE_API_BASE": sandbox.base})
    with site.app_context():
        reader, browser = make_account(), visit(site)
        gift = give(reader.email, reader, frequency=Frequency.MONTH, subscription=subscription)
        address, until = f"/account/gifts/{gift.public_id}/stop", gift.patron_until
        sign_in(browser, reader)
        assert address in browser.get("/account").text
        assert browser.get(address).status_code == 200
        assert not sandbox.v1.subscriptions.retrieve(subscription).cancel_at_period_end, "looking stops nothing"
        assert browser.post(address).status_code == 303
        assert sandbox.v1.subscriptions.retrieve(subscription).cancel_at_period_end
        db.session.rollback()
        assert gift.stops_at == until - GRACE and gift.patron_until == until
        page = browser.get("/account").text
        assert "<dt>Ends</dt>" in page and address not in page
        assert is_patron(reader, utcnow())
        db.session.remove()
        db.engine.dispose()


def test_when_stripe_is_away_nothing_changes_and_the_page_says_so(app):
    reader, browser, other = make_account(), visit(app), visit(app)
    gift = give(reader.email, reader, frequency=Frequency.MONTH, subscription="sub_1")
    address = f"/account/gifts/{gift.public_id}/stop"
    sign_in(browser, reader)
    reply = browser.post(address)
    assert reply.status_code == 503 and "nothing was changed" in reply.text
    db.session.rollback()
    assert gift.stops_at is None
    sign_in(other, make_account())
    assert other.post(address).status_code == 404, "nobody stops somebody else's gift"


def test_one_address_is_one_account(app):
    for email in ("New@example.org", "new@EXAMPLE.org "):
        browser = visit(app)
        browser.post("/account/link", data={"email": email})
        browser.post(link(app, "new@example.org", "link"))
    assert db.session.scalar(db.select(func.count(Account.id))) == 1
