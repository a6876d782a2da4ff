"""The door to a metered story: one shell for everybody, and a text that only the server's count lets out."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner, URLSafeSerializer, URLSafeTimedSerializer
from sqlalchemy import Engine, event
from werkzeug.test import TestResponse

from blueprints.magazine.read import AWAY
from blueprints.metering.pointer import COOKIE
from models import Article, MeterRead, Publication, begin_write, db, utcnow
from models.metering import FRESH_A_DAY, Access, Mode
from tests import services
from tests.conftest import browser, open_site
from tests.makers import make_account, make_article, make_editor, make_patron, sign_in

JSON = {"Accept": "application/json"}
TEASER, REST = "What everybody may read.", "The words behind the wall."
SOURCE = f"{TEASER}\n\n<!-- open until here -->\n\n{REST}\n\nAnd more of them."
PRIVATE = "private, no-store"
PREFETCHING = [
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Sec-Purpose": "Prefetch;anonymous-client-ip"},
    {"Purpose": "prefetch"},
    {"X-Moz": "prefetch"},
    {"X-Moz": "prerender"},
]


@pytest.fixture(scope="module")
def valkey_url() -> Iterator[str]:
    with services.valkey() as url:
        yield url


@pytest.fixture
def cache_url(request: pytest.FixtureRequest) -> str:
    """Where the ledger is: "" in the database; tests that name this run with Valkey too."""
    where = getattr(request, "param", "")
    if where != "valkey":
        return str(where)
    from redis import Redis

    url = str(request.getfixturevalue("valkey_url"))
    with Redis.from_url(url) as valkey:
        valkey.flushall()
    return url


ON_EVERY_LEDGER = pytest.mark.parametrize("cache_url", ["", "valkey"], indirect=True)


@pytest.fixture
def settings(settings: dict, cache_url: str) -> dict:
    return settings | {"METER_ANONYMOUS": "2", "METER_MEMBER": "3", "CACHE_URL": cache_url}


@pytest.fixture
def story(app: Flask) -> Article:
    return metered()


def metered(**given: Any) -> Article:
    return make_article(SOURCE, access=Access.METERED, **given)


def page(story: Article) -> str:
    return f"/articles/{story.slug}"


def ask(client: FlaskClient, story: Article, **headers: str) -> TestResponse:
    """As meter.js does."""
    return client.post(f"{page(story)}/read", headers=JSON | headers)


def press(client: FlaskClient, story: Article) -> TestResponse:
    """The button, without script."""
    return client.post(f"{page(story)}/read", headers={"Accept": "text/html,*/*;q=0.8"})


def is_open(reply: TestResponse) -> bool:
    """Whether the text came; a page says nothing else that could be taken for it."""
    if reply.is_json and reply.status_code == 200:
        assert (reply.json["access"] == "open") is (REST in reply.json["html"])
    return REST in reply.text


def opens(client: FlaskClient, story: Article) -> bool:
    return is_open(ask(client, story))


def has_button(html: str) -> bool:
    """Whether a reader without script could ask; a hidden form is for a gift that has been opened."""
    return any("hidden" not in form for form in re.findall(r"<form [^>]*/read\"[^>]*>", html))


def counted() -> int:
    db.session.rollback()
    return db.session.scalar(db.select(db.func.count()).select_from(MeterRead)) or 0


def switch(mode: Mode) -> None:
    begin_write()
    row = Publication.get()
    row.reading_mode = mode
    db.session.add(row)
    db.session.commit()


@contextmanager
def statements() -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


# The shell


def test_every_visitor_gets_the_same_shell(app: Flask, client: FlaskClient, story: Article) -> None:
    other = browser(app)
    fresh = client.get(page(story))
    assert opens(client, story) and opens(client, metered()) and not opens(client, metered())
    for _ in range(2):  # made anew, for the stories above are news; then kept
        shells = [one.get(page(story)) for one in (client, other)]
        assert shells[0].data == shells[1].data
        assert list(shells[0].headers) == list(shells[1].headers)
    for shell in (fresh, *shells):
        assert shell.headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
        assert shell.headers["ETag"] and "Set-Cookie" not in shell.headers
        assert "cookie" not in shell.headers.get("Vary", "").lower()
        assert TEASER in shell.text and not is_open(shell)


def test_the_shell_names_no_number(client: FlaskClient, story: Article) -> None:
    """A limit may change at any moment, and a count is somebody's own."""
    wall = re.search(r'<section class="wall".*?</section>', client.get(page(story)).text, re.DOTALL)
    assert wall and f'action="{page(story)}/read"' in wall[0]
    words = re.sub(r"<[^>]+>|€5", " ", wall[0])
    assert not re.search(r"\d|\b(one|two|three) (free )?(story|stories|left)", words), words


