"""Deleting an account: nothing of its person is left in any table, the books stay whole, and others lose nothing."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import JSON, LargeBinary

from blueprints import metering
from blueprints.payments import gateway
from models import (
    Account,
    Comment,
    Contribution,
    Correction,
    Donation,
    GiftLink,
    GiftOpening,
    Order,
    Outbox,
    Payment,
    ReadStory,
    Role,
    SavedStory,
    StripeEvent,
    begin_write,
    db,
    utcnow,
)
from models.base import UtcDateTime
from models.comment import CommentState
from models.letter import LetterKind, SignInLetter
from models.money import Money
from models.outbox import MOST_ATTEMPTS
from models.patronage import DonationStatus, Frequency
from models.stripe_event import EventState
from tests.accounts_tools import is_signed_in, letters, link, stay_in_one_window, visit
from tests.makers import NOON, PASSWORD, keep, make_account, make_article, make_institution, sign_in
from tests.paying import begin_gift, events, tell
from tests.paying import pay as pay_at
from tests.test_accounts import buy, give, pay

EMAIL, NAME = "robin.aldermeer@example.org", "Robin Aldermeer"
NEVER_A_PERSONS = {"code_text", "payment_intent", "note"}
FOUND_BY_HAND = {"donation", "order", "payment", "comment", "contribution", "correction", "outbox", "sign_in_letter"}
FOUND_BY_HAND |= {"stripe_event", "read_story", "saved_story", "account", "gift_link"}


@pytest.fixture
def robin(app: Flask) -> Account:
    """Somebody who left a trace in every table that can hold one, in every column of text that can."""
    who, story = make_account(EMAIL, name=NAME), make_article()
    pay(give(EMAIL, who, customer="cus_1", subscription="sub_1", status=DonationStatus.ENDED), 2500, "pi_gift")
    keep(
        Payment(kind="charge", stripe_id="pi_order", amount=Money(28000, "USD"), order_id=buy(EMAIL).id, moved_at=NOON)
    )
    begin_write()
    for table in (SavedStory, ReadStory):
        table.keep(who.id, story.id, NOON)
    metering.ledger().claim(metering.key_of(who), "month:2026-11", NOON, story.id, 3, NOON, is_known=False)
    begin_write()
    SignInLetter.issue(LetterKind.RESET, EMAIL, utcnow())
    Outbox.post("contribution", "desk@example.org", reply_to=[NAME, EMAIL], body="A tip")
    Outbox.post("reply-held", "desk@example.org", name=NAME.upper(), words="Words")
    Outbox.post("sign-in", EMAIL, link="http://127.0.0.1:5000/account/link/secret", lasts="15 minutes")
    db.session.commit()
    reply = Comment(
        article_id=story.id, name=NAME, email=EMAIL, account_id=who.id, url=f"https://{EMAIL}", by_author=True
    )
    reply.write("My words")
    keep(reply, Comment(article_id=story.id, name=NAME, email=EMAIL.title(), source="Imported", body_html="<p>I</p>"))
    keep(Contribution(name=NAME, email=EMAIL, subject="A tip", body="Look there"))
    keep(Correction(article_id=story.id, name=NAME, email=EMAIL, body="A slip"))
    link = keep(GiftLink(token_hash="a hash", article_id=story.id, giver_id=who.id, is_named=True, expires_at=NOON))
    keep(GiftOpening(reader=metering.key_of(who), gift_id=link.id, at=NOON))
    details = {"customer_details": {"email": EMAIL, "name": NAME}, "amount": 2500}
    keep(
        StripeEvent(
            id="evt_1",
            type="checkout.session.completed",
            created=NOON,
            state=EventState.DONE,
            payload={"id": "evt_1", "data": {"object": details}},
        )
    )
    fill_every_text(who)
    fill_tables_unknown_here(who, story.id)
    return who


def fill_every_text(who: Account) -> None:
    """Put the name into each column of text that is still empty in a row of theirs: it may be a new one."""
    for table in (Donation, Order, Payment, Comment, Contribution, Correction, Outbox):
        for row in db.session.scalars(db.select(table)).all():
            begin_write()
            for column in table.__table__.columns:
                plain = column.type.python_type is str and not column.foreign_keys and not column.unique
                if (
                    plain
                    and column.name not in {"code_text", "payment_intent", "note"}
                    and not getattr(row, column.key, 1)
                ):
                    setattr(row, column.key, NAME)
            db.session.commit()


def fill_tables_unknown_here(who: Account, story_id: int) -> None:
    """A row of theirs in every other table that hangs on an account, with their name in each text."""
    of = {"account": who.id, "article": story_id, "institution": make_institution().id}
    for table in db.metadata.sorted_tables:
        targets = {column.name: key.column.table.name for column in table.columns for key in column.foreign_keys}
        if table.name in FOUND_BY_HAND or "account" not in targets.values():
            continue
        row = {name: of.get(target) for name, target in targets.items()}
        for column in table.columns:
            if column.name not in row and not (column.primary_key and column.type.python_type is int):
                row[column.name] = filling(column)
        begin_write()
        db.session.execute(table.insert().values(row))
        db.session.commit()


def filling(column: Any) -> Any:
    if column.name == "sealed":
        return None  # their second factor is off: else they would be asked for a code
    if isinstance(column.type, JSON):
        return {"name": NAME, "email": EMAIL}
    if isinstance(column.type, LargeBinary):
        return EMAIL.encode()
    if hasattr(column.type, "kind"):
        return next(iter(column.type.kind))
    if isinstance(column.type, UtcDateTime):
        return NOON
    return {str: f"{NAME} {EMAIL}", int: 1, bool: False}[column.type.python_type]


def traces(*of: str) -> list[tuple[str, str]]:
    """Every place, as table.column, that holds one of these words, whatever the column is."""
    db.session.rollback()
    found = set()
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(db.select(table)).mappings():
            for name, value in row.items():
                said = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
                said = json.dumps(said, ensure_ascii=False) if isinstance(said, dict | list) else str(said)
                found |= {(f"{table.name}.{name}", word) for word in of if word.casefold() in said.casefold()}
    return sorted(found)


def leave_by_password(browser: Any, **chosen: str) -> Any:
    return browser.post("/account/delete", data={"password": PASSWORD, "replies": "remove"} | chosen)


def signed_in(app: Flask, who: Account) -> Any:
    browser = visit(app)
    sign_in(browser, who)
    return browser


@pytest.mark.parametrize("replies", ["remove", "keep"])
def test_nothing_of_the_person_is_left_in_any_table(app, robin, replies):
    browser, person = signed_in(app, robin), (EMAIL, NAME, robin.public_id, metering.key_of(robin))
    before = {place.partition(".")[0] for place, _ in traces(*person)}
    assert before >= FOUND_BY_HAND - {"read_story", "saved_story", "gift_link"} | {"meter_read", "gift_opening"}, (
        "the test looks where there is something to find"
    )
    assert leave_by_password(browser, replies=replies).status_code == 200
    assert traces(*person) == [("outbox.recipient", EMAIL)], "the last letter is still on its way"
    told = letters(app, EMAIL)[-1]
    assert told["Subject"] == "Your account at Upstairs is deleted"
    assert traces(*person) == []


def test_the_books_stay_whole(app, robin):
    def books() -> list[Any]:
        db.session.rollback()
        gifts = [
            (row.public_id, row.amount, row.paid_at, row.status) for row in db.session.scalars(db.select(Donation))
        ]
        orders = [(row.public_id, row.total, row.paid_at, row.status) for row in db.session.scalars(db.select(Order))]
        moved = [(row.receipt_number, row.stripe_id, row.amount) for row in db.session.scalars(db.select(Payment))]
        return [gifts, orders, moved]

    before = books()
    leave_by_password(signed_in(app, robin))
    assert books() == before and all(before)
    [gift], [order] = db.session.scalars(db.select(Donation)).all(), db.session.scalars(db.select(Order)).all()
    assert gift.email == order.email and gift.email.endswith("@nobody.invalid"), "one person's gifts are still one's"


def test_they_are_signed_out_everywhere_and_may_come_back_as_somebody_new(app, robin):
    here, there = signed_in(app, robin), signed_in(app, robin)
    reply = leave_by_password(here)
    assert "Your account is deleted" in reply.text and "private, no-store" in reply.headers["Cache-Control"]
    assert not is_signed_in(here) and not is_signed_in(there)
    assert here.post("/account/login", data={"email": EMAIL, "password": PASSWORD}).status_code == 422
    assert here.post("/account/register", data={"email": EMAIL, "password": PASSWORD, "name": ""}).status_code == 303
    assert "Receipts" in here.get("/account").text and "25.00" not in here.get("/account").text


def test_a_second_click_changes_nothing(app, robin):
    here, there = signed_in(app, robin), signed_in(app, robin)
    leave_by_password(here)
    assert leave_by_password(there).location == "/account/login"


# Replies


def answered(app: Flask, robin: Account) -> tuple[Comment, Comment]:
    """Robin's reply, approved, and the answer of somebody else."""
    own = db.session.scalars(db.select(Comment).where(Comment.account_id == robin.id)).one()
    answer = Comment(article_id=own.article_id, parent_id=own.id, name="Kim", email="kim@example.org")
    answer.write("An answer")
    keep(own, answer)
    begin_write()
    own.state = answer.state = CommentState.APPROVED
    db.session.commit()
    return own, answer


