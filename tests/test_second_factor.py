"""The second factor with an app: set up, asked for at the door, each code once, recovery codes, and the way back."""

import html
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from blueprints.accounts import second_step
from models import Account, Attempts, RecoveryCode, SecondFactor, SignIn, begin_write, db, utcnow
from models.sealing import Unreadable, seal, unseal
from models.second_factor import STEP, fitting_step
from tests.accounts_tools import is_signed_in, letters, link, stay_in_one_window, visit
from tests.makers import NOON, PASSWORD, make_account, sign_in

WRONG = "This code does not fit"


def set_up(browser) -> tuple[pyotp.TOTP, list[str]]:
    """Turn it on in this browser, as a reader does: the app, and the recovery codes."""
    assert browser.post("/account/second-factor/begin").location == "/account/second-factor/set-up"
    page = browser.get("/account/second-factor/set-up").text
    app = pyotp.parse_uri(html.unescape(re.search(r'href="(otpauth://[^"]+)"', page)[1]))
    done = browser.post("/account/second-factor/set-up", data={"code": app.at(time.time() - STEP)})
    assert done.status_code == 200, done.text
    return app, re.findall(r"<li><code>([0-9a-z-]{19})</code>", done.text)


def with_app(app, **given) -> tuple[Account, pyotp.TOTP, list[str]]:
    """An account that has set it up."""
    reader, browser = make_account(**given), visit(app)
    sign_in(browser, reader)
    return reader, *set_up(browser)


def first_step(browser, reader, **given):
    return browser.post("/account/login", data={"email": reader.email, "password": PASSWORD} | given)


def second_step_of(browser, code="", **given):
    return browser.post("/account/second-step", data={"code": code} | given)


def age_sign_ins(by: timedelta) -> None:
    begin_write()
    for row in db.session.scalars(db.select(SignIn)):
        row.proved_at -= by
    db.session.commit()


