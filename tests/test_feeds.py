"""Feeds, sitemaps and robots.txt: sound for any parser, whatever an editor typed, and closed where the page is."""

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote
from xml.etree import ElementTree

import feedparser
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from blueprints.feeds import sitemaps
from models import Article, Category, LiveEntry, Page, Picture, Publication, Tag, Term, begin_write, db, feeding, utcnow
from models.article import Kind, Status
from models.metering import Access
from models.plain import cut, plain
from tests import feed_rules
from tests.makers import (
    NOON,
    keep,
    make_account,
    make_article,
    make_author,
    make_category,
    make_editor,
    make_offer,
    sign_in,
)

FEEDS = ("feed.xml", "atom.xml", "feed.json")
PLACES = ("/", "/category/society/", "/tag/weibo/", "/author/marit/")
CANARY = "kanarienvogel"
GATED = f"The open words.\n\n<!-- open until here -->\n\nThe {CANARY} sings."
# What would end an element, a CDATA section or a comment; beyond the first plane; right to left; no XML at all.
HOSTILE = ']]> </script> <!-- & "quoted" 𠮷野家 👩‍👩‍👧 \u202eenoemos\u202c \x01\x0b\ufffe end'
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def lists(app: Flask) -> dict:
    """A category, a tag and two authors for stories."""
    tag = keep(Tag(slug="weibo", name="#微博#", meaning="Weibo"))
    authors = [make_author(slug="marit", name="Marit"), make_author(slug="bo", name="Bo 博")]
    return {"category": make_category(slug="society", name="Society"), "tags": [tag], "authors": authors}


def ours(mode: str) -> None:
    words = dict.fromkeys("motto colophon wordmark_hanzi publisher address email".split(), "")
    keep(Publication(id=1, gated_in_feeds=mode, **words))


def read(client: FlaskClient, address: str) -> str:
    reply = client.get(address)
    assert reply.status_code == 200, (address, reply.status_code)
    return reply.text


def parsed(client: FlaskClient, address: str) -> feedparser.FeedParserDict:
    """A feed as readers' programs see it, after the strict rules; JSON in the same words."""
    text = read(client, address)
    feed_rules.check(text, address.rpartition("/")[2], f"http://127.0.0.1:5000{quote(address)}")
    if address.endswith(".json"):
        feed = json.loads(text)
        for item in feed["items"]:
            item["link"] = item["url"]
        return feedparser.FeedParserDict(feed=feed, entries=feed["items"])
    found = feedparser.parse(text)
    assert found.bozo == 0, found.get("bozo_exception")
    return found


def titles(client: FlaskClient, address: str) -> list[str]:
    return [entry["title"] for entry in parsed(client, address).entries]


