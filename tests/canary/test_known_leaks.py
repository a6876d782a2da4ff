"""Where other systems leaked, one by one (gathered in 2026 from their issues), and the answers that no walk gives."""

import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from flask import Flask

from blueprints.magazine import read, story
from models import Article, Correction, Publication, begin_write, db
from models.metering import Access
from models.share_card import Card
from models.story import Story
from tests import services
from tests.accounts_tools import visit
from tests.canary import stores
from tests.canary.conftest import Site, opened
from tests.canary.corpus import LAPSED
from tests.canary.walking import PACKED, Walk, member, over_the_limit, patron, visitor

FEEDS = ("feed.xml", "atom.xml", "feed.json")
LISTS = ("", "/category/feeds-usual", "/category/feeds-drop", "/tag/a-tag", "/author/the-author")


@pytest.fixture(params=["teaser", "drop"])
def feeds_of(request: pytest.FixtureRequest, site: Site) -> Iterator[str]:
    """The site with its feeds in each mode."""
    said(site, request.param)
    yield request.param
    said(site, "teaser")


def said(site: Site, mode: str) -> None:
    with site.app.app_context():
        begin_write()
        Publication.get().gated_in_feeds = mode
        db.session.commit()


def silent(site: Site, answer: object) -> None:
    heard = site.magazine.aviary.heard(answer.get_data(), answer.request.url)  # type: ignore[attr-defined]
    assert not heard, [str(bird) for bird in heard]


def test_feeds_in_both_modes_and_of_every_list(site: Site, feeds_of: str) -> None:
    """Ghost 4.32 (#13925), Leaky Paywall: gated texts in RSS, whose filter looked at single pages alone."""
    for begin in LISTS:
        for file in FEEDS:
            first = visit(site.app).get(f"{begin}/{file}")
            silent(site, first)
            again = visit(site.app).get(f"{begin}/{file}", headers={"If-None-Match": first.headers["ETag"]})
            assert again.status_code == 304 and not again.get_data()
            gated = any(f"/articles/{slug}" in first.get_data(as_text=True) for slug in site.magazine.access)
            assert gated is (feeds_of == "teaser" and not begin.endswith("drop"))


def test_a_feed_is_the_same_for_everybody(site: Site) -> None:
    """Newspack (PR 546): what a feed held varied with a cookie, and a cache could keep a patron's."""
    theirs, anybodys = patron(site.app, site.magazine), visit(site.app)
    for file in FEEDS:
        assert theirs.get(f"/{file}").get_data() == anybodys.get(f"/{file}").get_data()


def test_descriptions_of_stories_without_a_standfirst(site: Site) -> None:
    """Ghost (PR 12670): the excerpt in API and Open Graph was built from the gated text."""
    plain = [slug for slug in site.magazine.access if slug.endswith(("without-divider", "short"))]
    assert plain
    for slug in plain:
        silent(site, visit(site.app).get(f"/articles/{slug}"))


@pytest.mark.parametrize("kind", ["application/activity+json", "application/ld+json", "text/markdown"])
def test_twins_of_a_page_in_other_kinds(site: Site, kind: str) -> None:
    """Ghost: a federated excerpt (ActivityPub PR 434), and a .md twin that caches would have kept (markdown.ts)."""
    for slug in site.magazine.access:
        for path in (f"/articles/{slug}", f"/articles/{slug}.md"):
            silent(site, visit(site.app).get(path, headers={"Accept": kind}))
    client = patron(site.app, site.magazine)
    for slug in site.magazine.access:
        control = client.get(f"/articles/{slug}", headers={"Accept": kind}).cache_control
        assert control.private and control.no_store


def test_letters_name_a_gated_story_and_say_none_of_it(site: Site) -> None:
    """Ghost (#25046, #12418): a letter had the whole text, whatever its reader paid.

    Letters name titles, and give readers' own words to the desk: what somebody typed is theirs to send.
    """
    client, slug = visit(site.app, "10.8.0.1"), site.magazine.of(Access.PATRONS)[0]
    metered = site.magazine.of(Access.METERED)[0]
    assert client.post(f"/articles/{metered}/read").status_code == 303
    form = {"name": "Dana", "email": "dana@example.org", "body": "Is that so?"}
    assert client.post(f"/articles/{metered}/comments", data=form).status_code == 303
    assert client.post(f"/articles/{slug}/corrections", data=form).status_code == 303
    assert client.post("/contribute", data=form | {"kind": "tip", "subject": "More of it"}).status_code == 303
    for path in ("/account/link", "/account/forgot"):
        client.post(path, data={"email": LAPSED})
    accept(site, slug)
    letters = list(stores.letters(site.app))
    kinds = ("A reply waits", "A mistake spotted", "You were right", "Your link to sign in", "More of it")
    assert all(any(kind in name for name, _ in letters) for kind in kinds), [name for name, _ in letters]
    assert not stores.leaks(site.magazine, letters)


def accept(site: Site, slug: str) -> None:
    """The desk thanks who was right, and says so under the story."""
    from blueprints.desk.contributions import thank

    with site.app.test_request_context():
        begin_write()
        found = Article.by_slug(slug)
        assert found is not None and found.notes
        thank(found.notes[0])
        db.session.commit()


def test_previews_and_mail_views_are_nowhere(site: Site) -> None:
    """Ghost (PR 23350, #23181): /email/ and preview routes with a text of their own."""
    for slug in site.magazine.access:
        for path in (f"/email/{slug}", f"/p/{slug}", f"/articles/{slug}/preview", f"/articles/{slug}?preview=true"):
            silent(site, visit(site.app).get(path))


