"""The door to a metered story: one shell for everybody, and a text that only the server's count lets out."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from blueprints.metering.pointer import COOKIE
from models import Article, MeterRead, db, utcnow
from models.metering import Access
from tests.conftest import browser
from tests.makers import make_article
from tests.reading.door import (
    JSON,
    ON_EVERY_LEDGER,
    PRIVATE,
    REST,
    SOURCE,
    TEASER,
    ask,
    counted,
    has_button,
    is_open,
    metered,
    opens,
    page,
    press,
    statements,
)

PREFETCHING = [
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Sec-Purpose": "Prefetch;anonymous-client-ip"},
    {"Purpose": "prefetch"},
    {"X-Moz": "prefetch"},
    {"X-Moz": "prerender"},
]


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
