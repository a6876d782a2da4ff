"""A WordPress export is taken whole and safely, once; whatever is not one changes nothing."""

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from blueprints.ops.wordpress import wxr
from models import Article, Author, Category, Comment, Page, Tag, begin_write, db, utcnow
from models.article import SourceFormat, Status
from models.comment import CommentState, threaded
from models.metering import Access
from models.story import Story
from tests.conftest import browser, open_site
from tests.makers import make_article, make_author, make_category, make_editor, sign_in

SAMPLES = Path(__file__).parent / "wxr"
HOSTILE = SAMPLES / "hostile.xml"
THEME_TEST = Path(__file__).parents[2] / "shared/data/wxr/themeunittestdata.wordpress.xml"
BROUGHT_IN = re.compile(r"""<[^>]*\ssrc=["'](?!/static/|/media/)|<iframe|<form[^>]*spy|\son\w+=|javascript:""", re.I)


def run(app: Flask, *arguments: str | Path) -> tuple[int, str]:
    """The exit code and everything said."""
    result = app.test_cli_runner().invoke(args=["import-wordpress", *map(str, arguments)], catch_exceptions=False)
    return result.exit_code, result.output


@pytest.fixture
def report(app: Flask) -> str:
    code, said = run(app, HOSTILE)
    assert code == 0, said
    return said


def story(slug: str) -> Article:
    found = Article.by_slug(slug)
    assert found, slug
    return found


def everything() -> list[str]:
    """All the rows there are, as text."""
    db.session.rollback()
    return [
        f"{table.name} {tuple(row)}"
        for table in db.metadata.sorted_tables
        for row in db.session.execute(db.select(table).order_by(*table.primary_key.columns))
    ]


def addresses() -> list[tuple[str, bool]]:
    """Everything that an import can have made, each with whether visitors may see it."""
    now = utcnow()
    rows = [(f"/articles/{a.slug}", a.is_visible(now)) for a in db.session.scalars(db.select(Article))]
    rows += [(f"/{p.slug}", p.status is Status.PUBLISHED) for p in db.session.scalars(db.select(Page))]
    for table, place in ((Category, "category"), (Tag, "tag"), (Author, "author")):
        rows += [(f"/{place}/{row.slug}", True) for row in db.session.scalars(db.select(table))]
    return [*rows, ("/", True), ("/popular", True)]


def open_every_page(settings: dict, file: Path) -> int:
    """Import, then open all there is as a visitor, and as an editor what visitors may not see. Gives how many."""
    app = open_site(settings)
    code, said = run(app, file)
    assert code == 0, said
    with app.app_context():
        reader, staff = browser(app), browser(app)
        sign_in(staff, make_editor())
        found = addresses()
        db.session.remove()
    for address, is_public in found:
        seen = reader.get(quote(address))
        assert seen.status_code == (200 if is_public else 404), address
        if not is_public:
            seen = staff.get(quote(address))
            assert seen.status_code == 200, address
        assert not BROUGHT_IN.search(seen.text), (address, BROUGHT_IN.search(seen.text))
    with app.app_context():
        db.engine.dispose()
    return len(found)


def test_every_page_of_a_hostile_export_opens(settings: dict) -> None:
    assert open_every_page(settings, HOSTILE) > 30


@pytest.mark.skipif(not THEME_TEST.exists(), reason="the theme unit test export is not beside this clone")
def test_every_page_of_the_theme_unit_test_opens(settings: dict) -> None:
    assert open_every_page(settings, THEME_TEST) > 300


def test_states_and_dates(report: str) -> None:
    states = {a.slug: a.status for a in db.session.scalars(db.select(Article))}
    assert states["village-streams"] is Status.PUBLISHED
    assert states["private-one"] is Status.PRIVATE
    assert states["secret"] is Status.PRIVATE
    for kept_back in ("a-draft", "waiting-for-review", "dateless", "odd-state"):
        assert states[kept_back] is Status.DRAFT, kept_back
    assert story("未来的事").published_at == datetime(2999, 1, 1, tzinfo=UTC) and not story("未来的事").is_visible(
        utcnow()
    )
    assert story("village-streams").published_at == datetime(2021, 3, 1, 9, tzinfo=UTC)
    assert story("local-time").published_at == datetime(2021, 7, 1, 10, tzinfo=UTC)  # Amsterdam's summer
    assert story("waiting-for-review").published_at is None
    assert not any("thrown" in slug or "gone" in slug for slug in states)
    assert "“Behind a password”: it asked for a password; kept private." in report
    assert "posts: in WordPress's bin" in report