def page_of(app: Flask, reply: Comment) -> str:
    return visit(app).get(f"/articles/{reply.article.slug}").text


def test_replies_may_stay_without_a_name(app, robin):
    own, _ = answered(app, robin)
    leave_by_password(signed_in(app, robin), replies="keep")
    text = page_of(app, own)
    assert "My words" in text and "An answer" in text and "Anonymous" in text and "楼主" not in text


def test_of_replies_that_go_the_place_stays_where_others_answered(app, robin):
    own, _ = answered(app, robin)
    leave_by_password(signed_in(app, robin))
    text = page_of(app, own)
    assert "My words" not in text and "An answer" in text and "taken it back" in text
    db.session.rollback()
    assert db.session.scalar(db.select(db.func.count(Comment.id))) == 2, "the one nobody answered is gone"


# What stands against it


def test_the_wrong_password_deletes_nothing_and_counts(app, robin):
    stay_in_one_window()
    browser = signed_in(app, robin)
    for _ in range(10):
        assert leave_by_password(browser, password="wrong wrong wrong").status_code == 422
    assert leave_by_password(browser).status_code == 429
    assert is_signed_in(browser)


def test_without_a_password_a_letter_leads_to_the_last_step(app, robin):
    browser = signed_in(app, robin)
    begin_write()
    robin.password_hash = None
    db.session.commit()
    assert "Send me the link" in browser.get("/account/delete").text
    assert browser.post("/account/delete").status_code == 303
    assert is_signed_in(browser), "asking deletes nothing"
    path = link(app, EMAIL, "delete")
    assert visit(app).get(path).location.startswith("/account/login"), "a mail scanner sees nothing"
    assert visit(app).post(path).location == "/account/login"
    other = signed_in(app, make_account("kim@example.org"))
    assert other.get(path).status_code == other.post(path).status_code == 410
    assert "Delete the account for good" in browser.get(path).text
    assert is_signed_in(browser), "looking deletes nothing"
    assert browser.post(path, data={"replies": "remove"}).status_code == 200
    assert traces(EMAIL, NAME) == [("outbox.recipient", EMAIL)]


