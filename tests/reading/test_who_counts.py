"""Whom the door counts: a browser by its pointer, a network by its new readers, a member by the account."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeSerializer

from blueprints.metering.pointer import COOKIE
from models import Article, MeterRead, db
from models.metering import FRESH_A_DAY
from tests.conftest import browser
from tests.makers import make_account, make_editor, make_patron, sign_in
from tests.reading.door import (
    ON_EVERY_LEDGER,
    PRIVATE,
    REST,
    ask,
    client_gets_a_shell,
    counted,
    has_button,
    is_open,
    metered,
    opens,
    page,
    press,
)

# Cookies


@ON_EVERY_LEDGER
def test_deleting_cookies_does_not_open_the_archive(app: Flask, story: Article) -> None:
    def fresh(address: str = "203.0.113.9") -> FlaskClient:
        one = browser(app)
        one.environ_base["REMOTE_ADDR"] = address
        return one

    known = fresh()
    assert opens(known, story)
    assert [opens(fresh(), story) for _ in range(FRESH_A_DAY)] == [True] * (FRESH_A_DAY - 1) + [False]
    crowded = ask(fresh(), story)
    assert crowded.status_code == 200 and crowded.json["access"] == "crowded" and "Set-Cookie" not in crowded.headers
    assert "Many new readers came from your network today." in crowded.json["html"]
    assert press(fresh(), story).status_code == 403
    assert opens(known, metered()), "who came before goes on"
    assert opens(fresh("203.0.113.10"), story), "another network has its own"
    member = fresh()
    sign_in(member, make_account())
    assert opens(member, story), "who signs in is known"


def test_an_ipv6_household_is_one_network(app: Flask, story: Article) -> None:
    for number in range(FRESH_A_DAY + 1):
        one = browser(app)
        one.environ_base["REMOTE_ADDR"] = f"2001:db8:1:2::{number + 1:x}"
        said = ask(one, story).json["access"]
    assert said == "crowded"


def forged(app: Flask) -> list[str]:
    good = str(URLSafeSerializer(app.config["SECRET_KEY"], salt="reader").dumps("number"))
    return [
        good[:-1],
        str(URLSafeSerializer("another key", salt="reader").dumps("number")),
        str(URLSafeSerializer(app.config["SECRET_KEY"], salt="receipt").dumps("number")),
        "x" * 4000,
        good + "." * 300,
        "..",
        "%00%ff",
        "account:1",
        "",
    ]


def test_a_pointer_that_is_not_ours_is_nobodys(app: Flask, story: Article) -> None:
    for value in forged(app):
        one = browser(app)
        one.set_cookie(COOKIE, value)
        assert client_gets_a_shell(one, story)
        reply = ask(one, story)
        assert is_open(reply) and f"{COOKIE}=" in reply.headers["Set-Cookie"], "a new reader, who counts as one"
    readers = db.session.scalars(db.select(MeterRead.reader)).all()
    assert len(set(readers)) == len(readers) == len(forged(app))
    assert all(re.fullmatch("visitor:[0-9a-f]{32}", reader) for reader in readers)


def test_no_address_of_a_network_is_kept_anywhere(app: Flask, story: Article, settings: dict) -> None:
    places = ("203.0.113.77", "2001:db8:77::77", "2001:db8:77:0:")
    for address in places[:2]:
        one = browser(app)
        one.environ_base["REMOTE_ADDR"] = address
        assert opens(one, story) and is_open(one.get(press(one, metered()).location))
        one.post(f"{page(story)}/seen", headers={"User-Agent": "Firefox"})
        sign_in(one, make_account())
        assert opens(one, metered())
    db.session.rollback()
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(table.select()):
            assert not any(address in str(value) for value in row for address in places), table.name
    for file in settings["DATA"].rglob("*"):
        if file.is_file():
            assert not any(address.encode() in file.read_bytes() for address in places), file.name


# Accounts


@ON_EVERY_LEDGER
def test_a_members_count_follows_the_account(app: Flask, story: Article) -> None:
    member = make_account()
    phone, desk = browser(app), browser(app)
    for one in (phone, desk):
        sign_in(one, member)
    second, third = metered(), metered()
    first = ask(phone, story)
    assert first.json["left"] == 2 and "of your 3 stories" in first.json["line"] and "Set-Cookie" not in first.headers
    assert is_open(desk.get(page(story))) and desk.get(page(story)).headers["Cache-Control"] == PRIVATE
    assert opens(desk, second) and opens(phone, third)
    assert not opens(desk, fourth := metered()) and not opens(phone, fourth)
    shown = desk.get(page(fourth)).text
    assert "You have read your three stories" in shown and not has_button(shown) and "leaves you" not in shown


def test_a_member_is_told_before_and_after(app: Flask, client: FlaskClient, story: Article) -> None:
    sign_in(client, make_account())
    before = client.get(page(story)).text
    assert "You have 3 stories left this month." in before and "Reading this one leaves you 2" in before
    assert press(client, story).status_code == 303
    after = client.get(page(story)).text
    assert REST in after and "does not count again. 2 of your 3 stories left" in after


@ON_EVERY_LEDGER
def test_signing_in_brings_along_what_was_read(app: Flask, client: FlaskClient, story: Article) -> None:
    member, second = make_account(), metered()
    assert opens(client, story) and opens(client, second)
    for _ in range(2):
        sign_in(client, member)
        again = ask(client, story)
        assert is_open(again) and again.json["left"] == 1
        client.post("/account/logout")
    assert opens(client, story) and not opens(client, metered()), "signing out gives nothing new"
    sign_in(client, member)
    assert ask(client, third := metered()).json["left"] == 0
    assert not opens(client, metered()) and opens(client, third)


@ON_EVERY_LEDGER
def test_what_two_browsers_bring_is_counted_once_each(app: Flask, story: Article) -> None:
    member, one, two = make_account(), browser(app), browser(app)
    second, third = metered(), metered()
    assert opens(one, story) and opens(one, second) and opens(two, second) and opens(two, third)
    sign_in(one, member)
    sign_in(two, member)
    told = ask(one, third)
    assert is_open(told) and told.json["left"] == 0
    assert not opens(two, metered())


def test_more_than_the_limit_brought_along_is_shown_as_none_left(app: Flask) -> None:
    member = make_account()
    for number in range(2):
        one = browser(app)
        assert opens(one, metered()) and opens(one, metered())
        sign_in(one, member)
        assert ask(one, metered()).json["left"] == 0 or number
    assert not opens(one, metered())


@pytest.mark.parametrize("make", [make_patron, make_editor])
def test_patrons_and_staff_read_without_a_count(client: FlaskClient, story: Article, make: Any) -> None:
    sign_in(client, make())
    assert is_open(client.get(page(story)))
    for one in (story, metered(), metered(), metered()):
        reply = ask(client, one)
        assert is_open(reply) and reply.json["left"] is None and reply.json["line"] == ""
    assert counted() == 0
    assert client.get(f"{page(story)}/read").location == page(story), "which is theirs already"


def test_a_released_text_is_nobodys_page(app: Flask, client: FlaskClient, story: Article) -> None:
    """The text is made once for all: whoever asked first leaves nothing of theirs in it."""
    member = make_account("first@example.org")
    sign_in(client, member)
    assert "first@example.org" not in ask(browser(app), story).text
    own = ask(client, story).json["html"]
    assert REST in own and "first@example.org" not in ask(browser(app), story).text