def elements(text: str, name: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(text).iter() if element.tag.endswith("}" + name)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("file", FEEDS)
def test_each_list_has_its_feed_in_three_formats(client: FlaskClient, lists: dict, place: str, file: str) -> None:
    make_article(title="Ours", **lists)
    make_article(title="Elsewhere")
    make_article(title="Draft", status=Status.DRAFT, **lists)
    make_article(title="Tomorrow", published_at=utcnow() + timedelta(days=1), **lists)
    make_article(title="Private", status=Status.PRIVATE, **lists)
    assert titles(client, place + file) == (["Ours", "Elsewhere"] if place == "/" else ["Ours"])
    assert client.get(f"/category/nobody/{file}").status_code == 404
    assert titles(client, "/author/bo/feed.xml") == ["Ours"]


@pytest.mark.parametrize("file", FEEDS)
def test_a_feed_of_nothing_is_a_feed(client: FlaskClient, lists: dict, file: str) -> None:
    assert titles(client, f"/category/society/{file}") == titles(client, f"/{file}") == []


def test_a_story_in_rss(client: FlaskClient, lists: dict) -> None:
    picture = keep(Picture(key="moon", content_type="image/webp", width=40, height=30))
    source = "See [the board](/tag/weibo), [above](#top) and ![moon](/media/moon).\n\nA note.[^1]\n\n[^1]: The source."
    story = make_article(
        source,
        slug="电梯",
        title="The lift",
        picture=picture,
        picture_alt="A moon",
        picture_credit="Drawing: us",
        updated_at=NOON,
        **lists,
    )
    found = parsed(client, "/category/society/feed.xml")
    assert (found.feed.language, found.feed.link) == ("en-GB", "http://127.0.0.1:5000/category/society")
    assert found.feed.title == "Society · Upstairs"
    own = next(link for link in found.feed.links if link.rel == "self")
    assert (own.href, own.type) == ("http://127.0.0.1:5000/category/society/feed.xml", "application/rss+xml")

    entry = found.entries[0]
    address = "http://127.0.0.1:5000/articles/%E7%94%B5%E6%A2%AF"
    assert (entry.link, entry.id, entry.guidislink) == (address, address, False)
    assert 'isPermaLink="true"' in read(client, "/feed.xml")
    assert [author.name for author in entry.authors] == ["Marit", "Bo 博"]
    assert [tag.term for tag in entry.tags] == ["Society", "#微博#"]
    assert parsedate_to_datetime(entry.published) == story.published_at.replace(microsecond=0)
    assert datetime.fromisoformat(entry.updated) == NOON
    assert entry.media_content[0]["url"] == "http://127.0.0.1:5000/media/moon"
    assert (entry.media_content[0]["medium"], entry.media_content[0]["width"]) == ("image", "40")
    assert entry.summary == "What it is about."
    whole = elements(read(client, "/feed.xml"), "encoded")[0]
    assert 'href="http://127.0.0.1:5000/tag/weibo"' in whole
    assert 'src="http://127.0.0.1:5000/media/moon"' in whole
    assert f'href="{address}#fn1"' in whole
    assert "<h2>References</h2>" in whole and "The source." in whole and "Drawing: us" in whole
    assert not re.search(r'(href|src)="(?!http://127\.0\.0\.1:5000/)', whole)


def test_a_story_in_atom_and_json(client: FlaskClient, lists: dict) -> None:
    picture = keep(Picture(key="moon", content_type="image/webp", width=40, height=30))
    story = make_article(title="The lift", slug="lift", picture=picture, updated_at=NOON, **lists)
    address, published = "http://127.0.0.1:5000/articles/lift", f"{story.published_at:%Y-%m-%dT%H:%M:%SZ}"
    entry = parsed(client, "/atom.xml").entries[0]
    assert (entry.id, entry.link, entry.published, entry.updated) == (
        address,
        address,
        published,
        "2026-11-20T12:00:00Z",
    )
    assert [(author.name, author.href) for author in entry.authors][0] == (
        "Marit",
        "http://127.0.0.1:5000/author/marit",
    )
    assert "First paragraph." in entry.content[0].value
    assert entry.enclosures[0].href.endswith("/media/moon")
    feed = parsed(client, "/feed.json").feed
    assert feed["feed_url"] == "http://127.0.0.1:5000/feed.json"
    item = feed["items"][0]
    assert (item["id"], item["url"], item["date_published"]) == (address, address, published)
    assert item["authors"][1] == {"name": "Bo 博", "url": "http://127.0.0.1:5000/author/bo"}
    assert item["image"].endswith("/media/moon") and "Fourth." in item["content_html"]
    assert item["tags"] == ["Society", "#微博#"]


@pytest.mark.parametrize("file", FEEDS)
@pytest.mark.parametrize("access", [Access.METERED, Access.MEMBERS, Access.PATRONS])
@pytest.mark.parametrize("mode", ["teaser", "drop", "whole", ""])
def test_a_gated_text_is_in_no_feed(client: FlaskClient, lists: dict, file: str, access: Access, mode: str) -> None:
    """An unknown mode means a teaser."""
    ours(mode)
    make_article(GATED, title="With", access=access, **lists)
    make_article(GATED, title="Without", standfirst="", access=access, **lists)
    make_article("Something open.", title="Free", **lists)
    for place in PLACES:
        assert CANARY not in read(client, place + file)
        shown = titles(client, place + file)
        assert shown == (["Free"] if mode == "drop" else ["With", "Without", "Free"])
    if mode == "drop":
        return
    told = [str(entry.get("content_html") or entry.get("summary")) for entry in parsed(client, f"/{file}").entries]
    assert "What it is about." in told[0] and "The open words." not in told[0]  # the editor's own words win
    assert "The open words." in told[1]
    assert all("Read the whole story at Upstairs" in words for words in told[:2])
    assert "Read the whole story" not in told[2]


def test_who_is_signed_in_gets_the_same_feed(client: FlaskClient, lists: dict) -> None:
    make_article(GATED, access=Access.MEMBERS)
    before = read(client, "/feed.xml")
    sign_in(client, make_account())
    assert read(client, "/feed.xml") == before


@pytest.mark.parametrize("file", FEEDS)
def test_a_feed_that_leaves_stories_out_is_as_long(client: FlaskClient, lists: dict, file: str) -> None:
    for number in range(feeding.ITEMS + 2):
        hours = timedelta(hours=number)
        make_article(title=f"Free {number}", published_at=NOON - hours, **lists)
        make_article(GATED, title=f"Gated {number}", access=Access.PATRONS, published_at=NOON - hours, **lists)
    assert len(titles(client, f"/{file}")) == feeding.ITEMS
    ours("drop")
    assert titles(client, f"/{file}") == [f"Free {number}" for number in range(feeding.ITEMS)]


def test_a_categorys_own_mode_wins_in_its_own_feed(client: FlaskClient, lists: dict) -> None:
    make_article(GATED, title="Gated", access=Access.PATRONS, **lists)
    make_article(title="Free", **lists)
    category: Category = lists["category"]
    for site, own, expected in (("teaser", "drop", 1), ("drop", "teaser", 2), ("drop", "", 1), ("teaser", "", 2)):
        begin_write()
        db.session.merge(Publication.get()).gated_in_feeds = site
        category.gated_in_feeds = own
        db.session.commit()
        assert len(titles(client, "/category/society/feed.xml")) == expected, (site, own)
        assert len(titles(client, "/feed.xml")) == (1 if site == "drop" else 2)


@pytest.mark.parametrize("file", FEEDS)
def test_whatever_is_typed_the_feed_is_sound(client: FlaskClient, lists: dict, file: str) -> None:
    category: Category = lists["category"]
    begin_write()
    category.name = HOSTILE
    db.session.commit()
    make_article(HOSTILE, title=HOSTILE, standfirst=HOSTILE, picture_alt=HOSTILE, **lists)
    make_article(HOSTILE, title="", standfirst="", access=Access.PATRONS, **lists)
    found = parsed(client, f"/category/society/{file}")
    for part in ("𠮷野家", "👩‍👩‍👧", "\u202eenoemos\u202c", "]]>"):
        assert part in found.entries[0]["title"], part
    assert found.entries[1]["title"] == "Without a title"
    if file != "feed.json":
        assert not re.search("[\x01\x0b\ufffe]", read(client, f"/category/society/{file}"))


def test_a_liveblog_is_announced_and_dated_by_its_newest_entry(client: FlaskClient) -> None:
    story = make_article("", slug="live", kind=Kind.LIVEBLOG, standfirst="It goes on.")
    for hours in (1, 3):
        entry = LiveEntry(article_id=story.id, at=NOON + timedelta(hours=hours))
        entry.write("An entry.")
        keep(entry)
    entry = parsed(client, "/atom.xml").entries[0]
    assert entry.updated == "2026-11-20T15:00:00Z"
    assert "It goes on." in entry.summary and "Read the liveblog at Upstairs" in entry.summary
    assert "An entry." not in read(client, "/atom.xml")


@pytest.mark.parametrize("file", FEEDS)
def test_a_feed_is_sent_again_only_when_it_changed(client: FlaskClient, file: str) -> None:
    """By its ETag. A date would not do: taking a story back makes a feed's newest date an older one."""
    story = make_article()
    make_article()
    first = client.get(f"/{file}")
    assert first.headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
    assert (first.headers["Vary"], "Set-Cookie" in first.headers) == ("Accept-Encoding", False)
    assert "Last-Modified" not in first.headers
    known = {"If-None-Match": first.headers["ETag"]}
    again = client.get(f"/{file}", headers=known)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert client.head(f"/{file}", headers=known).status_code == 304
    packed = client.get(f"/{file}", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    known_packed = {"If-None-Match": packed.headers["ETag"], "Accept-Encoding": "gzip"}
    assert client.get(f"/{file}", headers=known_packed).status_code == 304
    begin_write()
    story.unpublish()
    db.session.commit()
    since = {"If-Modified-Since": format_datetime(utcnow(), usegmt=True)}
    for headers in (known, since, known | since):
        assert client.get(f"/{file}", headers=headers).status_code == 200


def test_a_feed_asks_the_database_a_few_times_however_long_it_is(client: FlaskClient, lists: dict) -> None:
    for number in range(12):
        access = Access.PATRONS if number % 2 else Access.FREE
        make_article(GATED, access=access, **lists)
    db.session.expunge_all()
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    read(client, "/feed.xml")
    statements = [statement for statement in asked if statement.startswith("SELECT")]
    assert len(statements) <= 7, statements


def test_pages_name_their_feeds(client: FlaskClient, lists: dict) -> None:
    make_article(**lists)
    link = re.compile(r'<link rel="alternate" type="([^"]*)" title="([^"]*)" href="([^"]*)"')
    for place in ("/", "/popular", "/category/society", "/tag/weibo", "/author/marit"):
        named = link.findall(read(client, place))
        assert ("application/rss+xml", "Upstairs", "/feed.xml") in named
        assert len({address for _, _, address in named}) == (3 if place in ("/", "/popular") else 6)
        for kind, title, address in named:
            assert client.get(address).mimetype == kind
            assert parsed(client, address).feed["title"] == title
    assert 'href="/feed.xml">RSS' in read(client, "/")


# What search engines are told


def addresses(text: str) -> list[str]:
    return [address.removeprefix("http://127.0.0.1:5000") for address in elements(text, "loc")]


def test_the_sitemap_lists_what_there_is_to_read(client: FlaskClient, lists: dict) -> None:
    make_article(slug="电梯", published_at=NOON, updated_at=NOON + timedelta(days=1), **lists)
    make_article(slug="draft", status=Status.DRAFT)
    make_article(slug="private", status=Status.PRIVATE)
    make_article(slug="tomorrow", published_at=utcnow() + timedelta(days=1), category=make_category(slug="empty"))
    make_article(GATED, slug="gated", access=Access.PATRONS, published_at=NOON)
    keep(Page(slug="about", title="About", updated_at=NOON), Page(slug="terms", status=Status.DRAFT))
    keep(Tag(slug="lonely", name="lonely"), Term(hanzi="内卷"))
    make_offer()
    text = read(client, "/sitemap.xml")
    assert set(addresses(text)) == {
        *("/", "/popular", "/archive", "/offers", "/patrons", "/donate", "/contribute", "/about"),
        *("/author/marit", "/author/bo", "/archive/2026/11", "/glossary", "/offers/china-internet-report"),
        *("/articles/%E7%94%B5%E6%A2%AF", "/articles/gated", "/category/society", "/tag/weibo"),
    }
    assert len(addresses(text)) == len(set(addresses(text)))
    assert "%AF</loc><lastmod>2026-11-21T12:00:00Z</lastmod>" in text
    assert CANARY not in text
    for address in addresses(text):
        reply = client.get(address)
        assert reply.status_code == 200 and "noindex" not in reply.text, address


def test_many_addresses_are_parted_over_files(client: FlaskClient, lists: dict, monkeypatch) -> None:
    monkeypatch.setattr(sitemaps, "MOST", 4)
    monkeypatch.setattr(feeding, "CHUNK", 3)
    slugs = {f"/articles/{make_article(**lists).slug}" for _ in range(8)}
    make_article(status=Status.DRAFT)
    index = read(client, "/sitemap.xml")
    assert "<sitemapindex" in index
    files = addresses(index)
    assert len([file for file in files if "stories" in file]) == 2
    parts = [addresses(read(client, file)) for file in files]
    listed = [address for part in parts for address in part]
    assert slugs <= set(listed) and {"/", "/category/society", "/tag/weibo", "/author/bo"} <= set(listed)
    assert len(listed) == len(set(listed))
    assert all(len(part) <= 4 for file, part in zip(files, parts, strict=True) if "ours" not in file)
    slugs.add(f"/articles/{make_article(**lists).slug}")
    files = [file for file in addresses(read(client, "/sitemap.xml")) if "stories" in file]
    assert len(files) == 3 and slugs == {each for file in files for each in addresses(read(client, file))}
    assert client.get("/sitemap-nobody-0.xml").status_code == 404
    assert client.get(f"/sitemap-stories-{10**30}.xml").status_code == 404


def test_the_news_sitemap_has_two_days(client: FlaskClient) -> None:
    now = utcnow()
    make_article(GATED, title=HOSTILE, slug="new", published_at=now - timedelta(hours=47), access=Access.PATRONS)
    make_article(slug="old", published_at=now - timedelta(hours=49))
    make_article(slug="draft", status=Status.DRAFT, published_at=now)
    make_article(slug="later", published_at=now + timedelta(hours=1))
    reply = client.get("/news-sitemap.xml")
    assert reply.mimetype == "application/xml"
    text = reply.text
    assert addresses(text) == ["/articles/new"]
    assert (elements(text, "name"), elements(text, "language")) == (["Upstairs"], ["en"])
    assert "𠮷野家" in elements(text, "title")[0]
    assert datetime.fromisoformat(elements(text, "publication_date")[0]).tzinfo == UTC
    assert CANARY not in text


def test_the_news_sitemap_has_a_thousand_at_most(client: FlaskClient, monkeypatch) -> None:
    assert feeding.MOST_NEWS == 1000
    monkeypatch.setattr(feeding, "MOST_NEWS", 2)
    for hours in (3, 1, 2):
        make_article(slug=f"new-{hours}", published_at=utcnow() - timedelta(hours=hours))
    assert addresses(read(client, "/news-sitemap.xml")) == ["/articles/new-1", "/articles/new-2"]


def test_a_sitemap_is_streamed_and_held_by_no_cache_of_ours(client: FlaskClient) -> None:
    assert sitemaps.MOST == 50_000
    make_article()
    reply = client.get("/sitemap.xml")
    assert reply.cache_control.s_maxage is None and reply.cache_control.public
    before = addresses(reply.text)
    make_article(slug="another")
    assert set(addresses(read(client, "/sitemap.xml"))) - set(before) == {"/articles/another"}


def test_robots_are_kept_out_of_what_is_no_reading(client: FlaskClient) -> None:
    keep(Page(slug="accountability", title="Accountability"), Page(slug="about", title="About"))
    reply = client.get("/robots.txt")
    assert reply.content_type.startswith("text/plain")
    lines = reply.text.splitlines()
    for path in ("/desk", "/account", "/search", "/mail", "/orders/", "/offers/*/checkout"):
        assert f"Disallow: {path}" in lines
    assert "Allow: /accountability" in lines and "Allow: /about" not in lines
    for file in ("sitemap.xml", "news-sitemap.xml"):
        assert f"Sitemap: http://127.0.0.1:5000/{file}" in lines
        assert client.get(f"/{file}").status_code == 200
    assert "Disallow: /" not in lines


# At the desk


def test_the_desk_says_what_feeds_do_with_gated_stories(client: FlaskClient, lists: dict) -> None:
    ours("teaser")
    sign_in(client, make_editor())
    for address, word in (("/desk/publication", "drop"), (f"/desk/sections/categories/{lists['category'].id}", "drop")):
        page = read(client, address)
        assert "Leave them out" in page
        form = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page))
        reply = client.post(address, data=form | {"name": "Society", "gated_in_feeds": word})
        assert reply.status_code == 303
        assert re.search('<option selected value="drop">', read(client, address))
        assert client.post(address, data=form | {"name": "Society", "gated_in_feeds": "nonsense"}).status_code != 303
    db.session.expire_all()
    assert Publication.get().gated_in_feeds == db.session.get(Category, lists["category"].id).gated_in_feeds == "drop"


# Plain words


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>One.</p><p>Two<sup class='footnote-ref'><a>1</a></sup>.</p>", "One. Two."),
        ("<p>a<b>b</b>c<br>d</p>", "abc d"),
        ("<ruby>微<rt>wēi</rt></ruby> &lt;b&gt;", "微 <b>"),
    ],
)
def test_html_becomes_plain_words(html: str, words: str) -> None:
    assert plain(html) == words


@pytest.mark.parametrize(
    ("text", "most", "left"),
    [
        ("short", 5, "short"),
        ("one two three", 9, "one two…"),
        ("𠮷𠮷𠮷𠮷", 3, "𠮷𠮷…"),
        ("ab👩‍👩‍👧 x", 5, "ab…"),
        ("abe\u0301\u0301f", 4, "ab…"),
        ("🇳🇱🇨🇳🇪🇺", 4, "🇳🇱…"),
    ],
)
def test_a_cut_never_parts_a_character(text: str, most: int, left: str) -> None:
    assert cut(text, most) == left


def test_an_articles_slug_is_no_feed(client: FlaskClient) -> None:
    assert Article.by_slug("feed.xml") is None and client.get("/articles/feed.xml").status_code == 404