def test_imported_stories_are_free_unless_said(app: Flask, report: str) -> None:
    assert {a.access for a in db.session.scalars(db.select(Article))} == {Access.FREE}


def test_access_can_be_said(app: Flask, client: FlaskClient) -> None:
    assert run(app, HOSTILE, "--access", "patrons")[0] == 0
    assert story("village-streams").access is Access.PATRONS
    assert "Last words." not in client.get("/articles/village-streams").text


def test_titles(report: str) -> None:
    assert story("bold-title").title == "A bold title & a tail – 5 < 6"
    assert story("it-has-no-title-but-it-has-a").title == "It has no title but it has a…"
    assert story("untitled").title == "Untitled"
    assert len(story("longest").title) > 1800
    assert "it had no title; these are its first words." in report


def test_a_text_is_clean_and_its_hanzi_are_marked(report: str, client: FlaskClient) -> None:
    shown = client.get("/articles/village-streams").text
    assert "The first paragraph<br>ends its line here." in shown
    assert '<span class="hashtag" lang="zh">#骑手说#</span>' in shown
    assert "<h2>A head</h2>" in shown and "<p>Dressed.</p>" in shown
    assert "spy.example/x.png" not in shown and "gone" not in shown
    article = story("village-streams")
    assert article.standfirst == "What & why. In two lines."
    assert article.source_format is SourceFormat.HTML
    assert "A head" not in article.teaser_html and "The first paragraph" in article.teaser_html  # parted at <!--more-->


def test_pictures_and_media_become_links(report: str) -> None:
    text = story("odd-markup").body_html
    assert '<a href="https://spy.example/a.jpg">Picture: A boat</a> <figcaption>The caption stays.</figcaption>' in text
    assert '<a href="https://spy.example/big.jpg">Picture: small.jpg</a>' in text  # no link within a link
    assert "Picture: Inline drawing" in text and "base64" not in text
    assert '<a href="https://frame.example/page">Embedded page: page</a>' in text
    assert '<a href="https://media.example/clip.mp4">Video: clip.mp4</a>' in text
    assert "<img" not in text and "<iframe" not in text
    assert re.search(r"\b3  pictures turned into links", report)


def test_shortcodes_leave_their_words_only(report: str) -> None:
    text = story("odd-markup").body_html
    for gone in ("[caption", "ids=", "[embed", "[/embed", "unknown_thing"):
        assert gone not in text, gone
    for kept in ("Words [sic] and [1] stay", "[gallery] shows its name", "Inside stays.", "The caption stays."):
        assert kept in text, kept
    for address in ("https://video.example/watch?v=1", "https://tube.example/alone"):
        assert f'<a href="{address}">{address}</a>' in text
    assert "shortcodes taken out" in report


def test_categories_tags_and_authors(report: str) -> None:
    article = story("village-streams")
    assert article.category and article.category.name == "Society"  # the first that is not WordPress's word for none
    assert {tag.name: tag.slug for tag in article.tags} == {
        "微博": "微博", "New one": "new-one", "Villages & towns": "villages"
    }  # fmt: skip
    assert [author.name for author in article.authors] == ["Mei 梅"]
    towns = Category.by_slug("villages")
    assert towns and (towns.name, towns.description) == ("Villages & towns", "Far from the sea.")
    assert [(a.name, a.slug) for a in story("village-streams-2").authors] == [("Jan Bakker", "jan-bakker")]
    assert [a.name for a in story("no-guid").authors] == ["ghost-writer"]  # whom the export does not introduce
    assert story("copy").authors == []


def test_the_menu_names_only_what_has_stories(report: str, client: FlaskClient) -> None:
    front = client.get("/").text
    assert 'href="/category/society"' in front and 'href="/category/villages"' not in front
    assert client.get("/category/villages").status_code == 200


