"""Who is signed in, where, and for how long; what visitors never get; how often one may try."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from blueprints.accounts import limits
from models import Account, Attempts, begin_write, db, utcnow
from tests.accounts_tools import is_signed_in, link, stay_in_one_window, visit
from tests.makers import PASSWORD, make_account, make_patron, sign_in

NEW = "another long password"


def try_password(client, email, password="wrong wrong wrong"):
    return client.post("/account/login", data={"email": email, "password": password})


def test_signing_in_and_out(app):
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    assert is_signed_in(browser)
    assert browser.get("/account/logout").status_code == 200
    assert is_signed_in(browser), "looking at the page must not sign out"
    reply = browser.post("/account/logout")
    assert reply.status_code == 303 and reply.location == "/"
    assert not is_signed_in(browser)
    assert {path for _, path, _ in browser._cookies} == {"/account"}, "public pages are shared again"


def test_a_change_of_password_ends_every_other_session(app):
    reader, here, there, remembered = make_account(), visit(app), visit(app), visit(app)
    sign_in(here, reader)
    sign_in(there, reader)
    remembered.post("/account/login", data={"email": reader.email, "password": PASSWORD, "remember": "y"})
    remembered.delete_cookie("masthead")
    changed = here.post("/account/password", data={"current": PASSWORD, "password": NEW})
    assert changed.status_code == 303
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert not is_signed_in(remembered)
    assert try_password(visit(app), reader.email, PASSWORD).status_code == 422
    assert try_password(visit(app), reader.email, NEW).status_code == 303


def test_a_reset_ends_every_session_and_signs_in_afresh(app):
    reader, here, there = make_account(), visit(app), visit(app)
    sign_in(there, reader)
    here.post("/account/forgot", data={"email": reader.email})
    path = link(app, reader.email, "reset")
    assert here.get(path).status_code == 200
    assert here.post(path, data={"password": "short"}).status_code == 422, "a refused password spends nothing"
    assert here.post(path, data={"password": NEW}).status_code == 303
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert here.post(path, data={"password": "a third long password"}).status_code == 410


def test_links_sent_before_a_change_of_password_open_nothing(app):
    reader, here = make_account(), visit(app)
    here.post("/account/link", data={"email": reader.email})
    here.post("/account/forgot", data={"email": reader.email})
    sign_in(here, reader)
    here.post("/account/password", data={"current": PASSWORD, "password": NEW})
    for kind in ("link", "reset"):
        assert visit(app).get(link(app, reader.email, kind)).status_code == 410


def test_the_remember_cookie_signs_in_again_when_the_session_is_gone(app):
    reader, browser = make_account(), visit(app)
    browser.post("/account/login", data={"email": reader.email, "password": PASSWORD, "remember": "y"})
    cookie = browser.get_cookie("masthead_remember")
    assert cookie is not None and cookie.http_only and cookie.same_site == "Lax"
    browser.delete_cookie("masthead")
    assert is_signed_in(browser)


def test_without_the_tick_nothing_outlives_the_session(app):
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    assert browser.get_cookie("masthead_remember") is None
    browser.delete_cookie("masthead")
    assert not is_signed_in(browser)


def test_nothing_of_the_session_before_survives_signing_in(app):
    reader, browser = make_account(), visit(app)
    with browser.session_transaction() as session:
        session["planted"] = "by somebody else"
    sign_in(browser, reader)
    with browser.session_transaction() as session:
        assert "planted" not in session


@pytest.mark.parametrize("address", ["/", "/account/login", "/account/register", "/account/link", "/account/forgot"])
def test_visitors_get_no_cookie(app, address):
    reply = visit(app).get(address)
    assert reply.status_code == 200
    assert "Set-Cookie" not in reply.headers
    assert "Cookie" not in reply.headers.get("Vary", "")


def test_the_front_page_is_shared_by_visitors_and_private_to_readers(app):
    reader, browser = make_account(), visit(app)
    assert "public" in browser.get("/").headers["Cache-Control"]
    sign_in(browser, reader)
    reply = browser.get("/")
    assert reply.headers["Cache-Control"] == "private, no-store"
    assert "Set-Cookie" not in reply.headers


@pytest.mark.parametrize(
    "address", ["", "/login", "/register", "/link", "/link/unknown", "/reset/unknown", "/verify/unknown", "/nowhere"]
)
def test_pages_of_accounts_are_private_and_not_indexed(app, address):
    browser = visit(app)
    sign_in(browser, make_patron())
    for who in (browser, visit(app)):
        reply = who.get(f"/account{address}")
        if address != "/nowhere":
            assert reply.headers["Cache-Control"] == "private, no-store"
            assert reply.headers["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "/" + "a" * 600,
        "///evil.example",
        "evil.example",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(app, path):
    reader = make_account()
    for given in ({"query_string": {"next": path}}, {"data": {"next": path}}):
        browser = visit(app)
        data = {"email": reader.email, "password": PASSWORD} | given.get("data", {})
        reply = browser.post("/account/login", data=data, query_string=given.get("query_string"))
        assert (reply.status_code, reply.location) == (303, "/account")
        again = browser.get("/account/login", query_string={"next": path})
        assert again.location == "/account", "who is signed in already is sent on by the same rule"


def test_a_page_of_ours_is_gone_back_to(app):
    reader, browser = make_account(), visit(app)
    page = browser.get("/account/name")
    assert page.location == "/account/login?next=/account/name"
    reply = browser.post(page.location, data={"email": reader.email, "password": PASSWORD})
    assert reply.location == "/account/name"


def test_an_eleventh_wrong_password_is_not_looked_at_in_any_process(two_sites):
    stay_in_one_window()
    with two_sites[0].app_context():
        reader = make_account().email
    for number in range(10):
        site = two_sites[number % 2]
        assert try_password(visit(site, f"192.0.2.{number}"), reader).status_code == 422
    for site in two_sites:
        reply = try_password(visit(site, "192.0.2.77"), reader.upper(), PASSWORD)
        assert reply.status_code == 429, "the right one does not help either"
        assert 0 < int(reply.headers["Retry-After"]) <= 900
        assert "Try again in" in reply.text
    assert try_password(visit(two_sites[0], "192.0.2.77"), "another@example.org").status_code == 422


def test_one_address_may_not_try_many_names(app):
    stay_in_one_window()
    browser = visit(app, "2001:db8:1:2::1")
    for number in range(50):
        now = utcnow()
        with app.test_request_context(environ_base={"REMOTE_ADDR": f"2001:db8:1:2::{number + 1:x}"}):
            limits.count_password(f"name{number}@example.org", now)
    assert try_password(browser, "fresh@example.org").status_code == 429
    assert try_password(visit(app, "2001:db8:1:3::1"), "fresh@example.org").status_code == 422


def test_right_passwords_do_not_count(app):
    reader = make_account()
    for _ in range(12):
        assert try_password(visit(app), reader.email, PASSWORD).status_code == 303


def test_the_limit_ends_with_its_window(app):
    stay_in_one_window()
    reader = make_account()
    for _ in range(11):
        try_password(visit(app), reader.email)
    begin_write()
    for row in db.session.scalars(db.select(Attempts)):
        row.window -= timedelta(minutes=15)
    db.session.commit()
    assert try_password(visit(app), reader.email, PASSWORD).status_code == 303


def test_limits_keep_no_address(app):
    try_password(visit(app, "192.0.2.9"), "somebody@example.org")
    kept = " ".join(db.session.scalars(db.select(Attempts.bucket)))
    assert kept and "somebody" not in kept and "192.0.2" not in kept


def test_six_letters_in_an_hour_are_too_many(app):
    stay_in_one_window()
    for _ in range(5):
        assert visit(app).post("/account/link", data={"email": "r@example.org"}).status_code == 200
    for form in ("link", "forgot"):
        reply = visit(app).post(f"/account/{form}", data={"email": "R@example.org "})
        assert reply.status_code == 429


def test_two_clicks_at_once_spend_a_letter_once(two_sites):
    with two_sites[0].app_context():
        reader = make_account().email
    visit(two_sites[0]).post("/account/link", data={"email": reader})
    path = link(two_sites[0], reader, "link")
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda number: visit(two_sites[number % 2]).post(path).status_code, range(4)))
    assert sorted(replies) == [303, 410, 410, 410]


def test_two_letters_at_once_make_one_account(two_sites):
    paths = []
    for _ in range(2):
        visit(two_sites[0]).post("/account/link", data={"email": "new@example.org"})
        paths.append(link(two_sites[0], "new@example.org", "link"))
    assert paths[0] != paths[1]
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda n: visit(two_sites[n]).post(paths[n]).status_code, range(2)))
    assert replies == [303, 303]


def test_an_old_hash_is_made_anew_without_ending_sessions(app):
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    reader, browser = make_account(password_hash=old), visit(app)
    sign_in(browser, reader)
    db.session.rollback()
    known = Account.by_email(reader.email)
    assert known is not None and known.password_hash != old
    assert is_signed_in(browser)
    assert try_password(visit(app), reader.email, PASSWORD).status_code == 303