def test_a_link_of_somebody_with_a_password_takes_its_place(app, robin):
    assert signed_in(app, robin).get("/account/delete/made-up").status_code == 410


def test_the_last_owner_stays(app):
    owner = make_account("owner@example.org", role=Role.OWNER)
    browser = signed_in(app, owner)
    assert "You are the only owner" in browser.get("/account/delete").text
    assert leave_by_password(browser).status_code == 409
    second = make_account("second@example.org", role=Role.OWNER)
    assert leave_by_password(browser).status_code == 200
    assert leave_by_password(signed_in(app, second)).status_code == 409


def test_of_two_owners_who_leave_at_once_one_stays(two_sites):
    with two_sites[0].app_context():
        owners = [make_account(f"owner{n}@example.org", role=Role.OWNER) for n in range(2)]
        browsers = [signed_in(site, owner) for site, owner in zip(two_sites, owners, strict=True)]
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda browser: leave_by_password(browser).status_code, browsers)) == [200, 409]


def test_a_checkout_that_is_not_settled_stands_against_it(app, robin):
    gift = give(EMAIL, robin, status=DonationStatus.PENDING, checkout_session="cs_1", paid_at=None, patron_until=None)
    browser = signed_in(app, robin)
    assert "not settled yet" in browser.get("/account/delete").text
    assert leave_by_password(browser).status_code == 409
    begin_write()
    gift.mark_expired()
    db.session.commit()
    assert leave_by_password(browser).status_code == 200