def test_a_free_storys_shell_carries_its_text(client: FlaskClient) -> None:
    free = make_article(SOURCE)
    shell = client.get(page(free))
    assert is_open(shell) and "meter.js" not in shell.text and "data-ask" not in shell.text


@pytest.mark.parametrize("access", [Access.METERED, Access.MEMBERS, Access.PATRONS, Access.PATRONS_FIRST])
def test_no_part_of_a_closed_page_has_the_text(client: FlaskClient, access: Access) -> None:
    closed = make_article(SOURCE, access=access)
    whole = client.get(page(closed))
    assert TEASER in whole.text
    tag = {"If-None-Match": whole.headers["ETag"]}
    for reply in (
        whole,
        client.head(page(closed)),
        client.get(page(closed), headers={"Range": "bytes=0-100000"}),
        client.get(page(closed), headers=JSON),
        client.get(page(closed), headers=tag),
        client.get(f"{page(closed)}?order=oldest"),
        client.get(f"{page(closed)}/read"),
        client.head(f"{page(closed)}/read"),
        client.get(f"{page(closed)}/read", headers={"Range": "bytes=0-100000"}),
    ):
        assert not is_open(reply)
    assert client.get(page(closed), headers=tag).status_code == 304


# Asking


@ON_EVERY_LEDGER
def test_a_script_gets_the_text_the_count_and_the_line(client: FlaskClient, story: Article) -> None:
    reply = ask(client, story)
    assert reply.headers["Cache-Control"] == PRIVATE and reply.headers["X-Robots-Tag"] == "noindex"
    assert set(reply.json) == {"access", "left", "resets_at", "html", "line"}
    assert (reply.json["access"], reply.json["left"]) == ("open", 1) and REST in reply.json["html"]
    assert reply.json["resets_at"] > utcnow().isoformat()
    assert "This is the first of your 2 free stories" in reply.json["line"] and "1 left until" in reply.json["line"]
    second = ask(client, metered())
    assert second.json["left"] == 0 and "This is the last of your 2 free stories" in second.json["line"]
    third = ask(client, metered())
    assert third.status_code == 200 and not is_open(third)
    assert (third.json["access"], third.json["left"], third.json["line"]) == ("used-up", 0, "")
    assert "You have read your two free stories" in third.json["html"] and not has_button(third.json["html"])
    assert third.headers["Cache-Control"] == PRIVATE and "Set-Cookie" not in third.headers


@ON_EVERY_LEDGER
def test_reading_again_is_free_and_says_so(client: FlaskClient, story: Article) -> None:
    for _ in range(4):
        again = ask(client, story)
        assert is_open(again) and again.json["left"] == 1
    assert "so it does not count again. 1 of your 2 free stories left" in again.json["line"]
    assert opens(client, metered()) and not opens(client, metered()) and opens(client, story)


def test_a_story_that_is_not_there_or_not_out(client: FlaskClient) -> None:
    later = metered(published_at=utcnow() + timedelta(hours=1))
    assert ask(client, later).status_code == 404 and client.get(f"{page(later)}/read").status_code == 404
    assert client.post("/articles/none/read", headers=JSON).status_code == 404
    assert counted() == 0


def test_a_free_story_is_not_counted(client: FlaskClient) -> None:
    free = make_article(SOURCE)
    reply = ask(client, free)
    assert is_open(reply) and reply.json["left"] is None and "Set-Cookie" not in reply.headers and counted() == 0
    sent_on = press(client, free)
    assert sent_on.status_code == 303
    assert client.get(sent_on.location).location == page(free)


