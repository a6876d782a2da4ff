"""Where a reader is signed in: rows that end one by one, and the letter about a browser not seen before."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event

from blueprints.ops.commands import sweep
from models import Account, SignIn, begin_write, db, utcnow
from models.sign_in import BRIEF, KEPT, REMEMBERED, SEEN_EVERY
from models.user_agent import describe
from tests.accounts_tools import is_signed_in, letters, visit
from tests.makers import PASSWORD, make_account, sign_in

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
EDGE = f"{CHROME.replace('X11; Linux x86_64', 'Windows NT 10.0; Win64; x64')} Edg/140.0.0.0"
KIWI = CHROME.replace("X11; Linux x86_64", "Linux; Android 15; Pixel 9")


def browser(app: Flask, agent: str = FIREFOX, address: str = "192.0.2.1"):
    client = visit(app, address)
    client.environ_base["HTTP_USER_AGENT"] = agent
    return client


def move_back(by: timedelta) -> None:
    """Make every sign-in older."""
    begin_write()
    for row in db.session.scalars(db.select(SignIn)):
        row.began_at, row.seen_at, row.expires_at = (t - by for t in (row.began_at, row.seen_at, row.expires_at))
        row.ended_at = row.ended_at and row.ended_at - by
    db.session.commit()


def numbers(client) -> dict[str, str]:
    """The sign-ins on the page: browser -> the number that ends it."""
    text = client.get("/account/sessions").text
    return dict(re.findall(r"<h2>([^<]+)</h2>.*?name=\"end\" value=\"(\d+)\"", text, re.S))


@contextmanager
def counted() -> Iterator[list[str]]:
    """The SQL statements that are run meanwhile."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (SAFARI, "Safari on an iPhone"),
        (SAFARI.replace("Version/18.0", "CriOS/140.0"), "Chrome on an iPhone"),
        (CHROME, "Chrome on Linux"),
        (EDGE, "Edge on Windows"),
        (KIWI, "Chrome on Android"),
        (CHROME.replace("X11; Linux x86_64", "Macintosh; Intel Mac OS X 10_15_7"), "Chrome on a Mac"),
        (CHROME.replace("X11; Linux x86_64", "X11; CrOS x86_64"), "Chrome on a Chromebook"),
        ("curl/8.0", "A browser"),
        ("", "A browser"),
        ("<script>alert(1)</script> Linux", "A browser on Linux"),
    ],
)
def test_a_browser_is_called_what_people_call_it(agent, words):
    assert describe(agent) == words


def test_the_page_names_each_browser_and_marks_this_one(app):
    reader, here, there = make_account(), browser(app), browser(app, SAFARI)
    sign_in(here, reader)
    sign_in(there, reader)
    sign_in(browser(app, CHROME), make_account())
    assert set(numbers(here)) == {"Firefox on Windows", "Safari on an iPhone"}
    mine = here.get("/account/sessions").text.partition("This one.")
    assert mine[1] and mine[0].rstrip().endswith("<b>") and "Firefox" in mine[0].rpartition("<li>")[2]
    assert "/account/sessions" in here.get("/account").text


def test_one_browser_is_ended_and_the_others_go_on(app):
    reader, here, there, third = make_account(), browser(app), browser(app, SAFARI), browser(app, CHROME)
    for client in (here, there, third):
        sign_in(client, reader)
    assert here.post("/account/sessions", data={"end": numbers(here)["Safari on an iPhone"]}).status_code == 303
    assert [is_signed_in(client) for client in (here, there, third)] == [True, False, True]
    assert set(numbers(here)) == {"Firefox on Windows", "Chrome on Linux"}


def test_all_others_are_ended_and_this_one_goes_on(app):
    reader, here, there, stranger = make_account(), browser(app), browser(app, SAFARI), browser(app, CHROME)
    sign_in(here, reader)
    sign_in(there, reader)
    sign_in(stranger, make_account())
    here.post("/account/sessions", data={"end": "others"})
    assert [is_signed_in(client) for client in (here, there, stranger)] == [True, False, True]


