"""Another address: asked for with the password, changed by a letter to the new one, undone by one to the old."""

import re
from datetime import timedelta

import pytest

from models import Account, Passkey, SecondFactor, SignIn, SignInLetter, begin_write, db, utcnow
from models.letter import LETTER_LIFE, LetterKind
from models.patronage import is_patron
from tests.accounts_tools import is_signed_in, letters, link, stay_in_one_window, visit
from tests.makers import PASSWORD, keep, make_account, sign_in
from tests.test_accounts import buy, give, register

OLD, NEW = "old@example.org", "new@example.org"


def signed_in(app, **given):
    reader, browser = make_account(OLD, **given), visit(app)
    sign_in(browser, reader)
    return reader.id, browser


def ask(browser, email=NEW, password=PASSWORD):
    return browser.post("/account/email", data={"email": email, "current": password})


def kept(number: int) -> Account:
    db.session.rollback()
    return db.session.get(Account, number)


def changed(app):
    """An account that moved from OLD to NEW."""
    number, browser = signed_in(app)
    ask(browser)
    assert browser.post(link(app, NEW, "email")).status_code == 303
    return number, browser


def test_the_address_changes_by_the_letters_button_and_what_it_has_follows(app):
    gift = give(NEW)
    order = buy(NEW)
    number, browser = signed_in(app)
    assert ask(browser).status_code == 303
    path = link(app, NEW, "email")
    for method in ("GET", "HEAD") * 3:
        assert browser.open(path, method=method).status_code == 200
    assert kept(number).email == OLD, "looking changes nothing"
    assert browser.post(path).status_code == 303
    assert kept(number).email == NEW and kept(number).email_verified_at
    assert gift.account_id == order.account_id == number and is_patron(kept(number), utcnow())
    assert is_signed_in(browser)
    assert browser.post(path).status_code == 410
    sign_in(visit(app), kept(number))
    assert visit(app).post("/account/login", data={"email": OLD, "password": PASSWORD}).status_code == 422


def test_it_takes_the_password(app):
    number, browser = signed_in(app)
    assert ask(browser, password="not this one").status_code == 422
    assert ask(browser, password="").status_code == 422
    assert letters(app, NEW) == []
    stay_in_one_window()
    assert 429 in [ask(browser, password="not this one").status_code for _ in range(11)]


def test_without_a_password_it_takes_a_fresh_letter(app):
    number = make_account(OLD, password_hash=None).id
    browser = visit(app)
    browser.post("/account/link", data={"email": OLD})
    browser.post(link(app, OLD, "link"))
    begin_write()
    for row in db.session.scalars(db.select(SignIn)):
        row.proved_at -= timedelta(minutes=11)
    db.session.commit()
    assert 'href="/account/confirm?next=/account/email"' in browser.get("/account/email").text
    assert browser.post("/account/email", data={"email": NEW}).status_code == 422
    assert letters(app, NEW) == []
    assert browser.post("/account/confirm/letter", data={"next": "/account/email"}).status_code == 200
    assert browser.post(link(app, OLD, "link")).location == "/account/email"
    assert browser.post("/account/email", data={"email": NEW}).status_code == 303
    browser.post(link(app, NEW, "email"))
    assert kept(number).email == NEW


def test_a_taken_address_is_not_told_to_who_asks_but_to_its_owner(app):
    make_account("taken@example.org")
    answers = []
    for email in ("taken@example.org", "free@example.org"):
        browser = visit(app)
        sign_in(browser, make_account())
        reply = ask(browser, email)
        answers.append((reply.status_code, reply.location, reply.text))
        page = browser.get("/account/email").text.replace(email, "")
        answers[-1] += (re.sub(r"reader\d+@example.org", "", page),)
    assert answers[0] == answers[1]
    [letter] = letters(app, "taken@example.org")
    assert "has an account" in letter["Subject"] and "/account/email/" not in letter.get_content()


def test_an_address_taken_meanwhile_is_not_taken_away(app):
    number, browser = signed_in(app)
    ask(browser)
    path = link(app, NEW, "email")
    other = make_account(NEW).id
    assert browser.post(path).status_code == 410
    assert (kept(number).email, kept(other).email) == (OLD, NEW)


def test_who_only_registered_with_the_new_address_goes(app):
    stranger = visit(app)
    register(stranger, NEW)
    number, browser = signed_in(app)
    ask(browser)
    browser.post(link(app, NEW, "email"))
    assert kept(number).email == NEW and not is_signed_in(stranger)
    assert db.session.scalar(db.select(db.func.count(Account.id))) == 1