def test_the_pointer_is_opaque_and_lasts_as_long_as_it_counts(client: FlaskClient, story: Article) -> None:
    given = ask(client, story).headers["Set-Cookie"]
    assert given.startswith(f"{COOKIE}=") and "HttpOnly" in given and "SameSite=Lax" in given and "Expires" in given
    key = db.session.scalar(db.select(MeterRead.reader))
    assert key and key.removeprefix("visitor:") not in given
    assert "Set-Cookie" not in ask(client, story).headers, "reading again leaves it as it is"
    once_more = ask(client, metered()).headers["Set-Cookie"]
    assert once_more == given, "the same pointer, until the end of the period that counted last"


@pytest.mark.parametrize("headers", PREFETCHING, ids=str)
def test_what_is_fetched_ahead_gets_and_spends_nothing(
    client: FlaskClient, story: Article, headers: dict[str, str]
) -> None:
    for reply in (ask(client, story, **headers), client.get(f"{page(story)}/read", headers=headers)):
        assert reply.status_code == 503 and not is_open(reply) and "Set-Cookie" not in reply.headers
        assert reply.headers["Cache-Control"] == PRIVATE
    assert counted() == 0
    address = press(client, story).location
    for known in (ask(client, story, **headers), client.get(address, headers=headers)):
        assert known.status_code == 503 and not is_open(known), "nor what is open already"


# Without script


@ON_EVERY_LEDGER
def test_a_form_leads_to_a_page_of_ones_own(app: Flask, client: FlaskClient, story: Article) -> None:
    sent_on = press(client, story)
    assert sent_on.status_code == 303 and sent_on.headers["Cache-Control"] == PRIVATE
    assert sent_on.location.startswith(f"{page(story)}/read?receipt=")
    for address in (sent_on.location, sent_on.location, f"{page(story)}/read"):  # reload, and a bookmark
        own = client.get(address)
        assert own.status_code == 200 and is_open(own)
        assert own.headers["Cache-Control"] == PRIVATE and own.headers["X-Robots-Tag"] == "noindex"
        assert "ETag" not in own.headers and "1 of your 2" in own.text or "first of your 2" in own.text
        assert f'rel="canonical" href="http://127.0.0.1:5000{page(story)}"' in own.text
    assert not is_open(client.get(page(story))), "back to the shell, which is everybody's"
    assert press(client, story).status_code == 303, "and on again, for nothing"
    head = client.head(sent_on.location)
    assert head.status_code == 200 and head.data == b"" and head.headers["Cache-Control"] == PRIVATE
    asked_for_part = client.get(sent_on.location, headers={"Range": "bytes=0-9", "If-None-Match": "*"})
    assert asked_for_part.status_code == 200, "no part and no 304 of what nobody keeps"

    stranger = browser(app)
    bare = stranger.get(f"{page(story)}/read")
    assert bare.status_code == 303 and bare.location == page(story) and bare.headers["Cache-Control"] == PRIVATE
    assert is_open(stranger.get(sent_on.location)), "a browser that keeps no cookies has its receipt"
    assert opens(client, metered()) and not opens(client, metered())


def test_a_used_up_form_shows_the_wall(client: FlaskClient, story: Article) -> None:
    assert press(client, story).status_code == press(client, metered()).status_code == 303
    refused = press(client, metered())
    assert refused.status_code == 403 and refused.headers["Cache-Control"] == PRIVATE
    assert TEASER in refused.text and not is_open(refused)
    assert "You have read your two free stories" in refused.text and not has_button(refused.text)


def receipt(app: Flask, content: object, age: int = 0, salt: str = "receipt", key: str = "") -> str:
    """One that was signed some seconds ago."""

    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - age

    signer = URLSafeTimedSerializer(key or app.config["SECRET_KEY"], salt=salt, signer=Earlier)
    return str(signer.dumps(content))


def test_a_receipt_lasts_ten_minutes(app: Flask, client: FlaskClient, story: Article) -> None:
    path = f"{page(story)}/read?receipt="
    assert is_open(client.get(path + receipt(app, [story.id, "meter"], 0)))
    assert is_open(client.get(path + receipt(app, [story.id, "meter"], 598)))
    assert client.get(path + receipt(app, [story.id, "meter"], 602)).status_code == 303
    assert client.get(path + receipt(app, [story.id, "meter"], -60)).status_code == 303, "nor one of a clock to come"


