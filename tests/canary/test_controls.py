"""The crawl is not deaf: who may read a story hears every canary of it, each by the way that is theirs."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import Article, Publication, begin_write, db
from models.metering import Access, Mode
from tests.accounts_tools import visit
from tests.canary import stores
from tests.canary.conftest import Site
from tests.canary.corpus import GATED
from tests.canary.walking import ROBOT, Reader, Walk, member, patron, receipt
from tests.makers import make_institution, sign_in


def heard(site: Site, answer: TestResponse, slug: str) -> list[str]:
    """The places of a story that this answer should have said and did not."""
    assert answer.status_code == 200, answer.status_code
    missed = site.magazine.readable(slug) - site.magazine.aviary.heard(answer.get_data())
    return sorted(bird.place for bird in missed)


@pytest.mark.parametrize("access", GATED)
def test_a_patron_reads_every_word(site: Site, access: Access) -> None:
    client = patron(site.app, site.magazine)
    for slug in site.magazine.of(access):
        answer = client.get(f"/articles/{slug}")
        assert not heard(site, answer, slug), slug
        assert answer.cache_control.private and answer.cache_control.no_store
        assert not site.magazine.aviary.heard(answer.get_data()) & site.magazine.never


def test_a_member_reads_what_is_for_members(site: Site) -> None:
    reader = member(site.app, site.magazine)
    for slug in site.magazine.of(Access.MEMBERS):
        assert not heard(site, reader.client.get(f"/articles/{slug}"), slug), slug


def newcomer(app: Flask) -> FlaskClient:
    return visit(app, "10.9.9.9")


def test_a_visitor_within_the_limit_reads_by_script_and_by_form(site: Site) -> None:
    for slug in site.magazine.of(Access.METERED):
        told = newcomer(site.app).post(f"/articles/{slug}/read", headers={"Accept": "application/json"})
        assert not heard(site, told, slug), slug
        browser = newcomer(site.app)
        sent_on = browser.post(f"/articles/{slug}/read")
        assert sent_on.status_code == 303
        assert not heard(site, browser.get(sent_on.location), slug), slug


def test_a_receipt_that_lasts_opens_its_story(site: Site) -> None:
    """So the receipts of the crawl, over or of another story, are refused for what they are and not for their shape."""
    slug = site.magazine.of(Access.METERED)[0]
    with site.app.app_context():
        number = db.session.scalars(db.select(Article.id).where(Article.slug == slug)).one()
    page = newcomer(site.app).get(f"/articles/{slug}/read?receipt={receipt(site.app, number)}")
    assert not heard(site, page, slug)


def test_a_member_within_the_limit_reads_a_metered_story(site: Site) -> None:
    client = visit(site.app)
    sign_in(client, type("Known", (), {"email": site.magazine.people["newcomer"]}))
    slug = site.magazine.of(Access.METERED)[0]
    assert not heard(site, client.post(f"/articles/{slug}/read", headers={"Accept": "application/json"}), slug)
    assert not heard(site, client.get(f"/articles/{slug}"), slug)


def test_a_patrons_open_liveblog_renews_itself(site: Site) -> None:
    client = patron(site.app, site.magazine)
    for slug in site.magazine.live:
        said = site.magazine.aviary.heard(client.get(f"/articles/{slug}/entries").get_data())
        assert {bird.place for bird in said} >= {"an entry", "an entry's speaker", "an entry's correction"}


def test_a_patron_finds_what_is_closed_to_others(site: Site) -> None:
    client = patron(site.app, site.magazine)
    for slug in site.magazine.of(Access.PATRONS):
        bird = next(bird for bird in site.magazine.readable(slug) if bird.place in ("a paragraph", "an entry"))
        answer = client.get(f"/search?q={bird.words[1]}").get_data()
        assert bird in site.magazine.aviary.heard(answer, bird.words[1]), "the line around the hit has its other words"


def test_who_reads_in_a_library_leaves_nothing_to_who_does_not(site: Site) -> None:
    """The network opens the door to its reader, and never a page that is shared."""
    with site.app.app_context():
        make_institution(ranges="203.0.113.0/26")
    site.forget()
    inside = visit(site.app, "203.0.113.1")
    for slug in site.magazine.access:
        sent_on = inside.post(f"/articles/{slug}/read")
        assert not heard(site, inside.get(sent_on.location), slug), slug
        for somebody in (inside, visit(site.app, "203.0.113.2"), visit(site.app)):
            for path in (f"/articles/{slug}", "/feed.xml", f"/search?q=Title+{slug}"):
                assert not site.magazine.aviary.heard(somebody.get(path).get_data()), path
        passed_on = site.magazine.aviary.heard(visit(site.app).get(sent_on.location).get_data())
        assert bool(passed_on) is (
            site.magazine.access[slug] is Access.METERED
        )  # a receipt stands in for a count alone
    assert not stores.leaks(site.magazine, stores.pages(site.app))


def test_a_search_engine_reads_what_is_metered_on_pages_of_its_own(site: Site) -> None:
    """By its address: the crawl itself says that it is Googlebot, and is told nothing."""
    site.forget()
    for slug, access in site.magazine.access.items():
        page = visit(site.app, "203.0.113.66").get(f"/articles/{slug}", headers=ROBOT)
        if access is Access.METERED:
            assert site.magazine.aviary.heard(page.get_data()) and page.cache_control.no_store, slug
        else:
            assert not site.magazine.aviary.heard(page.get_data()), slug
        assert not site.magazine.aviary.heard(visit(site.app).get(f"/articles/{slug}").get_data())
    assert not stores.leaks(site.magazine, stores.pages(site.app))


def switch(site: Site, mode: Mode) -> None:
    with site.app.app_context():
        begin_write()
        Publication.get().reading_mode = mode
        db.session.commit()


@pytest.fixture
def open_for_all(site: Site) -> Iterator[None]:
    switch(site, Mode.OPEN)
    yield
    switch(site, Mode.METER)


def test_feeds_and_pages_carry_what_is_free_to_all_and_nothing_once_it_is_not(site: Site, open_for_all: None) -> None:
    """Switched back, no page that was kept meanwhile is given, and none is left."""
    slug = site.magazine.of(Access.PATRONS)[0]
    paths = ("/feed.xml", "/atom.xml", "/feed.json", f"/articles/{slug}")
    for mode, is_heard in ((Mode.OPEN, True), (Mode.METER, False)):
        switch(site, mode)
        for path in paths:
            said = site.magazine.aviary.heard(visit(site.app).get(path).get_data())
            assert bool(said & site.magazine.aviary.of(slug)) is is_heard, path
            assert not said & site.magazine.never
    assert not stores.leaks(site.magazine, stores.pages(site.app))


@pytest.mark.parametrize("mode", [Mode.METER, Mode.HARD])
def test_a_hard_wall_opens_nothing_to_anybody_new(site: Site, monkeypatch: pytest.MonkeyPatch, mode: Mode) -> None:
    """Neither a limit of none nor the switch that makes metered stories the patrons'. Both act at once."""
    slug = site.magazine.of(Access.METERED)[0]
    ask = {"path": f"/articles/{slug}/read", "headers": {"Accept": "application/json"}}
    assert not heard(site, newcomer(site.app).post(**ask), slug)
    if mode is Mode.HARD:
        switch(site, mode)
    else:
        monkeypatch.setitem(site.app.config, "METER_ANONYMOUS", 0)
    try:
        found = list(Walk(site.app, site.magazine, Reader("newcomer", newcomer(site.app))).door(brief=True))
        assert not site.magazine.aviary.heard(newcomer(site.app).post(**ask).get_data())
        assert not found, found[:5]
    finally:
        switch(site, Mode.METER)