@pytest.mark.parametrize("wish", ["all", "this one"])
def test_ending_this_one_too_signs_out_here(app, wish):
    reader, here, there = make_account(), browser(app), browser(app, SAFARI)
    sign_in(here, reader)
    sign_in(there, reader)
    end = "all" if wish == "all" else numbers(here)["Firefox on Windows"]
    reply = here.post("/account/sessions", data={"end": end})
    assert (reply.status_code, reply.location) == (303, "/")
    assert not is_signed_in(here)
    assert is_signed_in(there) == (wish != "all")
    assert here.get_cookie("masthead") is None and here.get_cookie("masthead_remember") is None


def test_nobody_ends_somebody_elses(app):
    here, other = browser(app), browser(app, SAFARI)
    sign_in(here, make_account())
    sign_in(other, make_account())
    here.post("/account/sessions", data={"end": numbers(other)["Safari on an iPhone"]})
    assert is_signed_in(other)
    for nonsense in ("", "-1", "x", "9" * 40, "²"):
        assert here.post("/account/sessions", data={"end": nonsense}).status_code == 404


def test_a_remembered_browser_is_ended_too(app):
    reader, here, there = make_account(), browser(app), browser(app, SAFARI)
    sign_in(here, reader)
    there.post("/account/login", data={"email": reader.email, "password": PASSWORD, "remember": "y"})
    there.delete_cookie("masthead")
    here.post("/account/sessions", data={"end": "others"})
    assert not is_signed_in(there)


def test_a_stolen_cookie_is_worth_nothing_after_signing_out(app):
    reader, here, thief = make_account(), browser(app), browser(app)
    sign_in(here, reader)
    thief.set_cookie("masthead", here.get_cookie("masthead").value)
    assert is_signed_in(thief)
    here.post("/account/logout")
    assert not is_signed_in(thief)


def test_signing_in_again_in_one_browser_leaves_one_row(app):
    reader, here = make_account(), browser(app)
    for _ in range(3):
        sign_in(here, reader)
    assert len(numbers(here)) == 1
    db.session.rollback()
    assert len(SignIn.live(reader.id, utcnow())) == 1


def test_the_reader_is_loaded_by_one_query_which_writes_nothing(app):
    reader, here = make_account(), browser(app)
    sign_in(here, reader)
    with counted() as seen:
        here.get("/account/name")
    assert len([s for s in seen if "sign_in" in s or "account" in s]) == 1
    assert not [s for s in seen if s.startswith(("UPDATE", "INSERT"))]


def test_last_use_is_written_down_once_an_hour(app):
    reader, here = make_account(), browser(app)
    sign_in(here, reader)
    move_back(SEEN_EVERY)
    with counted() as first, counted() as seen:
        here.get("/account/name")
    assert [s for s in seen if s.startswith("UPDATE sign_in")] and first
    with counted() as seen:
        here.get("/account/name")
    assert not [s for s in seen if s.startswith("UPDATE")]
    db.session.rollback()
    assert utcnow() - db.session.scalar(db.select(SignIn.seen_at)) < timedelta(minutes=1)


def test_a_sign_in_lasts_sixty_days_when_it_is_to_be_remembered(app):
    reader, here = make_account(), browser(app)
    here.post("/account/login", data={"email": reader.email, "password": PASSWORD, "remember": "y"})
    move_back(REMEMBERED - timedelta(minutes=1))
    assert is_signed_in(here)
    move_back(timedelta(minutes=2))
    assert not is_signed_in(here), "use does not prolong it: the cookie says sixty days too"


def test_one_that_is_not_remembered_lasts_while_it_is_used(app):
    reader, here = make_account(), browser(app)
    sign_in(here, reader)
    for _ in range(3):
        move_back(BRIEF - timedelta(minutes=1))
        assert is_signed_in(here)
    move_back(BRIEF + timedelta(minutes=1))
    assert not is_signed_in(here)