def test_a_receipt_is_ours_and_for_this_story(app: Flask, client: FlaskClient, story: Article) -> None:
    ours = [story.id, "meter"]
    good = receipt(app, ours)
    other = metered()
    for address in (
        f"{page(other)}/read?receipt={good}",
        f"{page(story)}/read?receipt={good[:-2]}",
        f"{page(story)}/read?receipt={receipt(app, ours, key='another key')}",
        f"{page(story)}/read?receipt={receipt(app, ours, salt='reader')}",
        f"{page(story)}/read?receipt={receipt(app, [str(story.id), 'meter'])}",
        f"{page(story)}/read?receipt=%FF%00"[:-3],
        f"{page(story)}/read?receipt=",
    ):
        reply = client.get(address)
        assert reply.status_code == 303 and not is_open(reply), address


@pytest.mark.parametrize("how", ["mode", "access", "limit"])
def test_a_receipt_opens_nothing_that_was_closed_meanwhile(
    app: Flask, client: FlaskClient, story: Article, settings: dict, how: str
) -> None:
    address = press(client, story).location
    assert is_open(client.get(address))
    if how == "limit":
        with another(app, settings, METER_ANONYMOUS="0") as site:
            for one in (browser(site), same_reader(client, site)):
                assert not is_open(one.get(address)) and not opens(one, story)
        return
    if how == "mode":
        switch(Mode.HARD)
    else:
        begin_write()
        story.access = Access.PATRONS
        db.session.commit()
    for one in (client, browser(app)):
        assert one.get(address).status_code == 303 and not opens(one, story)


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


def client_gets_a_shell(client: FlaskClient, story: Article) -> bool:
    reply = client.get(f"{page(story)}/read")
    return reply.status_code == 303 and not is_open(client.get(page(story)))


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


# What the editor changes


@contextmanager
def another(app: Flask, settings: dict, **changed: str) -> Iterator[Flask]:
    """The site started again on the same DATA with other settings."""
    db.session.rollback()
    site = open_site(settings | changed)
    with site.app_context():
        yield site
        db.session.remove()
    db.session.rollback()  # rows of the test's own were read again over there
    with site.app_context():
        db.engine.dispose()


def same_reader(client: FlaskClient, site: Flask) -> FlaskClient:
    one = browser(site)
    kept = client.get_cookie(COOKIE)
    assert kept
    one.set_cookie(COOKIE, kept.value)
    return one


@ON_EVERY_LEDGER
def test_a_changed_limit_acts_at_once(app: Flask, client: FlaskClient, story: Article, settings: dict) -> None:
    second, third, fourth = metered(), metered(), metered()
    assert opens(client, story) and opens(client, second) and not opens(client, third)
    shells = [client.get(page(one)).data for one in (story, third)]
    with another(app, settings, METER_ANONYMOUS="3") as site:  # raised
        one = same_reader(client, site)
        assert [one.get(page(each)).data for each in (story, third)] == shells
        assert opens(one, third) and not opens(one, fourth)
    with another(app, settings, METER_ANONYMOUS="1") as site:  # lowered: what was open stays so
        one = same_reader(client, site)
        assert opens(one, third) and opens(one, story) and not opens(one, fourth)
    with another(app, settings, METER_ANONYMOUS="0") as site:  # a hard wall
        one = same_reader(client, site)
        assert [one.get(page(each)).data for each in (story, third)] == shells
        said = ask(one, story)
        assert not is_open(said) and "The rest opens when you sign in." in said.json["html"]
        assert ask(browser(site), story).json["access"] == "used-up"
        sign_in(one, make_account())
        assert opens(one, story)
    assert opens(client, story)


def test_a_mode_acts_at_once(app: Flask, client: FlaskClient, story: Article) -> None:
    closed = make_article(SOURCE, access=Access.PATRONS)
    assert not is_open(client.get(page(story))) and opens(client, story)
    switch(Mode.HARD)
    assert "This story is for patrons." in client.get(page(story)).text
    said = ask(client, story)
    assert said.json["access"] == "become-patron" and "This story is for patrons." in said.json["html"]
    assert press(client, story).status_code == 403
    assert client.get(f"{page(story)}/read").status_code == 303
    switch(Mode.OPEN)
    for each in (story, closed):
        shell = client.get(page(each))
        assert is_open(shell) and shell.headers["Cache-Control"].startswith("public")
        assert 'href="/donate' in shell.text and 'class="wall"' not in shell.text, "with an ask"
    switch(Mode.METER)
    assert not is_open(client.get(page(story))) and opens(client, story) and not opens(client, closed)
    assert counted() == 1


