"""What a reader does at the door to a metered story, in the words of these tests."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from werkzeug.test import TestResponse

from blueprints.metering.pointer import COOKIE
from models import Article, MeterRead, Publication, begin_write, db
from models.metering import Access, Mode
from tests.conftest import browser, open_site
from tests.makers import make_article

JSON = {"Accept": "application/json"}
TEASER, REST = "What everybody may read.", "The words behind the wall."
SOURCE = f"{TEASER}\n\n<!-- open until here -->\n\n{REST}\n\nAnd more of them."
PRIVATE = "private, no-store"
ON_EVERY_LEDGER = pytest.mark.parametrize("cache_url", ["", "valkey"], indirect=True)


def metered(**given: Any) -> Article:
    return make_article(SOURCE, access=Access.METERED, **given)


def page(story: Article) -> str:
    return f"/articles/{story.slug}"


def ask(client: FlaskClient, story: Article, **headers: str) -> TestResponse:
    """As meter.js does."""
    return client.post(f"{page(story)}/read", headers=JSON | headers)


def press(client: FlaskClient, story: Article) -> TestResponse:
    """The button, without script."""
    return client.post(f"{page(story)}/read", headers={"Accept": "text/html,*/*;q=0.8"})


def is_open(reply: TestResponse) -> bool:
    """Whether the text came; a page says nothing else that could be taken for it."""
    if reply.is_json and reply.status_code == 200:
        assert (reply.json["access"] == "open") is (REST in reply.json["html"])
    return REST in reply.text


def opens(client: FlaskClient, story: Article) -> bool:
    return is_open(ask(client, story))


def has_button(html: str) -> bool:
    """Whether a reader without script could ask; a hidden form is for a gift that has been opened."""
    return any("hidden" not in form for form in re.findall(r"<form [^>]*/read\"[^>]*>", html))


def counted() -> int:
    db.session.rollback()
    return db.session.scalar(db.select(db.func.count()).select_from(MeterRead)) or 0


def switch(mode: Mode) -> None:
    begin_write()
    row = Publication.get()
    row.reading_mode = mode
    db.session.add(row)
    db.session.commit()


@contextmanager
def statements() -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def client_gets_a_shell(client: FlaskClient, story: Article) -> bool:
    reply = client.get(f"{page(story)}/read")
    return reply.status_code == 303 and not is_open(client.get(page(story)))


@contextmanager
def another(app: Flask, settings: dict, **changed: str) -> Iterator[Flask]:
    """The site started again on the same DATA with other settings."""
    db.session.rollback()
    site = open_site(settings | changed)
    with site.app_context():
        yield site
        db.session.remove()
    db.session.rollback()  # rows of the test's own were read again over there
    with site.app_context():
        db.engine.dispose()


def same_reader(client: FlaskClient, site: Flask) -> FlaskClient:
    one = browser(site)
    kept = client.get_cookie(COOKIE)
    assert kept
    one.set_cookie(COOKIE, kept.value)
    return one