def test_what_was_done_under_an_address_nobody_proved_is_not_touched(app):
    give(EMAIL)
    keep(Contribution(name=NAME, email=EMAIL, body="A tip"))
    squatter = make_account(EMAIL, verified=False)
    assert leave_by_password(signed_in(app, squatter)).status_code == 200
    assert {place for place, _ in traces(EMAIL)} >= {"donation.email", "contribution.email"}


def test_a_letter_that_cannot_be_sent_takes_the_address_with_it(app, robin):
    leave_by_password(signed_in(app, robin))
    begin_write()
    [last] = db.session.scalars(db.select(Outbox).where(Outbox.letter == Outbox.FAREWELL))
    last.attempts = MOST_ATTEMPTS
    last.mark_failed(f"SMTPRecipientsRefused: {EMAIL}", utcnow())
    db.session.commit()
    assert traces(EMAIL) == []


# With a Stripe that answers


class TestWithStripe:
    @pytest.fixture
    def settings(self, settings, sandbox):
        return settings | {"STRIPE_API_BASE": sandbox.base}

    def test_a_gift_that_repeats_is_stopped_first_and_from_that_page(self, app, client, sandbox):
        who = make_account(EMAIL)
        gift, url = begin_gift(account_id=who.id, email=EMAIL)
        pay_at(sandbox, url)
        tell(client, *events(sandbox))
        browser = signed_in(app, who)
        page = browser.get("/account/delete").text
        assert "Stop giving" in page and "for good" not in page
        assert leave_by_password(browser).status_code == 409
        stop = f"/account/gifts/{gift.public_id}/stop"
        assert browser.post(stop, data={"next": "/account/delete"}).location == "/account/delete"
        assert gateway.current().retrieve_subscription(gift.subscription)["cancel_at_period_end"]
        assert leave_by_password(browser).status_code == 200

    def test_what_stripe_tells_later_brings_nothing_of_them_back(self, app, client, sandbox):
        who = make_account(EMAIL)
        gift, url = begin_gift(account_id=who.id, email=EMAIL)
        pay_at(sandbox, url, email=EMAIL, name=NAME)
        tell(client, *events(sandbox))
        assert {place for place, _ in traces(EMAIL, NAME)} >= {"donation.email"}
        assert "stripe_event.payload" not in {place for place, _ in traces(EMAIL, NAME)}
        gateway.current().cancel_at_period_end(gift.subscription)
        tell(client, *events(sandbox, "customer.subscription.updated"))
        assert leave_by_password(signed_in(app, who)).status_code == 200
        letters(app, EMAIL)
        sandbox.v1.subscriptions.cancel(gift.subscription)
        tell(client, *events(sandbox, "customer.subscription.deleted"))
        assert gift.status is DonationStatus.ENDED
        assert traces(EMAIL, NAME) == []
        assert not db.session.scalars(db.select(Outbox).where(Outbox.done_at.is_(None))).all(), "no letter to nobody"


# Guests


def test_who_gave_and_bought_as_a_guest_has_it_once_the_address_is_proved(app):
    gift, order, browser = give(EMAIL), buy(EMAIL), visit(app)
    pay(gift, 2500, "pi_gift")
    browser.post("/account/register", data={"email": EMAIL, "password": PASSWORD, "name": NAME})
    assert "€25.00" not in browser.get("/account").text and gift.account_id is None
    path = link(app, EMAIL, "verify")
    assert gift.account_id is None and order.account_id is None, "a letter on its way proves nothing"
    assert browser.post(path).status_code == 303
    db.session.rollback()
    who = Account.by_email(EMAIL)
    assert gift.account_id == order.account_id == who.id
    assert "€25.00" in browser.get("/account").text and "US$280.00" in browser.get("/account").text


def test_a_link_by_mail_claims_it_too_and_nobody_elses(app):
    gift, other = give(EMAIL), give("kim@example.org", frequency=Frequency.ONCE)
    visit(app).post("/account/link", data={"email": EMAIL})
    assert visit(app).post(link(app, EMAIL, "link")).status_code == 303
    db.session.rollback()
    assert gift.account_id == Account.by_email(EMAIL).id and other.account_id is None