def replies(slug: str) -> list:
    """Approved replies as the story's page shows them, each with its depth."""
    found = Story.by_slug(slug, utcnow())
    assert found, slug
    return threaded(found.inside.replies)


def test_addresses_are_free_and_never_the_sites_own(report: str, client: FlaskClient) -> None:
    pages = {page.slug for page in db.session.scalars(db.select(Page))}
    assert pages == {"donate-2", "about-us", "about-us-2", "to-come", "staff-room"}
    assert story("village-streams-2").title == "Same address"
    assert "“Donate”: its address “donate” became “donate-2”." in report
    assert client.get("/articles/" + quote("未来的事")).status_code == 404  # scheduled


def test_one_guid_is_one_story(report: str) -> None:
    assert story("village-streams").imported_from == "https://old.example/?p=1"
    assert story("copy").imported_from == "https://old.example/?p=1#post-18"
    assert story("no-guid").imported_from == "https://old.example/?p=20"
    assert "“The first again”: it stands in the file twice; the first was taken." in report


def test_comments_keep_state_and_thread(report: str, client: FlaskClient) -> None:
    rows = {row.imported_from.rpartition("-")[2]: row for row in db.session.scalars(db.select(Comment))}
    assert rows["103"].state is CommentState.HELD and rows["104"].state is CommentState.SPAM
    assert rows["105"].state is CommentState.REFUSED
    assert rows["100"].parent_id == rows["102"].id  # the parent stands later in the file
    assert rows["106"].parent_id is None and rows["106"].state is CommentState.APPROVED  # its parent is missing
    assert rows["107"].kind == "pingback" and rows["107"].url == "https://ping.example/a"
    assert rows["108"].by_author and rows["108"].url == "" and not rows["106"].by_author
    assert rows["102"].url == ""  # javascript:
    assert "109" not in rows  # a shop's order note is nobody's comment
    origin = {row.id: number for number, row in rows.items()}
    depths = {origin[reply.id]: depth for reply, depth in replies("village-streams")}
    assert [depths[str(200 + level)] for level in range(10)] == list(range(10))
    assert {"110", "111"} <= set(depths)  # a ring of replies is opened, not lost
    shown = client.get("/articles/village-streams").text
    assert "Level 9." in shown and "Held." not in shown and "Buy." not in shown and "Binned." not in shown
    assert 'href="https://good.example" rel="nofollow ugc"' in shown and "<p><strong>loud</strong></p>" in shown


def test_running_it_twice_changes_nothing(app: Flask, report: str) -> None:
    begin_write()
    story("village-streams").title = "Edited at the desk"
    db.session.commit()
    before = everything()
    code, said = run(app, HOSTILE)
    assert code == 0 and everything() == before
    assert re.search(r"Taken\n  nothing", said) and re.search(r"\b18  posts", said)


def test_a_later_export_adds_what_is_new(app: Flask, report: str, tmp_path: Path) -> None:
    later = tmp_path / "later.xml"
    later.write_text(HOSTILE.read_text().replace("comment_id>207<", "comment_id>999<").replace(
        ">https://old.example/?p=5<", ">https://old.example/?p=5000<"))  # fmt: skip
    stories, comments = (db.session.scalar(db.select(db.func.count(t.id))) for t in (Article, Comment))
    assert run(app, later)[0] == 0
    db.session.rollback()
    assert db.session.scalar(db.select(db.func.count(Article.id))) == stories + 1
    assert db.session.scalar(db.select(db.func.count(Comment.id))) == comments + 1
    assert story("bold-title-2").title == story("bold-title").title


def test_a_dry_run_says_the_same_and_changes_nothing(app: Flask) -> None:
    before = everything()
    dry_code, dry = run(app, HOSTILE, "--dry-run")
    assert dry_code == 0 and everything() == before
    assert dry.endswith("A dry run: nothing was changed.\n")
    assert dry.removesuffix("A dry run: nothing was changed.\n") == run(app, HOSTILE)[1]