def test_a_story_set_free_is_open_at_once(client: FlaskClient) -> None:
    closed = make_article(SOURCE, access=Access.PATRONS)
    assert not is_open(client.get(page(closed))) and not opens(client, closed)
    begin_write()
    closed.set_free_at = utcnow()
    db.session.commit()
    assert is_open(client.get(page(closed))) and opens(client, closed)


@ON_EVERY_LEDGER
def test_a_page_of_patrons_first_expires_with_its_date(client: FlaskClient) -> None:
    soon = utcnow() + timedelta(seconds=1.2)
    closed = make_article(SOURCE, access=Access.PATRONS_FIRST, free_from=soon)
    for _ in range(2):
        assert "It opens for everyone on" in client.get(page(closed)).text
        assert ask(client, closed).json["access"] == "become-patron"
    while utcnow() <= soon:
        time.sleep(0.05)
    assert is_open(client.get(page(closed))) and opens(client, closed) and counted() == 0


def test_an_edit_shows_in_the_next_release(client: FlaskClient, story: Article) -> None:
    assert opens(client, story)
    begin_write()
    story.write(SOURCE.replace("And more", "And even more"))
    db.session.commit()
    assert "And even more" in ask(client, story).json["html"]


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("METER_ANONYMOUS", "-1", "METER_ANONYMOUS is '-1': write a whole number"),
        ("METER_ANONYMOUS", "", "METER_ANONYMOUS is '': write a whole number"),
        ("METER_MEMBER", "three", "METER_MEMBER is 'three': write a whole number"),
        ("METER_MEMBER", "2.5", "METER_MEMBER is '2.5': write a whole number"),
        ("METER_PERIOD", "year", "METER_PERIOD is 'year': write day, week, month."),
        ("TIMEZONE", "Amsterdam", "TIMEZONE is 'Amsterdam': write a place such as Europe/Amsterdam."),
        ("TIMEZONE", "../etc", "TIMEZONE is '../etc'"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_setting_that_makes_no_sense_is_refused_with_a_sentence(
    settings: dict, capsys: pytest.CaptureFixture[str], setting: str, value: str, sentence: str
) -> None:
    with pytest.raises(SystemExit) as refused:
        open_site(settings | {setting: value})
    assert refused.value.code == 2 and sentence in capsys.readouterr().err


# When the counter is away


@pytest.mark.parametrize("cache_url", ["redis://127.0.0.1:1/0"], indirect=True)
def test_a_counter_that_is_away_counts_nothing_and_says_so(app: Flask, client: FlaskClient, story: Article) -> None:
    assert client.get(page(story)).status_code == 200
    for _ in range(FRESH_A_DAY + 2):  # however often somebody tries again
        reply = ask(client, story)
    assert reply.status_code == 503 and reply.json == {"error": AWAY} and reply.headers["Cache-Control"] == PRIVATE
    by_form = press(client, story)
    assert by_form.status_code == 503 and AWAY in by_form.text and by_form.headers["Cache-Control"] == PRIVATE
    assert "Set-Cookie" not in reply.headers and "Set-Cookie" not in by_form.headers and counted() == 0
    attempts = db.metadata.tables["attempts"].select()
    assert not [row for row in db.session.execute(attempts) if row.bucket.startswith("fresh-readers")]
    sign_in(client, make_account())
    assert ask(client, story).status_code == 503, "a member can sign in, and waits likewise"
    patron = browser(app)
    sign_in(patron, make_patron())
    assert opens(patron, story), "a patron needs no counter"


# How much is asked


def test_a_released_body_costs_two_queries_at_most(app: Flask, client: FlaskClient, story: Article) -> None:
    second = metered()
    for each in (story, second):
        assert opens(browser(app), each)  # warm
    assert opens(client, story)
    paths = [f"{page(each)}/read" for each in (story, second)]  # else the rows here are read for their slugs
    with statements() as again:
        assert is_open(client.post(paths[0], headers=JSON))
    with statements() as first:
        assert is_open(client.post(paths[1], headers=JSON))
    assert len(again) == 1 and len(first) == 2, (again, first)
    assert "meter_read" in again[0] and not any("body_html" in one for one in again + first)