# The rule


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_fits_one_step_before_and_after(steps, fits):
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).at(NOON, counter_offset=steps)
    assert (fitting_step(secret, code, NOON) == int(NOON.timestamp()) // STEP + steps) is fits


def test_the_codes_are_those_of_the_standard():
    """RFC 6238, appendix B, with its last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in {59: "287082", 1111111109: "081804", 20000000000: "353130"}.items():
        assert fitting_step(secret, code, NOON.fromtimestamp(seconds, tz=NOON.tzinfo)) == seconds // STEP


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345"])
def test_what_is_no_code_fits_nothing(typed):
    assert fitting_step(pyotp.random_base32(), typed, NOON) is None


def test_a_sealed_secret_opens_with_its_key_and_for_its_purpose_only():
    sealed = seal("secret", "key", "of 1")
    assert unseal(sealed, "key", "of 1") == "secret" and b"secret" not in sealed
    assert seal("secret", "key", "of 1") != sealed
    for damaged in (
        (sealed, "another key", "of 1"),
        (sealed, "key", "of 2"),
        (sealed[:-1] + b"x", "key", "of 1"),
        (b"", "key", ""),
    ):
        with pytest.raises(Unreadable):
            unseal(*damaged)


# Setting it up


def test_nothing_is_on_before_the_first_code_fits(app):
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    browser.post("/account/second-factor/begin")
    reply = browser.post("/account/second-factor/set-up", data={"code": "000000"})
    assert reply.status_code == 422 and WRONG in reply.text
    assert first_step(visit(app), reader).location == "/account"


def test_setting_up_shows_a_picture_a_text_and_ten_codes_once(app):
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    browser.post("/account/second-factor/begin")
    picture = browser.get("/account/second-factor/qr.svg")
    assert picture.content_type == "image/svg+xml" and picture.headers["Cache-Control"] == "private, no-store"
    assert "style" not in picture.text and "script" not in picture.text
    the_app, codes = set_up(browser)
    assert len(set(codes)) == 10
    assert (the_app.name, the_app.issuer, the_app.digits, the_app.interval) == (reader.email, "Upstairs", 6, 30)
    assert browser.get("/account/second-factor/qr.svg").status_code == 404, "what is on is not shown again"
    assert the_app.secret not in browser.get("/account/second-factor").text
    assert "is on" in letters(app, reader.email)[-1]["Subject"]


def test_the_database_holds_neither_the_secret_nor_the_codes(app):
    _, the_app, codes = with_app(app)
    db.session.rollback()
    factor = db.session.scalars(db.select(SecondFactor)).one()
    assert the_app.secret.encode() not in factor.sealed
    kept = set(db.session.scalars(db.select(RecoveryCode.code_hash)))
    assert len(kept) == 10 and not kept & {code.replace("-", "") for code in codes}


def test_the_codes_come_as_a_file_and_nothing_else_does(app):
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    _, codes = set_up(browser)
    file = browser.post("/account/second-factor/codes.txt", data={"codes": codes})
    assert "attachment" in file.headers["Content-Disposition"] and file.content_type.startswith("text/plain")
    assert all(code in file.text for code in codes)
    for foreign in (["<script>"], [*codes, "anything"], []):
        assert browser.post("/account/second-factor/codes.txt", data={"codes": foreign}).status_code == 410


def test_an_address_that_is_not_proven_gets_no_factor(app):
    """Else whoever registers somebody else's address could lock its owner out."""
    reader, browser = make_account(verified=False), visit(app)
    sign_in(browser, reader)
    assert browser.post("/account/second-factor/begin").location == "/account"
    assert SecondFactor.of(reader.id) is None


# At the door


def test_between_the_steps_nobody_is_signed_in(app):
    reader, the_app, _ = with_app(app)
    browser = visit(app)
    assert first_step(browser, reader, remember="y", next="/account/name").location == "/account/second-step"
    assert not is_signed_in(browser)
    assert "public" in browser.get("/").headers["Cache-Control"], "for public pages a visitor still"
    done = second_step_of(browser, the_app.now())
    assert (done.status_code, done.location) == (303, "/account/name")
    assert is_signed_in(browser)
    assert browser.get_cookie("masthead_remember") is not None
    assert browser.get_cookie(second_step.ASKED.name, path="/account") is None


def test_a_link_by_mail_is_not_enough_either(app):
    reader, the_app, _ = with_app(app)
    browser = visit(app)
    browser.post("/account/link", data={"email": reader.email, "next": "/donate"})
    assert browser.post(link(app, reader.email, "link")).location == "/account/second-step"
    assert not is_signed_in(browser)
    assert second_step_of(browser, the_app.now()).location == "/donate"


def test_a_new_password_does_not_go_round_it(app):
    reader, the_app, _ = with_app(app)
    browser = visit(app)
    browser.post("/account/forgot", data={"email": reader.email})
    reply = browser.post(link(app, reader.email, "reset"), data={"password": "another long password"})
    assert reply.location == "/account/second-step"
    assert not is_signed_in(browser)
    assert second_step_of(browser, the_app.now()).status_code == 303
    assert is_signed_in(browser)


def test_every_refusal_reads_the_same(app):
    reader, the_app, codes = with_app(app)
    browser = visit(app)
    first_step(browser, reader)
    second_step_of(browser, recovery=codes[0])
    browser = visit(app)
    first_step(browser, reader)
    used = the_app.at(time.time() - STEP)
    given = [{"code": "000000"}, {"code": used}, {"code": "letters"}, {"code": ""}, {"recovery": codes[0]}]
    replies = [browser.post("/account/second-step", data=data) for data in given]
    assert {reply.status_code for reply in replies} == {422}
    said = {re.search(r'<p class="error" role="alert">.*?</p>', reply.text)[0] for reply in replies}
    assert len(said) == 1 and WRONG in said.pop()
    assert not is_signed_in(browser)


def test_a_code_opens_once(app):
    reader, the_app, _ = with_app(app)
    code, browser = the_app.now(), visit(app)
    first_step(browser, reader)
    assert second_step_of(browser, code).status_code == 303
    again = visit(app)
    first_step(again, reader)
    assert second_step_of(again, code).status_code == 422
    assert second_step_of(again, the_app.at(time.time() - STEP)).status_code == 422, "nor does an earlier one"
    assert second_step_of(again, the_app.at(time.time() + STEP)).status_code == 303


def test_a_code_typed_in_two_places_at_once_opens_one(two_sites):
    with two_sites[0].app_context():
        reader, the_app, _ = with_app(two_sites[0])
        code = the_app.now()
        browsers = [visit(two_sites[number % 2]) for number in range(4)]
        for browser in browsers:
            first_step(browser, reader)
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda browser: second_step_of(browser, code).status_code, browsers))
    assert sorted(replies) == [303, 422, 422, 422]


def test_codes_are_not_guessed_in_any_process(two_sites):
    stay_in_one_window()
    with two_sites[0].app_context():
        reader, the_app, codes = with_app(two_sites[0])
        browsers = [visit(two_sites[number % 2], f"192.0.2.{number}") for number in range(8)]
        for browser in browsers:
            first_step(browser, reader)
    for browser in browsers[:6]:
        assert second_step_of(browser, "000000").status_code == 422
    assert second_step_of(browsers[6], the_app.now()).status_code == 429, "the right one does not help either"
    assert second_step_of(browsers[7], recovery=codes[0]).status_code == 303, "its owner is not locked out"


def test_right_codes_do_not_count(app):
    reader, the_app, _ = with_app(app)
    browser = visit(app)
    first_step(browser, reader)
    assert second_step_of(browser, the_app.now()).status_code == 303
    db.session.rollback()
    counts = db.session.scalars(db.select(Attempts.count).where(Attempts.bucket.like("code-%")))
    assert set(counts) == {0}


