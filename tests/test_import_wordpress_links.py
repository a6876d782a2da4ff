"""Links between imported stories lead to their new addresses, and so does whoever asks for an old one."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import Article, Redirect, begin_write, db
from tests.wxr_tools import SITE, UPLOADS, attachment, export, item, run

TOWNS = (
    "<wp:category><wp:term_id>3</wp:term_id><wp:category_nicename>towns</wp:category_nicename><wp:category_parent>places"
    "</wp:category_parent><wp:cat_name>Towns</wp:cat_name></wp:category><wp:category><wp:term_id>4</wp:term_id>"
    "<wp:category_nicename>places</wp:category_nicename><wp:cat_name>Places</wp:cat_name></wp:category>"
    "<wp:tag><wp:term_id>5</wp:term_id><wp:tag_slug>%e5%be%ae%e5%8d%9a</wp:tag_slug><wp:tag_name>微博</wp:tag_name></wp:tag>"
)
LINKS = {
    f"{SITE}/2021/03/the-other/": "/articles/the-other",
    "http://www.old.example/2021/03/the-other": "/articles/the-other",
    "//old.example/2021/03/the-other/?utm_source=x#part": "/articles/the-other#part",
    "/2021/03/the-other/": "/articles/the-other",
    "/2021/03/the-other/#comment-12": "/articles/the-other#comments",
    f"{SITE}/?p=2": "/articles/the-other",
    "/?p=2&amp;preview=true": "/articles/the-other",
    "/?page_id=3": "/about",
    f"{SITE}/about/": "/about",
    f"{SITE}/medium-50/": "/articles/the-other",
    "/?attachment_id=50": "/articles/the-other",
    f"{SITE}/2021/03/old-name/": "/articles/the-other",
    f"{SITE}/category/places/towns/": "/category/towns",
    "/tag/%E5%BE%AE%E5%8D%9A/": "/tag/微博",
    "/author/mei/": "/author/mei",
    f"{SITE}/": "/",
    f"{SITE}/2020/01/gone/": f"{SITE}/2020/01/gone/",
    "/2020/01/gone/": f"{SITE}/2020/01/gone/",
    f"{UPLOADS}/2021/03/a.pdf": f"{UPLOADS}/2021/03/a.pdf",
    "https://elsewhere.example/2021/03/the-other/": "https://elsewhere.example/2021/03/the-other/",
    "#part": "#part",
    "mailto:mei@old.example": "mailto:mei@old.example",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    text = "".join(f'<p><a href="{href}">Link {place}.</a></p>' for place, href in enumerate(LINKS))
    return export(
        tmp_path,
        TOWNS,
        item(1, text + f"\n\n{SITE}/2021/03/the-other/\n\n", link=f"{SITE}/places/towns/story-1/"),
        item(2, "Text.", slug="the-other", title="The other & more", meta={"_wp_old_slug": "old-name"}),
        item(3, "About.", kind="page", slug="about", link=f"{SITE}/about/"),
        item(4, "Draft.", status="draft", slug="", link=f"{SITE}/?p=4", title="A draft"),
        item(5, "Hanzi.", slug="%e6%97%a7", link=f"{SITE}/2021/03/%e6%97%a7/"),
        attachment(50, "2021/03/boat.jpg", post_parent=2),
    )


def body(slug: str) -> str:
    found = Article.by_slug(slug)
    assert found
    return found.body_html


def kept() -> dict[str, str]:
    db.session.rollback()
    return {row.path: row.target for row in db.session.scalars(db.select(Redirect))}


def test_links_lead_to_the_new_addresses(app: Flask, file: Path) -> None:
    said = run(app, file)
    found = dict(re.findall(r'<a href="([^"]*)">Link (\d+)\.</a>', body("story-1")))
    shown = {int(place): href for href, place in re.findall(r'<a href="([^"]*)">Link (\d+)\.</a>', body("story-1"))}
    assert found and shown == dict(enumerate(LINKS.values()))
    assert '<a href="/articles/the-other">The other &amp; more</a>' in body("story-1")  # an address alone on its line
    assert re.search(r"\b3  links into the old site that lead to what was not imported", said)


def test_old_addresses_are_kept(app: Flask, file: Path) -> None:
    run(app, file)
    rows = kept()
    for old, new in {
        "/2021/03/the-other": "/articles/the-other",
        "/?p=2": "/articles/the-other",
        "/2021/03/old-name": "/articles/the-other",
        "/medium-50": "/articles/the-other",
        "/?attachment_id=50": "/articles/the-other",
        "/places/towns/story-1": "/articles/story-1",
        "/2021/03/旧": "/articles/旧",
        "/?page_id=3": "/about",
        "/?p=3": "/about",
        "/?p=4": "/articles/a-draft",
        "/category/places/towns": "/category/towns",
        "/?cat=3": "/category/towns",
        "/?author=7": "/author/mei",
    }.items():
        assert rows.get(old) == new, old
    for answers in ("/about", "/category/towns", "/tag/微博", "/author/mei", "/", ""):
        assert answers not in rows  # it is its own address here


def test_an_address_that_answers_is_left_alone(app: Flask, tmp_path: Path) -> None:
    run(app, export(tmp_path, item(2, "One.", kind="page", slug="history", link=f"{SITE}/history/")))
    begin_write()
    Redirect.keep("/kept", "/history")
    db.session.commit()
    rows = [
        item(number, "Text.", link=f"{SITE}{path}")
        for number, path in enumerate(["/history/", "/kept/", "/search/", "/account/login/", "/category/news/"], 10)
    ]
    news = "<wp:category><wp:category_nicename>news</wp:category_nicename><wp:cat_name>News</wp:cat_name></wp:category>"
    run(app, export(tmp_path, news, *rows))
    found = kept()
    assert found["/kept"] == "/history"
    assert not {"/history", "/account/login", "/category/news"} & set(found)


def test_a_site_in_a_folder_keeps_its_addresses_apart(app: Flask, tmp_path: Path) -> None:
    blog = f"{SITE}/blog"
    one = item(1, f'<a href="{blog}/?p=2">Two</a> <a href="{SITE}/shop/">Shop</a>', link=f"{blog}/one/")
    run(app, export(tmp_path, one, item(2, "Text.", link=f"{blog}/two/"), site=blog))
    assert '<a href="/articles/story-2">Two</a>' in body("story-1") and f'href="{SITE}/shop/"' in body("story-1")
    assert kept()["/blog?p=2"] == kept()["/blog/two"] == "/articles/story-2"


def test_the_network_a_site_belongs_to_is_not_the_site(app: Flask, tmp_path: Path) -> None:
    network = "<wp:base_site_url>https://network.example/</wp:base_site_url>"
    own = "<wp:base_blog_url>https://own.example</wp:base_blog_url>"
    text = '<a href="https://network.example/">Up</a> <a href="https://own.example/?p=2">Two</a>'
    run(app, export(tmp_path, network, own, item(1, text), item(2)))
    assert '<a href="https://network.example/">Up</a> <a href="/articles/story-2">Two</a>' in body("story-1")


def test_who_asks_for_an_old_address_is_sent_on(app: Flask, client: FlaskClient, file: Path) -> None:
    run(app, file)
    for old, new in {
        "/2021/03/the-other/": "/articles/the-other",
        "/2021/03/the-other": "/articles/the-other",
        "/places/towns/story-1/": "/articles/story-1",
        "/2021/03/%E6%97%A7/": "/articles/%E6%97%A7",
    }.items():
        reply = client.get(old)
        assert (reply.status_code, reply.location) == (301, new), old


def test_who_asks_by_number_is_sent_on(app: Flask, client: FlaskClient, file: Path) -> None:
    run(app, file)
    for old, new in {"/?p=2": "/articles/the-other", "/?page_id=3": "/about", "/?p=3": "/about"}.items():
        reply = client.get(old)
        assert (reply.status_code, reply.location) == (301, new), old
    assert client.get("/?p=99").status_code == 200


def test_comments_are_threaded_and_their_links_rewritten(app: Flask, tmp_path: Path) -> None:
    from models import Comment
    from tests.wxr_tools import reply

    words = f'See <a href="{SITE}/2021/03/story-1/">this</a> [box a="b"] <img src="/x.jpg" alt="x">'
    replies = [reply(1, words), reply(2, parent=1), reply(3, kind="pingback")]
    run(app, export(tmp_path, item(1, "Text.", replies=replies)))
    first, second, ping = db.session.scalars(db.select(Comment).order_by(Comment.imported_from))
    assert second.parent_id == first.id and ping.kind == "pingback"
    assert '<a href="/articles/story-1" rel="nofollow ugc">this</a>' in first.body_html
    assert "<img" not in first.body_html


def test_many_redirects_are_kept_as_one_is(app: Flask) -> None:
    pairs = [("/a", "/articles/a"), ("/b/", "/articles/b#x"), ("/d", "/d"), ("/e?p=1", "/f"), ("/f?x", "/f")]
    before = [("/x", "/a"), ("/articles/b", "/elsewhere"), ("/e?p=1", "/g")]
    results = []
    for keep in (lambda: [Redirect.keep(*pair) for pair in pairs], lambda: Redirect.keep_all(pairs)):
        begin_write()
        db.session.execute(db.delete(Redirect))
        for pair in before:
            Redirect.keep(*pair)
        keep()
        db.session.commit()
        results.append(kept())
    assert results[0] == results[1]
    assert results[1]["/b"] == "/articles/b" and results[1]["/e?p=1"] == "/f" and results[1]["/x"] == "/articles/a"
    assert not set(results[1]) & set(results[1].values())  # no chain
