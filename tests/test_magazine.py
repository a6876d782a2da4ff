"""What a reader finds on the magazine's pages, and what a visitor's browser and the caches between are told."""

import re
from datetime import timedelta
from pathlib import Path

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from models import Article, Comment, LiveEntry, Page, Picture, Publication, Tag, begin_write, db, utcnow
from models.article import Kind, Status
from models.comment import CommentState
from models.heat import most
from models.metering import Access
from tests.makers import (
    NOON,
    keep,
    make_account,
    make_article,
    make_author,
    make_category,
    make_code,
    make_editor,
    make_offer,
    make_patron,
    sign_in,
)

LONG = "\n\n".join(f"Paragraph {number} says something." for number in range(1, 30))
SECRET = "The words behind the wall"
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"></svg>'


@pytest.fixture
def picture(app: Flask) -> Picture:
    media = Path(app.config["DATA"], "media")
    media.mkdir(parents=True)
    (media / "moon.svg").write_text(DRAWING)
    return keep(Picture(key="moon", content_type="image/svg+xml", width=40, height=30))


@pytest.fixture
def magazine(app: Flask, picture: Picture) -> dict:
    """A small magazine in which every part of a page has something to show."""
    society, rules = make_category(slug="society", name="Society"), make_category(slug="rules", name="Rules")
    marit, bo = make_author(slug="marit", name="Marit"), make_author(slug="bo", name="Bo 博")
    keep(Page(slug="about", title="About 楼上", body_html="<p>Who we are.</p>"))
    offer = make_offer(cover_key="moon", summary="A report.")
    make_code(offer)
    tag = keep(
        Tag(slug="lift", name="#骑手说电梯坏了#", meaning="The lift is broken", source="Weibo", board_position=1)
    )
    source = (
        f"First 楼上, then the rest.[^1]\n\n::: pull-quote\n那天下雨\n\n'It rained.'\n\n— Fang\n:::\n\n{LONG}\n\n"
        f"::: offer china-internet-report\n:::\n\n{SECRET}\n\n[^1]: The source."
    )
    story = make_article(
        source,
        slug="lift",
        title="The lift 电梯",
        category=society,
        authors=[marit, bo],
        tags=[tag],
        picture=picture,
        picture_alt="A moon",
        picture_caption="At night",
        picture_credit="Drawing: us",
        picture_focus="20% 50%",
        updated_at=NOON,
    )
    for reads in range(14):
        make_article(category=rules, authors=[bo], picture=picture, reads=reads, heat=most(reads, utcnow()))
    first = keep(
        Comment(article_id=story.id, state=CommentState.APPROVED, name="", body_html="<p>Thanks.</p>", written_at=NOON)
    )
    keep(
        Comment(
            article_id=story.id,
            parent_id=first.id,
            state=CommentState.APPROVED,
            name="Marit",
            by_author=True,
            body_html="<p>Welcome.</p>",
            written_at=NOON + timedelta(hours=1),
        )
    )
    keep(Comment(article_id=story.id, state=CommentState.HELD, name="Spammer", body_html="<p>Buy.</p>"))
    return {
        "story": story,
        "addresses": [
            "/",
            "/articles/lift",
            "/category/society",
            "/category/rules",
            "/tag/lift",
            "/author/bo",
            "/popular",
            "/about",
        ],
    }


def read(client: FlaskClient, address: str, **options: object) -> str:
    reply = client.get(address, **options)
    assert reply.status_code == 200, (address, reply.status_code)
    return reply.text


def queries(client: FlaskClient, address: str) -> list[str]:
    """The statements one page needs."""
    seen: list[str] = []
    db.session.remove()

    def note(connection, cursor, statement, *_rest):  # type: ignore[no-untyped-def]
        if statement != "BEGIN":
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        read(client, address)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return seen


def assert_sound(html: str, address: str) -> None:
    """Strict HTML with one h1, unique ids, an alt on every picture, and nothing the security policy would block."""
    html5lib.HTMLParser(strict=True).parse(html)
    assert len(re.findall("<h1[ >]", html)) == 1, address
    ids = re.findall(r'\sid="([^"]*)"', html)
    assert len(ids) == len(set(ids)), (address, sorted(ids))
    assert all(" alt=" in image for image in re.findall("<img[^>]*>", html)), address
    assert not re.search(r"<[^>]*\sstyle=|<style|<script>|\son[a-z]+=\"", html), address


