"""A second factor is a must for who works here, once an owner has switched it on."""

from datetime import timedelta

import pytest

from models import Account, Passkey, Publication, Role, begin_write, db
from tests.accounts_tools import is_signed_in, letters, visit
from tests.makers import keep, make_account, sign_in
from tests.test_second_factor import age_sign_ins, first_step, second_step_of, set_up, with_app


@pytest.fixture
def must(app) -> None:
    begin_write()
    ours = Publication.get()
    ours.staff_second_factor = True
    db.session.add(ours)
    db.session.commit()


def is_on() -> bool:
    db.session.rollback()
    return Publication.get().staff_second_factor


def test_an_owner_switches_it_on_only_with_a_factor_of_their_own(app):
    owner, browser = make_account(role=Role.OWNER), visit(app)
    sign_in(browser, owner)
    refused = browser.post("/desk/staff", data={"ask": "on"})
    assert refused.status_code == 422 and "no second factor yourself" in refused.text
    assert not is_on()
    set_up(browser)
    assert browser.post("/desk/staff", data={"ask": "on"}).status_code == 303
    assert is_on() and browser.get("/desk/staff").status_code == 200
    assert browser.post("/desk/staff", data={"ask": "off"}).status_code == 303
    assert not is_on()


def test_an_editor_cannot_switch_it(app):
    editor, browser = make_account(role=Role.EDITOR), visit(app)
    sign_in(browser, editor)
    set_up(browser)
    assert browser.post("/desk/staff", data={"ask": "on"}).status_code == 403
    assert not is_on()


def test_who_has_none_is_led_to_set_one_up_before_any_page_of_the_desk(app, must):
    editor, browser = make_account(role=Role.EDITOR), visit(app)
    sign_in(browser, editor)
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("desk.") and "GET" in rule.methods and not rule.arguments:
            reply = browser.get(rule.rule)
            assert (reply.status_code, reply.location.partition("?")[0]) == (303, "/account/second-factor/needed"), rule
    kept = browser.post("/desk/articles/new", data={"source": "typed with care"})
    assert kept.status_code == 403 and "typed with care" in kept.text, "nothing typed is lost"
    assert browser.get("/account/second-factor/needed?next=/desk/board").status_code == 200
    set_up(browser)
    assert browser.get("/desk").status_code == 200


def test_who_has_one_and_did_not_use_it_shows_it_now(app, must):
    editor, the_app, _ = with_app(app, role=Role.EDITOR)
    browser = visit(app)
    assert first_step(browser, editor).location == "/account/second-step"
    second_step_of(browser, the_app.now())
    age_sign_ins(timedelta(days=30))
    assert browser.get("/desk").status_code == 200, "a sign-in by both stays one"


def test_a_session_from_before_the_switch_is_asked_again(app):
    editor, browser = make_account(role=Role.EDITOR), visit(app)
    sign_in(browser, editor)
    keep(Passkey(account_id=editor.id, credential_id="key", public_key=b"", name="Phone"))
    assert browser.get("/desk").status_code == 200
    begin_write()
    ours = Publication.get()
    ours.staff_second_factor = True
    db.session.add(ours)
    db.session.commit()
    assert browser.get("/desk/board").location == "/account/confirm?next=/desk/board"
    again = visit(app)
    assert first_step(again, editor).location == "/account/second-step", "for staff the password is not enough then"
    assert not is_signed_in(again)


def test_readers_are_not_asked(app, must):
    reader, browser = make_account(), visit(app)
    keep(Passkey(account_id=reader.id, credential_id="key", public_key=b"", name="Phone"))
    assert first_step(browser, reader).location == "/account"


def test_a_lost_phone_has_a_way_back(app, must):
    owner, the_app, _ = with_app(app, role=Role.OWNER)
    keep(Passkey(account_id=owner.id, credential_id="key", public_key=b"", name="Phone"))
    signed_in = visit(app)
    first_step(signed_in, owner)
    second_step_of(signed_in, the_app.now())
    assert is_signed_in(signed_in)
    said = app.test_cli_runner().invoke(args=["reset-second-factor", owner.email.upper()])
    assert said.exit_code == 0 and owner.email in said.output
    assert not is_signed_in(signed_in)
    assert "was taken away" in letters(app, owner.email)[-1]["Subject"]
    db.session.rollback()
    assert not Passkey.has(Account.by_email(owner.email).id)
    browser = visit(app)
    assert first_step(browser, owner, next="/desk").location == "/desk"
    assert browser.get("/desk").location.startswith("/account/second-factor/needed")
    set_up(browser)
    assert browser.get("/desk").status_code == 200
    assert app.test_cli_runner().invoke(args=["reset-second-factor", "nobody@example.org"]).exit_code == 1