def test_the_letter_works_for_the_account_that_asked_alone(app):
    number, browser = signed_in(app)
    ask(browser)
    path = link(app, NEW, "email")
    other = visit(app)
    sign_in(other, make_account())
    assert other.get(path).status_code == 410 and other.post(path).status_code == 410
    assert visit(app).post(path).location.startswith("/account/login")
    assert kept(number).email == OLD
    assert browser.post(path).status_code == 303


@pytest.mark.parametrize("event", ["an hour", "a new password"])
def test_the_letter_is_over_after(app, event):
    number, browser = signed_in(app)
    ask(browser)
    path = link(app, NEW, "email")
    if event == "an hour":
        age(LETTER_LIFE[LetterKind.CHANGE])
    else:
        browser.post("/account/password", data={"current": PASSWORD, "password": "four quiet words upstairs"})
    assert browser.post(path).status_code == 410 and kept(number).email == OLD


def age(by: timedelta) -> None:
    begin_write()
    for letter in db.session.scalars(db.select(SignInLetter)):
        letter.expires_at -= by
    db.session.commit()


def test_links_to_the_old_address_open_nothing_after_the_change(app):
    number, browser = signed_in(app)
    visit(app).post("/account/forgot", data={"email": OLD})
    visit(app).post("/account/link", data={"email": OLD})
    ask(browser)
    browser.post(link(app, NEW, "email"))
    assert visit(app).get(link(app, OLD, "reset")).status_code == 410
    assert visit(app).post(link(app, OLD, "link")).status_code == 410


def test_an_address_that_was_mistyped_is_put_right_without_telling_a_stranger(app):
    browser = visit(app)
    register(browser, OLD)
    assert ask(browser).status_code == 303
    browser.post(link(app, NEW, "email"))
    assert [letter["Subject"] for letter in letters(app, OLD)] == ["Confirm your address for Upstairs"]
    assert "not confirmed" not in browser.get("/account").text


# The way back


def test_the_old_address_can_undo_it_for_seven_days(app):
    number, thief = changed(app)
    owner, path = visit(app), link(app, OLD, "email/back")
    age(timedelta(days=6, hours=23))
    assert owner.get(path).status_code == 200 and kept(number).email == NEW, "looking changes nothing"
    reply = owner.post(path)
    assert reply.status_code == 303 and reply.location.startswith("/account/reset/")
    assert kept(number).email == OLD and kept(number).password_hash is None
    assert not is_signed_in(thief)
    assert owner.post(reply.location, data={"password": "four quiet words upstairs"}).status_code == 303
    assert is_signed_in(owner)
    assert owner.post(path).status_code == 410
    sign_in(visit(app), kept(number), "four quiet words upstairs")


def test_keys_and_factors_that_a_thief_added_go_and_old_ones_stay(app):
    number, _ = changed(app)
    week = LETTER_LIFE[LetterKind.BACK]
    for name, at in (("old", utcnow() - week - timedelta(days=1)), ("thief's", utcnow())):
        keep(Passkey(account_id=number, credential_id=name, public_key=b"key", name=name, created_at=at))
    keep(SecondFactor(account_id=number, sealed=b"sealed", turned_on_at=utcnow()))
    visit(app).post(link(app, OLD, "email/back"))
    db.session.rollback()
    assert db.session.scalars(db.select(Passkey.name)).all() == ["old"] and not SecondFactor.is_on(number)


def test_after_seven_days_it_stands(app):
    number, _ = changed(app)
    path = link(app, OLD, "email/back")
    age(timedelta(days=7))
    assert visit(app).get(path).status_code == 410 and visit(app).post(path).status_code == 410
    assert kept(number).email == NEW


def test_an_account_that_the_old_address_got_since_goes_into_the_one_that_comes_back(app):
    number, _ = changed(app)
    owner = visit(app)
    owner.post("/account/link", data={"email": OLD})
    owner.post(link(app, OLD, "link"))
    db.session.rollback()
    since = Account.by_email(OLD).id
    assert since != number
    gift = give(OLD, keep(db.session.get(Account, since)))
    assert owner.post(link(app, OLD, "email/back")).status_code == 303
    assert kept(number).email == OLD and kept(since) is None
    db.session.refresh(gift)
    assert gift.account_id == number


def test_the_first_address_has_the_last_word(app):
    number, thief = changed(app)
    ask(thief, "third@example.org")
    thief.post(link(app, "third@example.org", "email"))
    assert kept(number).email == "third@example.org"
    assert visit(app).post(link(app, OLD, "email/back")).status_code == 303
    assert kept(number).email == OLD
    assert visit(app).post(link(app, NEW, "email/back")).status_code == 410
    assert kept(number).email == OLD
