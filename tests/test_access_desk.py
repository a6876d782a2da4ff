"""The editor's side of the wall, and the reader's page on the meter: switched, set free, dated, seen and erased."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import Article, MeterRead, Publication, begin_write, db, utcnow
from models.metering import Access, Mode
from tests.conftest import browser
from tests.makers import NOON, keep, make_account, make_article, make_editor, sign_in
from tests.test_presenting import OPENING, SECRET, SOURCE


def gated(**given: object) -> Article:
    return make_article(SOURCE, **{"access": Access.METERED, "published_at": NOON} | given)


def text(client: FlaskClient, story: Article) -> str:
    return client.get(f"/articles/{story.slug}").text.lower()


@pytest.fixture
def desk(app: Flask) -> FlaskClient:
    editor = browser(app)
    sign_in(editor, make_editor())
    return editor


def switch(desk: FlaskClient, mode: Mode) -> None:
    keep(Publication.get()) if db.session.get(Publication, 1) is None else None
    page = desk.get("/desk/publication").text
    before = page.split('name="before"')[1].split('value="')[1].split('"')[0]
    reply = desk.post("/desk/publication", data={"before": before, "reading_mode": mode, "gated_in_feeds": "teaser"})
    assert reply.status_code == 303, reply.text


def test_the_whole_magazine_is_opened_and_closed_from_the_next_page_on(client: FlaskClient, desk: FlaskClient) -> None:
    stories = [gated(access=access) for access in Access]
    assert [SECRET in text(client, story) for story in stories] == [True, False, False, False, False]
    switch(desk, Mode.OPEN)
    assert all(SECRET in text(client, story) for story in stories)
    assert "become a patron" in text(client, stories[1]), "and it asks"
    switch(desk, Mode.HARD)
    metered = text(client, stories[1])
    assert SECRET not in metered and "this story is for patrons" in metered and 'data-ask="opened" hidden' in metered
    assert client.post(f"/articles/{stories[1].slug}/read").status_code == 403
    switch(desk, Mode.METER)
    assert "read this story" in text(client, stories[1])


def test_one_click_sets_a_story_free_and_one_closes_it_again(client: FlaskClient, desk: FlaskClient) -> None:
    story = gated(access=Access.PATRONS)
    address, slug = f"/desk/articles/{story.id}/free", story.slug
    assert SECRET not in text(client, story)
    assert desk.post(address, data={"free": "yes"}).location == f"/desk/articles/{story.id}"
    page = client.get(f"/articles/{slug}").text
    assert SECRET in page.lower() and '"isAccessibleForFree":true' in page.replace(" ", "")
    assert "lives on what its readers give" not in page, "no asking under what people need to know"
    assert SECRET in client.get("/feed.xml").text.lower()
    assert "set free" in desk.get("/desk").text
    assert desk.post(address, data={"free": "", "next": "/desk"}).location == "/desk"
    assert SECRET not in text(client, db.session.get(Article, story.id))
    assert db.session.get(Article, story.id).access is Access.PATRONS


def test_only_editors_set_free(app: Flask, client: FlaskClient) -> None:
    story = gated()
    sign_in(client, make_account())
    assert client.post(f"/desk/articles/{story.id}/free", data={"free": "yes"}).status_code == 403
    assert browser(app).post(f"/desk/articles/{story.id}/free", data={"free": "yes"}).status_code == 401
    assert db.session.get(Article, story.id).set_free_at is None


def test_a_story_that_patrons_read_first_needs_its_date(client: FlaskClient, desk: FlaskClient) -> None:
    story = gated(access=Access.PATRONS, picture=None)
    typed = {"title": "T", "source": SOURCE, "access": "patrons-first", "kind": "article", "action": "save"}
    typed |= {"saved_at": story.saved_at.isoformat(), "slug": story.slug, "published_at": "2026-11-20T12:00"}
    refused = desk.post(f"/desk/articles/{story.id}", data=typed)
    assert "Write the day from which it is free" in refused.text
    later = utcnow() + timedelta(days=30)
    kept = desk.post(f"/desk/articles/{story.id}", data=typed | {"free_from": f"{later:%Y-%m-%dT%H:%M}"})
    assert kept.status_code == 303, kept.text
    db.session.expire_all()
    assert story.access is Access.PATRONS_FIRST and story.free_from is not None
    page = client.get(f"/articles/{story.slug}").text
    assert "It opens for everyone on" in page and SECRET not in page.lower() and OPENING in page.lower()


def test_a_visitor_sees_what_is_kept_and_erases_it(app: Flask, client: FlaskClient) -> None:
    story = gated(title="Counted one")
    assert "Nothing. Once you open" in client.get("/account/meter").text
    client.post(f"/articles/{story.slug}/read")
    page = client.get("/account/meter")
    assert "Counted one" in page.text and "Two of three stories left this month" in page.text
    assert page.headers["Cache-Control"] == "private, no-store" and "noindex" in page.text
    assert client.post("/account/meter").location == "/account/meter"
    page = client.get("/account/meter").text
    assert "Counted one" not in page and "Two of three stories left this month" in page, "the number stays"
    assert db.session.query(MeterRead.article_id).all() == [(None,)]
    assert "Counted one" not in browser(app).get("/account/meter").text, "nobody else's page has it"


def test_a_member_sees_their_own_and_a_patron_no_count(client: FlaskClient) -> None:
    from tests.makers import make_patron

    story = gated(title="Counted one")
    sign_in(client, make_account())
    client.post(f"/articles/{story.slug}/read")
    assert "Five of six stories left this month" in client.get("/account/meter").text
    sign_in(client, make_patron())
    assert "You read without a count" in client.get("/account/meter").text


def test_old_periods_are_dropped_by_the_worker(app: Flask) -> None:
    from blueprints import metering

    story = gated()
    now = utcnow()
    for slot, period in enumerate(("2020-01-01", metering.this_period(now).key), 1):
        keep(MeterRead(reader="visitor:x", period=period, slot=slot, article_id=story.id, at=now))
    begin_write()
    metering.forget(now)
    db.session.commit()
    assert [row.period for row in db.session.query(MeterRead)] == [metering.this_period(now).key]