def test_lists_and_what_loads_more_of_them(site: Site) -> None:
    """Newspack (PRs 834, 913): REST gave whole posts, and so did "load more", query loops and sidebars."""
    for path in (
        "/",
        "/popular",
        "/archive/2026/11",
        "/series/a-series",
        "/category/feeds-usual",
        "/wp-json/wp/v2/posts",
    ):
        for query in ("", "?page=2", "?before=2100-01-01", "?after=0"):
            for headers in ({}, {"Accept": "application/json"}):
                silent(site, visit(site.app).get(path + query, headers=headers))


def test_offers_do_not_put_a_text_back(site: Site) -> None:
    """Newspack (PR 4420): other plugins' filters on the text put the gated rest back. Our cards stand in it."""
    slug = site.magazine.of(Access.PATRONS)[0]
    page = visit(site.app).get(f"/articles/{slug}")
    assert "china-internet-report" not in page.get_data(as_text=True)
    assert "china-internet-report" in patron(site.app, site.magazine).get(f"/articles/{slug}").get_data(as_text=True)


def test_what_once_opened_ends(site: Site) -> None:
    """Newspack: a gift's key was accepted for ever. A receipt of ours is not, and opens nothing else (test_guards)."""
    assert read.RECEIPT_LIFE <= 600
    walk = Walk(site.app, site.magazine, visitor(site.app))
    for slug in site.magazine.of(Access.METERED):
        for query in ("receipt=junk", "gift=junk", "key=junk"):
            assert not list(walk.ask(f"/articles/{slug}/read", manner=(query, {})))


def cards(site: Site) -> list[str]:
    """Share images that are not drawn from section and title alone."""
    wrong = []
    for slug in site.magazine.of(Access.PATRONS)[:1] + site.magazine.of(Access.METERED)[:1]:
        with site.app.app_context():
            found = Article.by_slug(slug)
            assert found is not None and found.category is not None
            hanzi = Publication.get().wordmark_hanzi
            card = Card(found.title, found.category.name, site.app.config["SITE_NAME"], hanzi)
        assert not site.magazine.aviary.heard(repr(card).encode())
        with visit(site.app).get(f"/share/{slug}.png") as answer:
            drawn = answer.get_data()
        if drawn != card.png():
            wrong.append(slug)
    return wrong


def test_share_images_are_drawn_from_section_and_title_alone(site: Site) -> None:
    assert not cards(site)


@pytest.mark.parametrize("who", ["lapsed", "member"])
def test_the_zip_of_a_readers_data(site: Site, who: str) -> None:
    """A note on what was put right may quote: it is in the zip of who asked for it only where they may read it."""
    reader = member(site.app, site.magazine, who)
    with zipfile.ZipFile(io.BytesIO(reader.client.post("/account/export", buffered=True).get_data())) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    heard = {bird for data in files.values() for bird in site.magazine.aviary.heard(data)}
    assert not heard - site.magazine.open_to(reader.may), [str(bird) for bird in heard]
    told = json.loads(files["corrections.json"])
    assert bool(told) is (who == "lapsed")
    notes = {row["story_address"].rpartition("/")[2] for row in told if row["note"]}
    assert notes == (set(site.magazine.of(Access.MEMBERS)) if who == "lapsed" else set())


@pytest.mark.parametrize("who", ["visitor", "patron"])
def test_a_page_that_breaks_says_nothing_of_what_it_held(site: Site, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    monkeypatch.setitem(site.app.config, "PROPAGATE_EXCEPTIONS", False)

    def breaks(shown: Story, *_: object) -> None:
        raise RuntimeError(shown.body_html, Correction)

    monkeypatch.setattr(story, "following", breaks)
    site.forget()
    client = patron(site.app, site.magazine) if who == "patron" else visit(site.app)
    for slug in site.magazine.access:
        for headers in ({}, {"Accept": "application/json"}):
            answer = client.get(f"/articles/{slug}", headers=headers)
            assert answer.status_code == 500
            silent(site, answer)
    site.forget()


def test_the_desk_is_for_staff(site: Site) -> None:
    with site.app.app_context():
        number = db.session.scalar(db.select(Article.id).where(Article.slug == site.magazine.of(Access.PATRONS)[0]))
    for path in (f"/desk/articles/{number}", f"/desk/articles/{number}/live", "/desk/corrections", "/desk/comments"):
        assert visit(site.app).get(path).status_code == 303
        assert member(site.app, site.magazine).client.get(path).status_code == 403


def test_valkey_holds_pages_and_counts_and_no_text(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two readers of each kind walk the door, one of them opens what is metered; then every key is looked into."""
    with services.valkey() as url:
        sites = opened(tmp_path_factory.mktemp("shared"), CACHE_URL=url)
        shared = next(sites)
        app: Flask = shared.app
        for reader in (visitor(app), over_the_limit(app), member(app, shared.magazine)):
            assert not list(Walk(app, shared.magazine, reader).door(brief=True))
        client = patron(app, shared.magazine)
        for slug in shared.magazine.access:
            client.get(f"/articles/{slug}", headers=PACKED)
            visit(app).get(f"/articles/{slug}", headers=PACKED)
        kept = list(stores.valkey(url))
        assert len(kept) > 20
        assert not stores.leaks(shared.magazine, kept)
        next(sites, None)