def test_the_database_keeps_no_secret_and_no_address(app):
    here = browser(app, address="192.0.2.55")
    sign_in(here, make_account())
    with here.session_transaction() as session:
        secret = session["_user_id"]
    db.session.rollback()
    row = db.session.scalars(db.select(SignIn)).one()
    kept = " ".join(str(getattr(row, column.key)) for column in SignIn.__table__.columns)
    assert len(secret) > 40 and secret not in kept and "192.0.2" not in kept and FIREFOX not in kept


# A browser not seen before


def told(app: Flask, to: str) -> list[str]:
    return [m.get_content() for m in letters(app, to) if "A new browser" in m["Subject"]]


def test_a_browser_not_seen_before_is_told_of(app):
    reader = make_account()
    sign_in(browser(app), reader)
    assert told(app, reader.email) == [], "the very first sign-in is no news"
    sign_in(browser(app, SAFARI, "198.51.100.7"), reader)
    [text] = told(app, reader.email)
    assert "Safari on an iPhone" in text and "(Europe/Amsterdam)" in text and f"{utcnow().year}, " in text
    assert "http://127.0.0.1:5000/account/sessions" in text and "198.51" not in text


def test_a_known_browser_is_known_by_its_cookie_wherever_it_is(app):
    reader, here = make_account(), browser(app)
    sign_in(here, reader)
    here.post("/account/logout")
    here.environ_base |= {"REMOTE_ADDR": "198.51.100.7", "HTTP_USER_AGENT": EDGE}
    sign_in(here, reader)
    assert told(app, reader.email) == []


def test_the_same_kind_of_browser_on_the_same_network_is_known_without_a_cookie(app):
    reader = make_account()
    sign_in(browser(app), reader)
    sign_in(browser(app), reader)
    assert told(app, reader.email) == []
    sign_in(browser(app, EDGE), reader)
    assert len(told(app, reader.email)) == 1, "another browser there is news"


def test_a_forged_device_cookie_is_no_acquaintance(app):
    reader, stranger = make_account(), browser(app, SAFARI, "198.51.100.7")
    sign_in(browser(app), reader)
    for value in ("forged", "", "InYyallNSHoyTzVETmVVWUVEQlZxS1Ei.x"):
        stranger.set_cookie("masthead_device", value, path="/account")
        sign_in(stranger, reader)
    assert len(told(app, reader.email)) == 1


def test_an_address_that_nobody_has_proven_gets_no_such_letter(app):
    reader = make_account("unproven@example.org", verified=False)
    sign_in(browser(app), reader)
    sign_in(browser(app, SAFARI, "198.51.100.7"), reader)
    assert told(app, reader.email) == []


def test_the_cookie_of_a_browser_is_set_at_sign_in_only_and_sent_to_these_pages_only(app):
    reader, here = make_account(), browser(app)
    sign_in(here, reader)
    cookie = here.get_cookie("masthead_device", path="/account")
    assert cookie is not None and cookie.http_only and cookie.same_site == "Lax"
    here.post("/account/logout")
    assert here.get("/").headers["Cache-Control"].startswith("public")


# What is forgotten


def test_the_worker_forgets_old_rows_but_each_accounts_last(app):
    reader, other = make_account(), make_account()
    for who in (reader, reader, other):
        client = browser(app)
        sign_in(client, who)
        client.post("/account/logout")
    move_back(KEPT + BRIEF)
    app.config["STRIPE_SECRET_KEY"] = ""
    sweep()
    left = dict(db.session.execute(db.select(SignIn.account_id, db.func.count()).group_by(SignIn.account_id)).all())
    assert left == {reader.id: 1, other.id: 1}
    sign_in(browser(app, SAFARI, "198.51.100.7"), reader)
    assert len(told(app, reader.email)) == 1, "after years a stranger is still told of"


def test_sign_ins_go_with_their_account(app):
    reader = make_account()
    sign_in(browser(app), reader)
    begin_write()
    db.session.execute(db.delete(Account).where(Account.id == reader.id))
    db.session.commit()
    assert db.session.scalar(db.select(db.func.count(SignIn.id))) == 0