def test_it_joins_a_magazine_that_has_stories(app: Flask) -> None:
    mine = make_article(slug="village-streams", title="Mine").id
    society = make_category(slug="society", name="Our society", position=4).id
    mei = make_author(slug="mei", name="Mei").id
    assert run(app, HOSTILE)[0] == 0
    db.session.rollback()
    assert story("village-streams").id == mine and story("village-streams").title == "Mine"
    theirs = story("village-streams-2")
    assert theirs.category_id == society and theirs.authors[0].id == mei
    assert Category.by_slug("society").name == "Our society"  # type: ignore[union-attr]
    assert Category.by_slug("villages").position > 4  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("sample", "sentence"),
    [
        ("entity-bomb.xml", "declares a document type or entities"),
        ("external-entity.xml", "declares a document type or entities"),
        ("remote-dtd.xml", "declares a document type or entities"),
        ("feed.xml", "RSS feed, but not a WordPress export"),
        ("missing.xml", "There is no file"),
        (".", "is a folder"),
    ],
)
def test_what_is_not_an_export_changes_nothing(app: Flask, sample: str, sentence: str) -> None:
    assert_refused(app, SAMPLES / sample, sentence)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (HOSTILE.read_bytes().replace(b"wxr_version>1.2<", b"wxr_version>2.0<"), "of version 2.0"),
        (gzip.compress(HOSTILE.read_bytes())[:3000], "packed with gzip, and damaged or cut off"),
        (b"", "is empty"),
        (b"PK\x03\x04 a zip of exports", "is not XML"),
        (b"<html><body>Sign in to continue</body></html>", "not a WordPress export"),
        (HOSTILE.read_bytes()[:9000], "is cut off"),
        (HOSTILE.read_bytes().replace(b"</channel>", b""), "is not sound XML"),
        (HOSTILE.read_bytes().replace("旧地".encode(), b"\xff\xfe\xc3"), "is not sound XML"),
        (HOSTILE.read_bytes().replace(b'"UTF-8"', b'"no-such-code"'), "encoding"),
    ],
    ids=["another version", "cut off gzip", "empty", "zip", "html", "cut off", "torn", "not UTF-8", "unknown encoding"],
)
def test_a_damaged_file_changes_nothing(app: Flask, tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "export.xml"
    file.write_bytes(content)
    assert_refused(app, file, sentence)


def assert_refused(app: Flask, file: Path, sentence: str) -> None:
    before = everything()
    code, said = run(app, file)
    assert code != 0 and sentence in said and said.endswith("Nothing was changed.\n"), said
    assert "Traceback" not in said and len(said.splitlines()) == 1
    assert everything() == before


def test_the_declared_encoding_counts(app: Flask) -> None:
    assert run(app, SAMPLES / "latin-1.xml")[0] == 0
    assert story("creme-brulee").title == "Crème brûlée"
    assert [author.slug for author in story("creme-brulee").authors] == ["rene"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_control_characters_are_dropped(app: Flask, tmp_path: Path, encoding: str) -> None:
    text = HOSTILE.read_text().replace("UTF-8", encoding.upper())
    if encoding == "utf-8":
        text = text.replace("Last words.", "Last\x0b wo\x00rds.\x08")
    file = tmp_path / "export.xml"
    file.write_bytes(text.encode(encoding))
    assert run(app, file)[0] == 0
    assert "Last words." in story("village-streams").body_html


def test_a_gzipped_export_is_taken(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "export.xml.gz"
    file.write_bytes(gzip.compress(HOSTILE.read_bytes()))
    assert run(app, file)[0] == 0
    assert "Last words." in story("village-streams").body_html


def test_one_endless_post_is_refused(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wxr, "LARGEST", 200_000)
    file = tmp_path / "export.xml"
    file.write_bytes(HOSTILE.read_bytes().replace(b"Last words.", b"x" * 400_000))
    assert_refused(app, file, "holds one post of more than")


def test_it_imports_into_either_database(settings: dict, database_url: str) -> None:
    site = open_site(settings | {"DATABASE_URL": database_url})
    for expected in ("16  comments, approved", "  nothing"):
        code, said = run(site, HOSTILE)
        assert code == 0 and expected in said, said
    with site.app_context():
        assert len(replies("village-streams")) == 17
        db.session.remove()
        db.engine.dispose()