def test_every_page_is_sound_html(client, magazine):
    for address in magazine["addresses"]:
        assert_sound(read(client, address), address)
    assert_sound(client.get("/not-there").text, "404")


def test_a_story_has_the_whole_anatomy(client, magazine):
    page = read(client, "/articles/lift")
    for part in (
        '<a href="/category/society">Society</a>',
        'The lift <span lang="zh">电梯</span>',
        "What it is about.",
        'rel="author">Marit</a>',
        "Updated <time",
        "First published <time",
        "1&nbsp;minute",
        "At night",
        "Drawing: us",
        "focus-x20 focus-y50",
        "pull-quote__hanzi",
        "The source.",
        'href="/tag/lift"',
        "All stories by Marit",
        "The next story",
        "Read most",
        "Become a patron",
        "Spotted a mistake?",
        "ask before you reprint",
        "China Internet Report 2026",
        "US$280.00",
        "US$400.00",
        "WHATSONWEIBO30",
        "We keep a share",
    ):
        assert part in page, part


def test_replies_are_floors_and_held_ones_are_not_shown(client, magazine):
    page = read(client, "/articles/lift")
    assert "Two floors of replies" in page
    assert "Anonymous" in page
    for floor in ("1楼", "沙发", "2楼", "楼主"):
        assert f">{floor}</span>" in page
    assert "reply--1" in page
    assert "Spammer" not in page


def test_the_front_page_shows_lead_board_latest_popular_and_strips(client, magazine):
    lead = make_article(title="On top", is_lead=True, published_at=NOON - timedelta(days=300))
    page = read(client, "/")
    assert page.index("On top") < page.index("The lift")
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\d">\w+day ', page)  # a clock would make each page its own
    assert f'href="/articles/{lead.slug}"' in page
    for part in ("On the board", "#骑手说电梯坏了#", "Latest", "Read most", 'id="strip-society"', 'id="strip-rules"'):
        assert part in page, part


def test_the_support_band_counts_patrons_who_give_today_and_never_boasts(client, magazine):
    assert "lives on what its readers give" in read(client, "/")
    make_patron("one@example.org")
    assert "Its first patrons" in read(client, "/")
    for number in range(11):
        make_patron(f"patron{number}@example.org")
    assert "12 people pay for this magazine" in read(client, "/")


def test_visitors_share_one_page_and_get_no_cookie(app, client, magazine):
    for address in magazine["addresses"]:
        first = client.get(address)
        second = app.test_client().get(address, headers={"Host": "127.0.0.1:5000", "Accept-Language": "zh"})
        assert first.data == second.data, address
        assert first.headers["Cache-Control"] == "public, max-age=0, s-maxage=60", address
        assert "Set-Cookie" not in first.headers
        assert "Cookie" not in first.headers.get("Vary", "")
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), address


def test_a_signed_in_readers_page_is_kept_by_nobody(client, magazine):
    sign_in(client, make_account())
    for address in magazine["addresses"]:
        reply = client.get(address)
        assert reply.headers["Cache-Control"] == "private, no-store", address
        assert "Robin" in reply.text
        assert "ETag" not in reply.headers


@pytest.mark.parametrize("access", [Access.METERED, Access.MEMBERS, Access.PATRONS])
def test_a_closed_story_shows_its_beginning_and_a_way_on(client, access):
    story = make_article(
        f"Open words.\n\nMore.\n\n<!-- open until here -->\n\n{SECRET}.[^1]\n\n[^1]: Hidden note.",
        access=access,
    )
    page = read(client, f"/articles/{story.slug}")
    assert "Open words." in page
    assert SECRET not in page
    assert "Hidden note" not in page
    assert "/seen" not in page
    assert f"/account/login?next=/articles/{story.slug}" in page
    assert 'href="/donate"' in page
    assert ("for patrons" in page) is (access is Access.PATRONS)
    assert_sound(page, "wall")


