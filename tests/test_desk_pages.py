"""Standing pages at the desk: written, put out, moved and taken back."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import Page, db
from models.article import SourceFormat, Status
from tests.conftest import browser
from tests.makers import keep, make_account, make_editor, sign_in

NEW = "/desk/pages/new"
TYPED = {"title": "About", "standfirst": "Who we are.", "source": "We live *upstairs*.", "slug": ""}


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> Iterator[FlaskClient]:
    """A browser with an editor signed in."""
    sign_in(client, make_editor())
    yield client


def there(slug: str) -> Page:
    """The page as the database has it."""
    db.session.expire_all()
    found = Page.by_slug(slug)
    assert found
    return found


def test_readers_are_kept_out(client: FlaskClient) -> None:
    about = keep(Page(slug="about", title="About"))
    sign_in(client, make_account())
    for address in ("/desk/pages", NEW, f"/desk/pages/{about.id}"):
        assert client.get(address).status_code == 403
    assert client.post(f"/desk/pages/{about.id}", data=TYPED).status_code == 403
    assert client.post(NEW, data=TYPED | {"slug": "mine"}).status_code == 403
    assert db.session.query(Page).one().source == ""


def test_from_nothing_to_a_page_in_the_foot_and_back_to_a_draft(app: Flask, desk: FlaskClient) -> None:
    visitor = browser(app)
    assert "There is no page yet" in desk.get("/desk/pages").text
    assert desk.post(NEW, data=TYPED | {"action": "save"}).status_code == 303
    page = there("about")
    assert (page.status, page.published_at, page.updated_at) == (Status.DRAFT, None, None)
    assert visitor.get("/about").status_code == 404 and 'href="/about"' not in visitor.get("/").text
    assert "Not published" in desk.get("/about").text

    edit = f"/desk/pages/{page.id}"
    assert desk.post(edit, data=TYPED | {"slug": "about", "action": "publish"}).status_code == 303
    first = there("about").published_at
    assert first and there("about").updated_at is None
    shown = browser(app).get("/about")
    assert shown.status_code == 200 and "<em>upstairs</em>" in shown.text and "Who we are." in shown.text
    assert 'href="/about"' in browser(app).get("/").text
    assert f'href="{edit}"' in desk.get("/desk/pages").text

    assert desk.post(edit, data=TYPED | {"slug": "about", "source": "We moved.", "action": "save"}).status_code == 303
    page = there("about")
    assert page.published_at == first and page.updated_at and page.updated_at >= first
    assert "We moved." in browser(app).get("/about").text

    assert desk.post(edit, data=TYPED | {"slug": "about", "action": "unpublish"}).status_code == 303
    assert browser(app).get("/about").status_code == 404 and 'href="/about"' not in browser(app).get("/").text


@pytest.mark.parametrize(
    ("typed", "name", "sentence"),
    [
        ({"slug": "account"}, "slug", "needs /account"),
        ({"title": "Articles"}, "slug", "needs /articles"),
        ({"slug": "Terms"}, "slug", "a page at /terms already"),
        ({"title": "Terms"}, "slug", "a page at /terms already"),
        ({"title": "?!"}, "slug", "at least one letter or digit"),
        ({"title": " "}, "title", "The title is empty"),
        ({"source": " ", "action": "publish"}, "source", "has no text"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_typed_is_lost(
    desk: FlaskClient, typed: dict, name: str, sentence: str
) -> None:
    keep(Page(slug="terms", title="Terms"))
    other = keep(Page(slug="other", title="Other", status=Status.DRAFT, source="Before."))
    sent = TYPED | typed
    for address in (NEW, f"/desk/pages/{other.id}"):
        reply = desk.post(address, data=sent)
        assert reply.status_code == 200 and sentence in unescape(reply.text)
        assert re.search(rf'<(input|textarea)[^>]*aria-invalid="true"[^>]*name="{name}"', reply.text)
        assert "Who we are." in reply.text and sent["source"] in reply.text and f'value="{sent["slug"]}"' in reply.text
    assert db.session.query(Page).count() == 2 and there("other").source == "Before."


def test_a_page_keeps_its_address_when_left_alone_and_moves_when_told(desk: FlaskClient) -> None:
    page = keep(Page(slug="about", title="About", status=Status.PUBLISHED))
    assert desk.post(f"/desk/pages/{page.id}", data=TYPED | {"title": "About us", "slug": "about"}).status_code == 303
    assert there("about").title == "About us"
    assert desk.post(f"/desk/pages/{page.id}", data=TYPED | {"slug": "Who We Are"}).status_code == 303
    assert there("who-we-are").id == page.id and Page.by_slug("about") is None


@pytest.mark.parametrize("source_format", list(SourceFormat))
def test_no_script_gets_through_and_html_stays_html(desk: FlaskClient, source_format: SourceFormat) -> None:
    page = keep(Page(slug="about", title="About", source_format=source_format, status=Status.PUBLISHED))
    source = '<p>Kept <b>bold</b>.</p>\n\n<script>alert("here")</script>\n\n[a](javascript:alert(1))'
    assert desk.post(f"/desk/pages/{page.id}", data=TYPED | {"slug": "about", "source": source}).status_code == 303
    page = there("about")
    assert page.source == source and page.source_format is source_format
    assert "<script" not in page.body_html and 'href="javascript' not in page.body_html and "Kept" in page.body_html
    if source_format is SourceFormat.HTML:
        assert "<p>Kept" in page.body_html
        assert "stays HTML" in desk.get(f"/desk/pages/{page.id}").text
