"""Whose an address is: anybody may register with it, and nobody can tell by that whether somebody did before."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import argon2
import pytest
from flask import Flask
from sqlalchemy import func

from blueprints.login import password_matches
from blueprints.ops.commands import sweep
from models import Account, Comment, ReadStory, SavedStory, SignIn, begin_write, db, utcnow
from models.patronage import is_patron
from models.proving import UNPROVEN_FOR
from tests.accounts_tools import code, is_signed_in, letters, link, visit
from tests.makers import NOON, PASSWORD, keep, make_account, make_article, sign_in
from tests.test_accounts import buy, give, register

READER = "reader@example.org"
OTHER = "some other password"


def accounts(email: str = READER) -> list[Account]:
    db.session.rollback()
    return list(db.session.scalars(db.select(Account).where(Account.email == email).order_by(Account.id)))


def seen(reply, email: str) -> tuple:
    """All that a stranger sees of an answer, without what they typed and what is new each time."""
    new_each_time = re.compile(r"^([^=]*)=[^;]*|Expires=[^;]*")
    headers = sorted((name, new_each_time.sub(r"\1", value)) for name, value in reply.headers)
    return (
        reply.status_code,
        reply.text.replace(email, ""),
        [h for h in headers if h[0] not in {"Date", "Content-Length"}],
    )


@pytest.fixture
def verified(monkeypatch) -> list[str]:
    """One entry for each password that is verified; the hasher itself is the real one."""
    calls: list[str] = []
    real = argon2.PasswordHasher.verify

    def verify(self, hashed, password):
        calls.append(hashed)
        return real(self, hashed, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify)
    return calls


@pytest.fixture
def hashed(monkeypatch) -> list[str]:
    """One entry for each password that is hashed."""
    calls: list[str] = []
    real = argon2.PasswordHasher.hash

    def hash_(self, password, **given):
        calls.append(password)
        return real(self, password, **given)

    monkeypatch.setattr(argon2.PasswordHasher, "hash", hash_)
    return calls


def four_kinds() -> dict[str, str]:
    """Addresses that nobody has, somebody registered, somebody proved, and somebody uses without a password."""
    make_account("unproven@example.org", verified=False)
    make_account("proven@example.org")
    make_account("by-link@example.org", password_hash=None)
    both = make_account("twofold@example.org")
    make_account(both.email, verified=False, password=OTHER)
    return dict.fromkeys(("nobody", "unproven", "proven", "by-link", "twofold"), "@example.org")


# What a stranger can learn: nothing


@pytest.mark.parametrize("form", ["register", "link", "forgot", "login"])
def test_every_answer_is_the_same_whoever_has_the_address(app, form, verified, hashed):
    addresses = [name + domain for name, domain in four_kinds().items()]
    answers, work = [], []
    for email in addresses:
        verified.clear(), hashed.clear()
        browser = visit(app)
        data = {"email": email, "password": "neither of the two passwords", "name": "Robin"}
        reply = browser.post(f"/account/{form}", data=data)
        answers.append([seen(reply, email)])
        work.append((len(verified), len(hashed)))
        if form == "register":
            answers[-1] += [seen(browser.get(path), email) for path in ("/account", "/account/name", "/")]
    for answer in answers:
        assert answer == answers[0]
    assert set(work) == {{"login": (2, 0), "register": (0, 1)}.get(form, (0, 0))}


def test_a_right_password_costs_as_much_as_a_wrong_one(app, verified):
    make_account(READER)
    make_account(READER, verified=False, password=OTHER)
    for password in (PASSWORD, OTHER, "neither of the two passwords"):
        verified.clear()
        visit(app).post("/account/login", data={"email": READER, "password": password})
        assert len(verified) == 2


def test_registering_signs_in_to_an_account_of_its_own(app):
    owner = make_account(READER, name="Owner")
    browser = visit(app)
    assert register(browser, READER, OTHER).status_code == 303
    assert "not confirmed yet" in browser.get("/account").text
    assert [row.name for row in accounts()] == ["Owner", "Robin"]
    assert browser.post("/account/login", data={"email": READER, "password": PASSWORD}).status_code == 303
    sign_in(visit(app), owner)


def test_only_the_letter_tells_that_there_is_an_account(app):
    make_account(READER)
    register(visit(app), READER, OTHER)
    register(visit(app), "new@example.org", OTHER)
    [known], [new] = letters(app, READER), letters(app, "new@example.org")
    assert "account at Upstairs already" in known["Subject"] and "/account/login" in known.get_content()
    assert "Confirm your address" in new["Subject"] and "already" not in new.get_content()


def test_the_password_finds_the_proven_account_first_then_the_last_registered(app):
    for verified, password in ((True, PASSWORD), (False, "the first of strangers"), (False, OTHER)):
        make_account(READER, verified=verified, password=password)
    proven, first, last = accounts()

    def enters(password: str) -> int:
        browser = visit(app)
        browser.post("/account/login", data={"email": READER, "password": password})
        db.session.rollback()
        newest = db.session.scalars(db.select(SignIn).order_by(SignIn.id.desc())).first()
        return newest.account_id if is_signed_in(browser) else 0

    assert [enters(p) for p in (PASSWORD, OTHER, "the first of strangers")] == [proven.id, last.id, 0]
    assert first.id not in (proven.id, last.id)


# Rights come with the proof


def test_an_unproven_account_has_no_right_to_what_the_address_has(app):
    give(READER)
    order = buy(READER)
    browser = visit(app)
    register(browser, READER)
    [row] = accounts()
    assert not is_patron(row, utcnow())
    assert order.public_id not in browser.get("/account").text


def test_a_new_gift_goes_to_the_proven_account_alone(app):
    from blueprints.payments.ledger import account_id_of

    register(visit(app), READER)
    assert account_id_of(READER) is None
    owner = make_account(READER)
    register(visit(app), READER)
    assert account_id_of(READER) == owner.id


def prepared(app: Flask):
    """A proven account, and a browser that registered once more with its address and kept some stories."""
    owner, browser = make_account(READER, name=""), visit(app)
    stories = [make_article() for _ in range(3)]
    keep(SavedStory(account_id=owner.id, article_id=stories[0].id, saved_at=NOON))
    register(browser, READER, OTHER)
    _, extra = accounts()
    for story in stories[:2]:
        keep(SavedStory(account_id=extra.id, article_id=story.id))
    keep(ReadStory(account_id=extra.id, article_id=stories[2].id))
    keep(Comment(article_id=stories[0].id, account_id=extra.id, name="Robin", source="Well.", email=READER))
    give(READER, extra)
    return owner.id, extra.id, browser, [story.id for story in stories]


def test_proof_moves_what_was_kept_into_the_account_there_was(app):
    owner, extra, browser, stories = prepared(app)
    path = link(app, READER, "verify")
    assert "have an account with this address already" in browser.get(path).text
    assert browser.post(path).status_code == 303
    assert [row.id for row in accounts()] == [owner]
    saved = dict(db.session.execute(db.select(SavedStory.article_id, SavedStory.saved_at)).all())
    assert set(saved) == set(stories[:2]) and saved[stories[0]] == NOON, "what both kept stays as it was"
    assert db.session.scalars(db.select(ReadStory.account_id)).all() == [owner]
    assert db.session.scalars(db.select(Comment.account_id)).all() == [owner]
    assert accounts()[0].name == "Robin" and is_patron(accounts()[0], utcnow())
    assert "You had an account with this address before" in browser.get("/account").text
    assert visit(app).post("/account/login", data={"email": READER, "password": OTHER}).status_code == 422
    sign_in(visit(app), accounts()[0])


def test_a_letter_opened_elsewhere_moves_nothing(app):
    owner, extra, browser, _ = prepared(app)
    path = link(app, READER, "verify")
    assert visit(app).post(path).location.startswith("/account/login")
    elsewhere = visit(app)
    sign_in(elsewhere, accounts()[0])
    assert elsewhere.post(path).status_code == 410
    assert [row.id for row in accounts()] == [owner, extra]
    assert browser.post(path).status_code == 303, "and spends nothing"


def test_proof_removes_the_others_that_only_say_so(app):
    mallory, reader = visit(app), visit(app)
    register(mallory, READER, "the password of mallory")
    register(reader, READER, OTHER)
    assert reader.post(link(app, READER, "verify")).status_code == 303
    [row] = accounts()
    assert password_matches(row, OTHER) and row.email_verified_at
    assert is_signed_in(reader) and not is_signed_in(mallory)


@pytest.mark.parametrize("way", ["link", "code", "forgot"])
def test_a_letter_asked_for_elsewhere_proves_a_fresh_account(app, way):
    mallory, reader = visit(app), visit(app)
    register(mallory, READER, "the password of mallory")
    give(READER, accounts()[0])
    reader.post(f"/account/{'forgot' if way == 'forgot' else 'link'}", data={"email": READER})
    if way == "forgot":
        reply = reader.post(link(app, READER, "reset"), data={"password": OTHER})
    elif way == "code":
        reply = reader.post("/account/link/code", data={"code": code(app, READER)})
    else:
        reply = reader.post(link(app, READER, "link"))
    assert reply.status_code == 303 and is_signed_in(reader) and not is_signed_in(mallory)
    [row] = accounts()
    assert not password_matches(row, "the password of mallory")
    assert is_patron(row, utcnow()), "money that was given under the address follows it"


def test_a_letter_asked_for_where_one_registered_proves_that_account(app):
    browser = visit(app)
    register(browser, READER, OTHER)
    [before] = accounts()
    number = before.id
    browser.post("/account/forgot", data={"email": READER})
    assert browser.post(link(app, READER, "reset"), data={"password": PASSWORD}).status_code == 303
    assert [row.id for row in accounts()] == [number] and accounts()[0].email_verified_at


def test_of_two_proofs_at_once_both_end_in_one_account(two_sites):  # noqa: F811
    browsers = [visit(site) for site in two_sites]
    paths = []
    for number, browser in enumerate(browsers):
        register(browser, READER, f"the password of number {number}")
        paths.append(link(two_sites[0], READER, "verify"))
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda n: browsers[n].post(paths[n]), range(2)))
    assert all(reply.status_code in {303, 410} for reply in replies)
    with two_sites[0].app_context():
        proven = Account.email_verified_at.is_not(None)
        assert db.session.scalar(db.select(func.count(Account.id)).where(proven)) == 1
        assert db.session.scalar(db.select(func.count(Account.id))) == 1


def test_one_address_is_proven_to_be_one_accounts(app):
    make_account(READER)
    with pytest.raises(Exception, match="(?i)unique"):
        make_account(READER)
    db.session.rollback()


def test_create_user_takes_the_address_and_removes_who_only_said_so(app):
    register(visit(app), READER)
    told = {"args": ["create-user", READER, "--role", "editor"], "input": "a very long phrase 42\n"}
    reply = app.test_cli_runner().invoke(**told)
    assert reply.exit_code == 0, reply.output
    assert [(row.role.value, bool(row.email_verified_at)) for row in accounts()] == [("editor", True)]


def test_an_address_that_nobody_proves_is_free_again_after_thirty_days(app):
    app.config["STRIPE_SECRET_KEY"] = ""
    for email, verified, days in (("old", False, 31), ("young", False, 29), ("proven", True, 400)):
        row = make_account(f"{email}@example.org", verified=verified)
        begin_write()
        row.created_at = utcnow() - timedelta(days=days)
        db.session.commit()
    order = buy("old@example.org", accounts("old@example.org")[0])
    assert timedelta(days=30) == UNPROVEN_FOR
    sweep()
    db.session.rollback()
    left = set(db.session.scalars(db.select(Account.email)))
    assert left == {"young@example.org", "proven@example.org"}
    db.session.refresh(order)
    assert order.account_id is None, "what was bought stays in the books"