def test_a_patrons_story_asks_a_reader_and_opens_for_a_patron(app, client):
    story = make_article(f"Open.\n\nMore.\n\n<!-- open until here -->\n\n{SECRET}.", access=Access.PATRONS)
    sign_in(client, make_account())
    page = read(client, f"/articles/{story.slug}")
    assert SECRET not in page
    assert "You are signed in" in page
    other = app.test_client()
    other.environ_base["HTTP_HOST"] = "127.0.0.1:5000"
    sign_in(other, make_patron())
    assert SECRET in read(other, f"/articles/{story.slug}")


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param({"status": Status.DRAFT}, id="draft"),
        pytest.param({"status": Status.PRIVATE}, id="private"),
        pytest.param({"published_at": NOON.replace(year=2100)}, id="scheduled"),
        pytest.param({"status": Status.DRAFT, "published_at": None}, id="never out"),
    ],
)
def test_what_is_not_out_is_there_for_staff_only(client, hidden):
    story = make_article(**hidden)
    assert client.get(f"/articles/{story.slug}").status_code == 404
    assert story.title not in client.get("/").text
    sign_in(client, make_editor())
    page = read(client, f"/articles/{story.slug}")
    assert "Not published" in page
    assert "/seen" not in page


def test_a_liveblog_runs_backwards_while_open_and_forwards_once_closed(client):
    keep(
        story := make_article(
            "Intro.",
            kind=Kind.LIVEBLOG,
            opened_at=NOON,
            place="Utrecht",
            other_place="Beijing",
            other_zone="Asia/Shanghai",
            category=make_category(slug="live", name="Live"),
        )
    )
    for minute, words in enumerate(["Alpha", "Beta", "Gamma"]):
        entry = LiveEntry(
            article_id=story.id,
            at=NOON + timedelta(minutes=minute),
            headline=f"Point {words}",
            speaker="First speaker" if minute == 1 else "",
            topic="On hashes" if minute == 1 else "",
        )
        entry.write(f"{words} is said.")
        keep(entry)
    address = f"/articles/{story.slug}"
    page = read(client, address)
    text = page.partition("<main")[2].partition("</main")[0]
    assert text.index("Gamma is said") < text.index("Alpha is said")
    assert "<b>Live</b>" in page
    assert_sound(page, "live")
    begin_write()
    db.session.get(Article, story.id).closed_at = NOON + timedelta(hours=2)
    db.session.commit()
    page = read(client, address)
    text = page.partition("<main")[2].partition("</main")[0]
    assert text.index("Alpha is said") < text.index("Gamma is said")
    for part in (
        "<b>Closed</b>",
        "13.00",
        "15.00",
        "20.00",
        "22.00",
        "in Beijing",
        "First speaker",
        "On hashes",
        "Point Beta",
        "3 entries",
        "This page was closed",
    ):
        assert part in page, part
    turned = read(client, address + "?order=newest")
    assert turned.index("Gamma is said") < turned.index("Alpha is said")
    assert_sound(turned, "live")


def test_older_stories_follow_by_place_and_none_is_shown_twice(client):
    category = make_category(slug="many", name="Many")
    for number in range(53):  # three share each instant, so that the id must decide
        make_article(category=category, published_at=NOON - timedelta(minutes=number // 3))
    address, seen = "/category/many", []
    while address:
        page = read(client, address)
        seen += re.findall(r'<h3><a href="/articles/([^"]+)"', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = "/category/many" + older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == 53


@pytest.mark.parametrize(
    "before",
    [
        "x",
        "2026-11-20,1",
        "2026-11-20T12:00:00Z",
        "2026-11-20T12:00:00Z,x",
        "0001-01-01T00:00:00+14:00,1",
        "2026-11-20T12:00:00Z,99999999999999999999",
        "%00",
    ],
)
def test_a_mark_that_is_none_is_not_a_page(client, before):
    make_category(slug="c")
    assert client.get("/category/c", query_string={"before": before}).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"title": "", "standfirst": ""}, id="no title"),
        pytest.param({"title": "word " * 40}, id="200 characters"),
        pytest.param({"title": "楼上说得都对"}, id="six hanzi"),
        pytest.param({"title": '<script>alert(1)</script> & "quotes"'}, id="markup"),
        pytest.param({"slug": "电梯-说"}, id="hanzi in the address"),
        pytest.param({"picture_focus": "left; x"}, id="focus that is none"),
    ],
)
def test_odd_stories_break_no_page(client, given):
    story = make_article("", **given)
    for address in ("/", f"/articles/{story.slug}", "/popular"):
        assert_sound(read(client, address), address)
    assert "<script>alert" not in read(client, "/")


