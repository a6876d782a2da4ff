"""Old addresses: kept in one step, whatever moves again, and told apart by their query."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import Redirect, Tag, begin_write, db
from models.article import Status
from tests.makers import keep, make_article, make_category


def moved(*steps: tuple[str, str]) -> dict[str, str]:
    """What is kept after these moves."""
    begin_write()
    for old, new in steps:
        Redirect.keep(old, new)
    db.session.commit()
    return {row.path: row.target for row in db.session.scalars(db.select(Redirect))}


def test_a_chain_is_one_step(app: Flask) -> None:
    assert moved(("/a", "/b"), ("/b", "/c"), ("/c", "/d")) == {"/a": "/d", "/b": "/d", "/c": "/d"}


def test_moving_back_and_forth_makes_no_loop(app: Flask) -> None:
    assert moved(("/a", "/b"), ("/b", "/a")) == {"/b": "/a"}
    assert moved(("/a", "/b")) == {"/a": "/b"}
    assert moved(("/a", "/b"), ("/b", "/c"), ("/c", "/a")) == {"/b": "/a", "/c": "/a"}


def test_an_address_that_answers_again_leads_nowhere_else(app: Flask) -> None:
    moved(("/old", "/taken"))
    assert moved(("/story", "/old")) == {"/story": "/old"}


def test_keeping_twice_is_keeping_once(app: Flask) -> None:
    once = moved(("/2018/12/x/", "/articles/x"), ("/?p=42", "/articles/x"))
    assert moved(("/2018/12/x/", "/articles/x"), ("/?p=42", "/articles/x")) == once
    assert once == {"/2018/12/x": "/articles/x", "/?p=42": "/articles/x"}


def test_to_itself_is_nothing(app: Flask) -> None:
    assert moved(("/a/", "/a"), ("/a", "/a?b=1")) == {}


def test_a_target_with_a_query_closes_no_loop(app: Flask) -> None:
    assert moved(("/a", "/b?x=1"), ("/b", "/c"), ("/c", "/a")) == {"/b": "/a", "/c": "/a"}
    moved(("/a", "/b?x=1"))
    assert Redirect.leading_from("/b") is None


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("/%E5%AD%9F%e6%99%9a%E8%88%9F/", "/孟晚舟"),
        ("/a//", "/a"),
        ("/", "/"),
        ("/?p=42#more", "/?p=42"),
        ("/a?", "/a"),
        ("/a/?x=%2F", "/a?x=%2F"),
    ],
)
def test_addresses_are_kept_tidy(app: Flask, written: str, kept: str) -> None:
    assert kept in moved((written, "/there"))


def test_a_request_finds_its_query_first_then_its_path(app: Flask) -> None:
    moved(("/", "/home"), ("/?p=42", "/articles/x"), ("/2018/孟", "/articles/meng"))

    def led(path: str, query: str = "") -> str | None:
        found = Redirect.leading_from(path, query)
        return found and found.target

    assert led("/", "p=42") == "/articles/x"
    assert led("/", "p=43") == "/home"
    assert led("/2018/孟/", "utm_source=letter") == "/articles/meng"
    assert led("/2018") is None


# As readers ask


def led(client: FlaskClient, address: str) -> tuple[int, str | None]:
    reply = client.get(address)
    return reply.status_code, reply.headers.get("Location")


def test_who_asks_for_what_moved_is_sent_on_for_good(app: Flask, client: FlaskClient) -> None:
    story = make_article(slug="归舟")
    moved(("/2018/12/guizhou/", "/articles/归舟"), ("/articles/old", "/articles/归舟"), ("/about-us", "/about?x=1"))
    there = "/articles/%E5%BD%92%E8%88%9F"
    for old in ("/2018/12/guizhou/", "/2018/12/guizhou", "/2018/12/guizhou/?utm_source=x", "/2018/12/guizhou/amp/"):
        assert led(client, old) == (301, there), old
    assert led(client, "/2018/12/guizhou/comment-page-2/") == (301, there)
    assert led(client, "/articles/old") == (301, there)
    assert led(client, "/about-us/") == (301, "/about?x=1")
    assert client.head("/articles/old").status_code == 301
    assert client.post("/articles/old").status_code in (404, 405)
    assert led(client, there) == (200, None)
    begin_write()
    story.status = Status.DRAFT
    db.session.commit()
    assert led(client, there)[0] == 404


def test_a_slash_too_many_leads_to_the_page(app: Flask, client: FlaskClient) -> None:
    make_category(slug="society")
    assert led(client, "/category/society/?before=1") == (301, "/category/society?before=1")
    assert led(client, "/category/society/page/3/") == (301, "/category/society")
    assert led(client, "/archive/2026/11/") == (301, "/archive/2026/11")
    assert led(client, "/page/2/") == (301, "/")


def test_archives_of_wordpress_lead_to_ours(client: FlaskClient) -> None:
    assert led(client, "/2021/03/") == led(client, "/2021/03/05") == (301, "/archive/2021/03")
    assert led(client, "/2021/") == (301, "/archive/2021")


def test_feeds_of_wordpress_and_ghost_lead_to_ours(client: FlaskClient) -> None:
    make_category(slug="society")
    keep(Tag(slug="微博", name="#微博#"))
    for old, new in {
        "/feed/": "/feed.xml",
        "/feed": "/feed.xml",
        "/rss/": "/feed.xml",
        "/feed/rss2/": "/feed.xml",
        "/feed/atom/": "/atom.xml",
        "/category/society/feed/": "/category/society/feed.xml",
        "/tag/%E5%BE%AE%E5%8D%9A/rss/": "/tag/%E5%BE%AE%E5%8D%9A/feed.xml",
    }.items():
        assert led(client, old) == (301, new)
        assert client.get(new).status_code == 200


@pytest.mark.parametrize(
    "address",
    ["//evil.example/", "/%2f%2fevil.example/", "/%5cevil.example/", "/nothing", "/a/b/c/", "/%ff/x/", "/a%00b/"]
    + ["/articles/nobody", "/２０２１/", "/\r\nLocation: x/"],
)
def test_nobody_is_led_elsewhere_or_in_a_circle(client: FlaskClient, address: str) -> None:
    seen = []
    while True:
        status, to = led(client, address)
        if status not in (301, 308):
            break
        assert to and to not in seen and not to.replace("http://127.0.0.1:5000", "").startswith(("//", "/\\")), seen
        assert to.startswith(("/", "http://127.0.0.1:5000/"))
        seen.append(address := to)
    assert status in (400, 404)