@pytest.mark.parametrize("end", ["tampered", "old", "a new password"])
def test_the_pause_between_the_steps_ends(app, end, monkeypatch):
    reader, the_app, _ = with_app(app)
    browser = visit(app)
    first_step(browser, reader)
    if end == "tampered":
        cookie = browser.get_cookie(second_step.ASKED.name, path="/account")
        browser.set_cookie(second_step.ASKED.name, "x" + cookie.value, path="/account")
    elif end == "old":
        monkeypatch.setattr(second_step, "ASKED", replace(second_step.ASKED, life=timedelta(seconds=-1)))
    else:
        begin_write()
        db.session.merge(reader).password_hash = "another"
        db.session.commit()
    assert second_step_of(browser, the_app.now()).location == "/account/login"
    assert not is_signed_in(browser)


def test_a_recovery_code_opens_once_however_it_is_typed_and_a_letter_tells(app):
    reader, _, codes = with_app(app)
    browser = visit(app)
    first_step(browser, reader)
    assert second_step_of(browser, recovery=f" {codes[3].upper().replace('-', ' ')} ").status_code == 303
    assert is_signed_in(browser)
    told = letters(app, reader.email)[-1]
    assert "recovery code" in told["Subject"] and "9 are left" in told.get_content()
    again = visit(app)
    first_step(again, reader)
    assert second_step_of(again, recovery=codes[3]).status_code == 422


def test_a_new_set_of_codes_ends_the_old_one(app):
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    _, old = set_up(browser)
    new = re.findall(r"<li><code>(\S+)</code>", browser.post("/account/second-factor/codes").text)
    assert len(new) == 10 and not set(old) & set(new)
    again = visit(app)
    first_step(again, reader)
    assert second_step_of(again, recovery=old[0]).status_code == 422
    assert second_step_of(again, recovery=new[0]).status_code == 303


def test_another_sites_key_reads_no_secret_but_recovery_codes_still_open(app):
    reader, the_app, codes = with_app(app)
    app.config["SECRET_KEY"] = "changed since"
    browser = visit(app)
    assert first_step(browser, reader).location == "/account/second-step"
    assert second_step_of(browser, the_app.now()).status_code == 422
    assert second_step_of(browser, recovery=codes[0]).status_code == 303


# Confirm it is you


@pytest.mark.parametrize("path", ["begin", "off", "codes"])
def test_changes_want_a_fresh_sign_in(app, path):
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    _, codes = set_up(browser)
    age_sign_ins(timedelta(minutes=9, seconds=50))
    assert "/account/confirm" not in (browser.post(f"/account/second-factor/{path}").location or "")
    if path == "off":
        set_up(browser)
    age_sign_ins(timedelta(minutes=10))
    reply = browser.post(f"/account/second-factor/{path}")
    assert reply.location == "/account/confirm?next=/account/second-factor"
    db.session.rollback()
    assert SecondFactor.is_on(reader.id)


def test_coming_back_by_a_remembered_cookie_is_not_fresh(app):
    reader, browser = make_account(), visit(app)
    first_step(browser, reader, remember="y")
    browser.delete_cookie("masthead")
    age_sign_ins(timedelta(days=1))
    assert is_signed_in(browser)
    assert browser.post("/account/second-factor/begin").location.startswith("/account/confirm")


def test_confirming_keeps_the_sign_in_and_shows_it_anew_there_alone(app):
    reader, browser, other = make_account(), visit(app), visit(app)
    sign_in(browser, reader)
    sign_in(other, reader)
    age_sign_ins(timedelta(hours=1))
    browser.post("/account/confirm", data={"password": PASSWORD})
    db.session.rollback()
    assert len(SignIn.live(reader.id, utcnow())) == 2
    assert browser.post("/account/second-factor/begin").location == "/account/second-factor/set-up"
    assert other.post("/account/second-factor/begin").location.startswith("/account/confirm")


def test_confirming_by_password_asks_for_the_code_too_and_leads_back(app):
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    the_app, _ = set_up(browser)
    age_sign_ins(timedelta(hours=1))
    wrong = browser.post("/account/confirm", data={"password": "wrong", "next": "/account/second-factor"})
    assert wrong.status_code == 422
    right = browser.post("/account/confirm", data={"password": PASSWORD, "next": "/account/second-factor"})
    assert right.location == "/account/second-step"
    assert browser.post("/account/second-factor/off").location.startswith("/account/confirm"), "not yet"
    assert second_step_of(browser, the_app.now()).location == "/account/second-factor"
    assert browser.post("/account/second-factor/off").location == "/account/second-factor"
    assert "is off" in letters(app, reader.email)[-1]["Subject"]
    assert first_step(visit(app), reader).location == "/account"
    db.session.rollback()
    assert RecoveryCode.left(reader.id) == 0


def test_confirming_by_a_letter_leads_back(app):
    reader, browser = make_account(password_hash=None), visit(app)
    browser.post("/account/link", data={"email": reader.email})
    browser.post(link(app, reader.email, "link"))
    age_sign_ins(timedelta(hours=1))
    browser.post("/account/confirm/letter", data={"next": "/account/second-factor"})
    assert browser.post(link(app, reader.email, "link")).location == "/account/second-factor"
    assert browser.post("/account/second-factor/begin").location == "/account/second-factor/set-up"