def test_an_empty_magazine_says_so_and_leads_to_the_desk(client):
    page = read(client, "/")
    assert "Nothing is printed yet" in page
    assert 'href="/desk"' in page
    assert_sound(page, "empty")


def test_an_empty_category_says_so(client):
    make_category(slug="empty")
    assert "Nothing is filed here yet" in read(client, "/category/empty")


@pytest.mark.parametrize(
    "address",
    [
        "/nowhere",
        "/articles/none",
        "/category/none",
        "/tag/none",
        "/author/none",
        "/media/none",
        "/articles/%00",
        "/media/..%2Fmasthead.db",
    ],
)
def test_what_is_not_there_is_a_404(client, address):
    reply = client.get(address)
    assert reply.status_code == 404
    assert "The lift does not stop here." in reply.text
    assert "public" not in reply.headers.get("Cache-Control", "")


def test_a_draft_page_is_for_staff(client):
    keep(Page(slug="plans", title="Plans", status=Status.DRAFT))
    assert client.get("/plans").status_code == 404
    sign_in(client, make_editor())
    assert "Not published" in read(client, "/plans")


def test_the_foot_links_only_pages_that_are_there(client, magazine):
    page = read(client, "/")
    assert 'href="/about"' in page
    assert 'href="/refunds"' not in page


def test_a_drawing_can_run_nothing(client, picture):
    reply = client.get("/media/moon")
    assert reply.text == DRAWING
    assert reply.headers["Content-Type"].startswith("image/svg+xml")
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert "max-age=86400" in reply.headers["Cache-Control"]
    assert "Set-Cookie" not in reply.headers
    reply.close()
    with client.get("/media/moon", headers={"If-None-Match": reply.headers["ETag"]}) as again:
        assert again.status_code == 304


def test_a_read_is_counted_when_the_browser_says_it_was_seen(client):
    story = make_article()
    assert f'data-seen="/articles/{story.slug}/seen"' in read(client, f"/articles/{story.slug}")
    assert client.post(f"/articles/{story.slug}/seen").status_code == 204
    assert client.post("/articles/none/seen").status_code == 204
    client.application.extensions["reads"].flush()
    db.session.rollback()
    assert db.session.get(type(story), story.id).reads == 1


def test_another_site_cannot_count_reads(client):
    story = make_article()
    reply = client.post(f"/articles/{story.slug}/seen", headers={"Sec-Fetch-Site": "cross-site"})
    assert reply.status_code == 403


@pytest.mark.parametrize(
    ("address", "alone", "among_others"),
    [
        ("/", 10, 6),
        ("/articles/story", 12, 6),
        ("/articles/lift", 16, 10),
        ("/category/rules", 7, 3),
        ("/popular", 6, 2),
        ("/about", 5, 1),
    ],
)
def test_a_page_asks_the_database_few_questions(client, magazine, address, alone, among_others):
    """The first page after a change asks for what all pages share, too; a thousand in turn ask for their own."""
    make_article(
        LONG, slug="story", published_at=NOON, authors=[make_author(), make_author()], category=make_category()
    )
    read(client, "/popular" if address != "/popular" else "/")  # what every page shows is asked for once
    asked = queries(client, address)
    assert len(asked) <= alone, "\n".join(asked)
    asked = queries(client, f"{address}?some=thing")  # which the cache does not know
    assert len(asked) <= among_others, "\n".join(asked)


def test_the_publishers_words_are_marked_too(client, magazine):
    begin_write()
    row = db.session.get(Publication, 1)
    row.wordmark_hanzi, row.colophon, row.motto = "楼上", "We read 楼上 upwards.", "What 中国 says"
    db.session.commit()
    page = read(client, "/")
    assert 'We read <span lang="zh">楼上</span> upwards.' in page
    assert '<span lang="zh">楼上</span>' in page


def test_style_and_script_stay_small():
    import gzip

    sent = sum(len(gzip.compress(Path("static", name).read_bytes())) for name in ("css/site.css", "js/site.js"))
    assert sent <= 15_000
