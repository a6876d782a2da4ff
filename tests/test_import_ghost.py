"""A Ghost export is taken whole and safely, once; what was closed stays closed; whatever is not one changes nothing."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy
from flask import Flask
from flask.testing import FlaskClient

from blueprints.ops.ghost import reading
from blueprints.ops.ghost.posts import moment, parted
from models import Article, Author, Category, Comment, Page, Picture, Redirect, begin_write, db
from models.article import SourceFormat, Status
from models.comment import CommentState
from models.metering import Access
from tests.conftest import browser, open_site
from tests.makers import make_editor, sign_in
from tests.test_import_resume import ROOT, contents, wait_for_stories
from tests.test_import_wordpress import BROUGHT_IN, everything
from tests.wxr_tools import jpeg

QUAY = Path(__file__).parent / "ghost/quay.json"
POSTS = 200


def run(app: Flask, *arguments: str | Path) -> tuple[int, str]:
    """The exit code and everything said."""
    result = app.test_cli_runner().invoke(args=["import-ghost", *map(str, arguments)], catch_exceptions=False)
    return result.exit_code, result.output


def story(slug: str) -> Article:
    found = Article.by_slug(slug)
    assert found, slug
    return found


def export(file: Path, **tables: Any) -> Path:
    """A bare export of these tables."""
    file.write_text(json.dumps({"meta": {"version": "5.0.0"}, "data": tables}, ensure_ascii=False))
    return file


def post(number: int, html: str = "<p>Words.</p>", **given: Any) -> dict[str, Any]:
    row = {"id": number, "slug": f"story-{number}", "title": f"Story {number}", "status": "published", "html": html}
    return row | {"published_at": "2024-05-02T08:00:00.000Z"} | given


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "content/images/2024/05"
    folder.mkdir(parents=True)
    for place, name in enumerate(("boat", "one", "two")):
        (folder / f"{name}.jpg").write_bytes(jpeg(60 + place))
    return tmp_path / "content/images"


@pytest.fixture
def report(app: Flask, images: Path) -> str:
    code, said = run(app, QUAY, "--media", images, "--site", "https://quay.example")
    assert code == 0, said
    return said


def test_stories_come_with_all_that_hangs_on_them(app: Flask, report: str) -> None:
    ferry = story("the-ferry")
    assert ferry.standfirst == "Who took it, & why" and ferry.source_format is SourceFormat.HTML
    assert [author.name for author in ferry.authors] == ["Anna Writer", "Bo Second"]
    assert ferry.category and ferry.category.description == "All that floats"  # the first public tag
    assert [tag.name for tag in ferry.tags] == ["#归舟#"]  # neither the internal one nor the first
    assert ferry.published_at == datetime(2024, 5, 2, 8, tzinfo=UTC)
    assert ferry.saved_at == datetime(2024, 6, 1, 8, tzinfo=UTC)
    assert ferry.picture and ferry.picture_alt == "A ferry at dawn"
    assert ferry.picture_caption == "The ferry leaves." and ferry.picture_credit == "Photo by Mei Lin"
    assert {a.slug: a.status for a in db.session.scalars(db.select(Article))} == {
        "the-ferry": Status.PUBLISHED,
        "the-second-story": Status.PUBLISHED,
        "for-a-tier": Status.PUBLISHED,
        "a-draft": Status.DRAFT,
        "an-old-draft": Status.DRAFT,
        "still-to-come": Status.PUBLISHED,
        "a-letter": Status.PRIVATE,
        "hostile": Status.PUBLISHED,
        "归舟": Status.PUBLISHED,
    }
    assert story("归舟").title == "Ferries that come home, told at length for…"
    assert story("still-to-come").published_at == datetime(2126, 1, 1, 8, tzinfo=UTC)
    assert [page.slug for page in db.session.scalars(db.select(Page))] == ["about"]
    assert "named https://first.example/ferry as the place where it first stood" in report
    assert "1  stories whose own code (scripts, styles) was left out" in report
    assert db.session.scalars(db.select(Author).where(Author.slug == "anna")).one().bio == "Writes of ships."


def test_comments_come_in_threads_and_states(app: Flask, report: str) -> None:
    first, answer, rude = db.session.scalars(db.select(Comment).order_by(Comment.written_at))
    assert (first.name, first.email, first.state) == ("Reader One", "reader@home.example", CommentState.APPROVED)
    assert answer.parent_id == first.id and answer.by_author and not first.by_author
    assert rude.state is CommentState.REFUSED
    assert first.body_html == '<p>Good. <a href="https://spam.example" rel="nofollow ugc">see</a></p>'
    assert "1  comments that were deleted" in report


def test_cards_become_plain_html(app: Flask, report: str) -> None:
    body = story("the-ferry").body_html
    for part in (
        '<a href="/articles/the-second-story#later">The second story</a>',
        '<a href="/category/harbour">the harbour</a>',
        '<a href="/account/register">Sign up</a>',
        "<figcaption>The boat at dawn</figcaption>",
        "<p>Both sides</p>",
        '<a href="https://news.example/report">The report</a>',
        "What it says. · Jane · News",
        "https://www.youtube.com/watch?v=abcdefghijk",
        '<blockquote><p lang="zh">归舟</p>',
        "<aside><p>💡 Mind the <b>gap</b>.</p></aside>",
        "<details><summary>How it was counted</summary><p>By hand.</p></details>",
        '<p><a href="https://tickets.example/">Buy a ticket</a></p>',
        "The plan</a> (plan.pdf, 2 MB)<br>As drawn in 1998",
        '<a href="https://quay.example/content/media/2024/05/waves.mp3">',
        "<h4>A kettle</h4>",
        '<aside class="pull-quote">',
        "<table>",
    ):
        assert part in body, part
    assert len(set(re.findall(r'src="/media/(\w+)"', body))) == 3 and body.count("<img") == 4
    for gone in ("Subscribe", "Join 900", "THEMSELVES", "kg-", "Play", "0:00", "<iframe", "<script", "__GHOST_URL__"):
        assert gone not in body, gone


def test_texts_in_the_editors_own_form_are_rendered(app: Flask, report: str) -> None:
    draft, old = story("a-draft"), story("an-old-draft")
    for part in (
        "<em><strong>bold &amp; italic</strong></em><br>",
        '<a href="/articles/the-ferry">the ferry</a>',
        "<h2>Head</h2>",
        "<ol><li>one</li></ol>",
        "Some <em>Markdown</em> here.",
        "<code>a &lt; b</code>",
        "<aside><p>⚠️ Mind this</p></aside>",
        '<a href="https://b.example/">Bee</a>',
    ):
        assert part in draft.body_html, part
    assert "Bee" not in draft.teaser_html  # the divider stands where it stood
    assert '<p>Plain <strong>strong</strong><br><a href="https://m.example/">link</a></p>' in old.body_html
    assert "From <strong>Markdown</strong>" in old.body_html and "&lt;script&gt;" in old.body_html
    assert "“transistor”: a card" in report and "“mystery”: a card" in report


def test_what_was_closed_stays_closed(app: Flask, client: FlaskClient, report: str) -> None:
    asked = {a.slug: a.access for a in db.session.scalars(db.select(Article))}
    assert asked["the-ferry"] is Access.MEMBERS and asked["归舟"] is Access.FREE
    closed = {asked[slug] for slug in ("the-second-story", "for-a-tier", "hostile")}
    assert closed == {Access.PATRONS}  # paid, a tier, and what nobody knows
    page = client.get("/articles/the-ferry").text
    assert "The ferry left at six" in page and "By hand" not in page and "Buy a ticket" not in page
    for slug, words in (("for-a-tier", "<p>One.</p>"), ("the-second-story", "<p>Short.</p>")):
        page = client.get(f"/articles/{slug}").text
        assert words not in page and slug in page  # without a divider Ghost showed no word
    for address in ("/feed.xml", "/"):
        assert "By hand" not in client.get(address).text
    assert client.get("/articles/a-letter").status_code == 404


def test_access_given_is_the_least_that_is_asked(app: Flask) -> None:
    run(app, QUAY, "--access", "members")
    asked = {a.slug: a.access for a in db.session.scalars(db.select(Article))}
    assert asked["归舟"] is Access.MEMBERS and asked["for-a-tier"] is Access.PATRONS


def test_old_addresses_lead_to_the_new_ones(app: Flask, client: FlaskClient, report: str) -> None:
    for old, new in (
        ("/the-ferry/", "/articles/the-ferry"),
        ("/2024/05/02/the-ferry/", "/articles/the-ferry"),
        ("/the-ferry/amp/", "/articles/the-ferry"),
        ("/tag/harbour/", "/category/harbour"),
        ("/归舟/", "/articles/归舟"),
    ):
        kept = Redirect.leading_from(old)
        assert kept and kept.target == new and client.get(quote(new)).status_code == 200, old
    key = db.session.scalars(db.select(Picture.key).where(Picture.imported_from.endswith("boat.jpg"))).one()
    picture = Redirect.leading_from("/content/images/2024/05/boat.jpg")
    assert picture and picture.target == f"/media/{key}"
    assert client.get("/tag/homeward").status_code == 200 and client.get("/author/anna").status_code == 200


def test_nothing_hostile_comes_along(app: Flask, report: str) -> None:
    reader = browser(app)
    sign_in(reader, make_editor())
    for row in db.session.scalars(db.select(Article)).all():
        page = reader.get(quote(f"/articles/{row.slug}")).text
        assert not BROUGHT_IN.search(page), row.slug
        assert not re.search(r"alert\([1-79]|<script>alert|spy\.example/p|<object|srcdoc", page), row.slug
    assert "Before" in story("hostile").body_html and "After" in story("hostile").body_html


def test_the_same_file_again_brings_nothing(app: Flask, report: str, images: Path) -> None:
    before = everything()
    code, said = run(app, QUAY, "--media", images, "--site", "https://quay.example")
    assert code == 0 and everything() == before
    assert "9  posts\n" in said and "3  comments\n" in said and "Already here" in said


def test_a_dry_run_says_the_same_and_changes_nothing(app: Flask, images: Path) -> None:
    before = everything()
    arguments = (QUAY, "--media", images, "--site", "https://quay.example")
    _, dry = run(app, *arguments, "--dry-run")
    assert everything() == before
    _, wet = run(app, *arguments)
    assert dry == wet + "A dry run: nothing was changed.\n"


def test_without_an_address_links_are_paths(app: Flask) -> None:
    _, said = run(app, QUAY)
    body = story("the-ferry").body_html
    assert 'href="/content/files/2024/05/plan.pdf"' in body and ".invalid" not in body + said
    code, said = run(app, QUAY, "--download")
    assert code == 1 and "--download needs --site" in said


def test_old_and_bare_exports_are_read(app: Flask, tmp_path: Path) -> None:
    rows = [
        post(1, "", markdown="An *old* text", published_at=1388805572000, image="/content/images/x.jpg", author_id=1),
        post(2, page=1, slug="imprint", published_at="2016-02-03 04:05:06"),
        post(3, "<p>A \ud800 half \0 sign</p>", title="Half \ud800\0"),
        post(3, title="The same number, another story", slug="twin"),
    ]
    file = tmp_path / "old.json.gz"
    bare = export(tmp_path / "x.json", posts=[], users=[{"id": 1, "name": "梅", "slug": "mei"}], odd={"not": "rows"})
    text = bare.read_text().replace('"posts": []', '"posts": ' + json.dumps(rows))
    file.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    code, said = run(app, file)
    assert code == 0, said
    assert story("story-1").body_html == "<p>An <em>old</em> text</p>"
    assert story("story-1").published_at == datetime(2014, 1, 4, 3, 19, 32, tzinfo=UTC)
    assert [author.name for author in story("story-1").authors] == ["梅"]
    assert Page.by_slug("imprint") and story("story-3").title == "Half ?" and story("twin")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "It is empty."),
        ("<rss></rss>", "It does not begin as JSON does."),
        ("[1, 2]", "It does not begin as JSON does."),
        ('{"a": 1}', "it has no “data”"),
        ('{"db": [{"meta": {}, "data": {"posts": [{"id": 1}, {"id"', "breaks off after"),
        ('{"data": {"posts": [{"id": 1} {"id": 2}]}}', "not sound JSON: it breaks at character 31"),
        ('{"data": {"posts": [{"id": 1}]}} more', "not sound JSON"),
        ('{"data": {"posts": [' + "[" * 200_000 + "]}}", "nested too deeply"),
        ('{"data": {"posts": []}}', "holds no posts"),
        ("\x1f\x8b\x08rubbish", "damaged"),
    ],
)
def test_a_broken_file_changes_nothing(app: Flask, tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "broken.json"
    file.write_bytes(text.encode("latin-1" if text.startswith("\x1f") else "utf-8"))
    before = everything()
    code, said = run(app, file)
    assert code == 1 and sentence in said and said.endswith("Nothing was changed.\n"), said
    assert everything() == before


def test_a_missing_file_and_a_folder_are_told(app: Flask, tmp_path: Path) -> None:
    assert "There is no file" in run(app, tmp_path / "none.json")[1]
    assert "is a folder" in run(app, tmp_path)[1]
    (tmp_path / "latin.json").write_bytes(b'{"data": {"posts": [{"title": "\xe9t\xe9"}]}}')
    assert "not text in UTF-8" in run(app, tmp_path / "latin.json")[1]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_rows_are_whole_wherever_the_window_ends(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(reading, "CHUNK", chunk)
    whole = json.loads(QUAY.read_text())["db"][0]
    expected = [("meta", whole["meta"])] + [(name, row) for name, rows in whole["data"].items() for row in rows]
    assert list(reading.rows(QUAY)) == expected


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_a_number_is_whole_wherever_the_window_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chunk: int
) -> None:
    monkeypatch.setattr(reading, "CHUNK", chunk)
    file = tmp_path / "numbers.json"
    file.write_text('{"count": 12345, "data": {"odd": -67.89e2, "posts": [{"id": 42}, 17]}}')
    assert list(reading.rows(file)) == [("posts", {"id": 42})]


def test_a_large_file_needs_little_memory(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    row = json.dumps(post(1, "<p>Words 微博.</p>" * 500))
    with file.open("w") as out:
        out.write('{"db": [{"data": {"posts": [' + ",".join([row] * 1500) + "]}}]}")
    assert file.stat().st_size > 15_000_000
    tracemalloc.start()
    assert sum(1 for _ in reading.rows(file)) == 1500
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_times_and_credits_are_told_from_what_ghost_writes() -> None:
    assert moment("2024-05-02T08:00:00.000Z") == moment("2024-05-02 08:00:00") == moment(1714636800000)
    assert moment("soon") is None and moment(None) is None and moment(True) is None and moment(10**30) is None
    assert parted("A boat. Photo by Jane") == ("A boat.", "Photo by Jane")
    assert parted("A photo by candle light") == ("A photo by candle light", "")
    assert parted("© Agency") == ("", "© Agency") and parted("A boat | Photo: Mei") == ("A boat", "Photo: Mei")


def large_export(file: Path, posts: int) -> Path:
    """Posts with links to one another and replies."""
    link = '<p>微博 and <a href="__GHOST_URL__/story-{}/">another</a>.</p>'
    rows = [post(number, link.format(number * 7 % posts + 1), uuid=f"u{number}") for number in range(1, posts + 1)]
    tags = [{"id": n, "slug": f"t-{n}", "name": f"T {n}", "visibility": "public"} for n in range(9)]
    return export(
        file,
        posts=rows,
        tags=tags,
        posts_tags=[
            {"post_id": n, "tag_id": (n + k) % 9, "sort_order": k} for n in range(1, posts + 1) for k in (0, 1)
        ],
        users=[{"id": 1, "slug": "mei", "name": "Mei"}],
        posts_authors=[{"post_id": n, "author_id": 1} for n in range(1, posts + 1)],
        comments=[
            {"id": f"{n}-{k}", "post_id": n, "parent_id": f"{n}-0" if k else None, "status": "published"}
            | {"html": "<p>Yes</p>", "created_at": "2024-05-03T08:00:00.000Z"}
            for n in range(1, posts + 1)
            for k in (0, 1)
        ],
    )


def test_a_killed_import_goes_on(settings: dict, tmp_path: Path) -> None:
    file = large_export(tmp_path / "large.json", POSTS)
    app = open_site(settings)
    whole = open_site({**settings, "DATA": tmp_path / "whole", "DATABASE_URL": ""})
    with whole.app_context():
        assert run(whole, file)[0] == 0
        expected = contents()
        db.session.remove()
        db.engine.dispose()
    with app.app_context():
        given = {name: str(value) for name, value in settings.items() if name != "TESTING"}
        command = [sys.executable, "-m", "flask", "--app", "app", "import-ghost", str(file)]
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        running = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **given}, **pipes)
        wait_for_stories(running)
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=60)
        time.sleep(0.1)
        db.session.rollback()
        stored = db.session.scalar(db.select(sqlalchemy.func.count(Article.id))) or 0
        assert 0 < stored < POSTS and stored % 50 == 0
        _, said = run(app, file)
        assert f"{POSTS - stored}  posts, published" in said and f"{stored}  posts\n" in said
        assert contents() == expected
        db.session.remove()
        db.engine.dispose()


def test_categories_that_are_here_are_used(app: Flask) -> None:
    begin_write()
    db.session.add(Category(slug="harbour", name="The old harbour", position=3))
    db.session.commit()
    run(app, QUAY)
    found = db.session.scalars(db.select(Category).order_by(Category.position)).all()
    assert [category.name for category in found] == ["The old harbour", "Ships"]
    assert db.session.scalar(db.select(Redirect).where(Redirect.path == "/tag/harbour"))
