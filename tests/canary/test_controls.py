"""The crawl is not deaf: who may read a story hears every canary of it, each by the way that is theirs."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import Article, Publication, begin_write, db
from models.metering import Access, Mode
from tests.accounts_tools import visit
from tests.canary.conftest import Site
from tests.canary.corpus import GATED
from tests.canary.walking import member, patron, receipt
from tests.makers import sign_in


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


def test_once_everything_is_free_the_feeds_carry_it(site: Site) -> None:
    slug = site.magazine.of(Access.PATRONS)[0]
    for mode, is_heard in ((Mode.OPEN, True), (Mode.METER, False)):
        with site.app.app_context():
            begin_write()
            Publication.get().reading_mode = mode
            db.session.commit()
        for file in ("feed.xml", "atom.xml", "feed.json"):
            said = site.magazine.aviary.heard(visit(site.app).get(f"/{file}").get_data())
            assert bool(said & site.magazine.aviary.of(slug)) is is_heard, file
            assert not said & site.magazine.never
