"""Pages from memory: the same for every visitor, never anybody's own, and never older than the last edit."""

import gzip
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy
from flask import Flask
from sqlalchemy import Engine, event

from blueprints.caching.shelves import Valkey
from models import Article, Comment, Donation, begin_write, db, generation, utcnow
from models.article import Status
from models.comment import CommentState
from models.heat import Reads
from models.metering import Access
from models.money import Money
from models.patronage import Frequency
from models.reads import store
from tests import services
from tests.conftest import browser, open_site
from tests.makers import make_account, make_article, make_category, make_editor, sign_in

ROOT = Path(__file__).parent.parent
PACKED = {"Accept-Encoding": "gzip"}


@pytest.fixture
def asked():
    """Statements sent to the database while a test runs; clear it before what is to be counted."""
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield statements
    event.remove(Engine, "before_cursor_execute", note)


def edit(story: Article, **changes: object) -> None:
    begin_write()
    for name, value in changes.items():
        setattr(story, name, value)
    db.session.commit()


def cached(app: Flask) -> int:
    shelf = app.extensions["page_cache"].memory
    return len(shelf.pages.pages) + len(shelf.asked.pages)


@pytest.mark.parametrize("address", ["/", "/articles/story", "/category/rules", "/popular"])
def test_a_page_is_made_once_and_every_visitor_gets_its_bytes(app, client, asked, address):
    make_article(slug="story", category=make_category(slug="rules"))
    first = client.get(address)
    asked.clear()
    second = browser(app).get(address)
    assert asked == []
    assert first.status_code == second.status_code == 200
    assert (first.data, list(first.headers)) == (second.data, list(second.headers))


def test_an_edit_shows_at_the_next_request(client):
    story = make_article(slug="story", title="Before")
    assert "Before" in client.get("/articles/story").text
    edit(story, title="After")
    assert "After" in client.get("/articles/story").text
    begin_write()
    db.session.execute(sqlalchemy.update(Article).values(title="In bulk"))
    db.session.commit()
    assert "In bulk" in client.get("/").text


def test_what_is_taken_back_changes_no_page(client, app):
    story = make_article(slug="story")
    before = app.extensions["generation"].now()
    begin_write()
    story.title = "Never"
    db.session.flush()
    db.session.rollback()
    assert app.extensions["generation"].now() == before


def test_what_goes_past_the_orm_says_so(client):
    make_article(slug="story", title="Before")
    client.get("/articles/story")
    begin_write()
    db.session.connection().exec_driver_sql("UPDATE article SET title = 'After'")
    generation.changed()
    db.session.commit()
    db.session.expire_all()
    assert "After" in client.get("/articles/story").text


def test_an_edit_of_another_process_shows_at_the_next_request(client, app, settings):
    make_article(slug="story", title="Before")
    assert "Before" in client.get("/articles/story").text
    db.session.rollback()
    code = (
        "from app import create_app\nfrom models import *\nimport os\n"
        "with create_app({'TESTING': True}).app_context():\n"
        "    begin_write()\n    Article.by_slug('story').title = 'Elsewhere'\n    db.session.commit()\n"
    )
    env = {name: str(value) for name, value in settings.items() if name != "TESTING"}
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **env}, cwd=ROOT, check=True, timeout=60)
    db.session.expire_all()
    assert "Elsewhere" in client.get("/articles/story").text


def test_a_scheduled_story_appears_on_time(client):
    make_article(slug="old", title="Already out")
    soon = utcnow() + timedelta(seconds=1.5)
    make_article(slug="new", title="Coming soon", published_at=soon)
    assert "Coming soon" not in client.get("/").text
    while utcnow() <= soon:
        time.sleep(0.05)
    assert "Coming soon" in client.get("/").text


def test_a_story_that_comes_out_while_a_page_is_made_is_on_the_next(app, client):
    make_article(slug="old", title="Already out")
    soon = utcnow() + timedelta(seconds=1.5)
    make_article(slug="new", title="Coming soon", published_at=soon)

    @app.after_request
    def take_long(response):
        while utcnow() <= soon:
            time.sleep(0.05)
        return response

    assert "Coming soon" not in client.get("/").text
    assert "Coming soon" in client.get("/").text


@pytest.mark.parametrize(
    "change",
    [
        lambda story: store({story.id: Reads.one(utcnow())}, utcnow()),
        lambda story: db.session.execute(sqlalchemy.update(Article).values(reads=Article.reads + 1)),
        lambda story: db.session.add(Comment(article_id=story.id, body_html="<p>Held.</p>", state=CommentState.HELD)),
        lambda story: db.session.add(
            Donation(email="a@example.org", frequency=Frequency.ONCE, amount=Money(500, "EUR"))
        ),
    ],
    ids=["reads", "reads in bulk", "held reply", "unpaid gift"],
)
def test_what_readers_do_not_see_keeps_the_pages(app, client, change):
    story = make_article()
    before = app.extensions["generation"].now()
    begin_write()
    change(story)
    db.session.commit()
    make_account()
    assert app.extensions["generation"].now() == before


def test_names_of_what_is_unseen_are_names_of_tables():
    tables = db.metadata.tables
    assert set(tables) >= generation.UNSEEN
    for table, columns in generation.UNSEEN_COLUMNS.items():
        assert columns <= set(tables[table].columns.keys())


def test_who_is_signed_in_neither_gets_nor_leaves_a_shared_page(app, client):
    story = make_article("Teaser.\n\nOnly members read this.", slug="story", access=Access.MEMBERS)
    visitor = browser(app)
    shell = visitor.get("/articles/story")
    assert "Only members" not in shell.text
    sign_in(client, make_editor())
    own = client.get("/articles/story")
    assert "Only members" in own.text and own.headers["Cache-Control"] == "private, no-store"
    edit(story, title="Changed")
    client.get("/articles/story")
    again = visitor.get("/articles/story")
    assert "Only members" not in again.text and "Changed" in again.text
    assert "editor@example.org" not in again.text


def test_what_everybody_shares_is_tagged_also_where_it_is_not_kept(client):
    make_article(slug="story")
    address = "/articles/story?unheard=of"  # no page is kept under a parameter that it is not made from
    first = client.get(address)
    assert first.status_code == 200 and first.headers["ETag"]
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.data


def test_style_and_script_are_packed_for_who_takes_them_so(client):
    for address in ("/static/css/site.css", "/static/js/site.js"):
        plain, packed = client.get(address), client.get(address, headers=PACKED)
        assert gzip.decompress(packed.data) == plain.data and len(packed.data) < len(plain.data) * 0.6
        assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
        assert packed.headers["Cache-Control"] == plain.headers["Cache-Control"]
        assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]
        assert packed.headers["ETag"] != plain.headers["ETag"]
        again = client.get(address, headers=PACKED | {"If-None-Match": packed.headers["ETag"]})
        assert again.status_code == 304 and not again.data
        plain.close()
    for wrong in ("/static/../app.py", "/static/css/none.css"):
        assert client.get(wrong, headers=PACKED).status_code == 404
    picture = client.get("/static/icons/apple-touch-icon.png", headers=PACKED)
    assert "Content-Encoding" not in picture.headers
    picture.close()


def test_what_every_page_has_alike_is_made_for_nobody_in_particular(app, client):
    """Parts are kept for visitors, also those of a text that a member was the first to ask for."""
    make_article(slug="counted", access=Access.METERED)
    make_article(slug="story")
    member = make_account("robin@example.org", name="Robin Reader")
    sign_in(client, member)
    own = client.get("/articles/story").text
    assert "Robin Reader" in own and 'id="reply-email"' not in own, "a member is not asked who they are"
    assert client.post("/articles/counted/read", headers={"Accept": "application/json"}).status_code == 200
    visitor = browser(app)
    shared = visitor.get("/articles/story").text
    released = visitor.post("/articles/counted/read", headers={"Accept": "application/json"}).text
    for text in (shared, released):
        assert "Robin Reader" not in text and "reply-email" in text
    assert "Robin Reader" in client.get("/articles/story").text, "and a member keeps their own"


def test_packed_and_plain_are_one_page(client):
    make_article(slug="story")
    plain, packed = client.get("/articles/story"), client.get("/articles/story", headers=PACKED)
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    for reply in (plain, packed):
        assert reply.headers["Vary"] == "Accept-Encoding"
        assert int(reply.headers["Content-Length"]) == len(reply.data)
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert client.get("/articles/story").data == plain.data
    assert "Content-Encoding" not in client.get("/articles/story", headers={"Accept-Encoding": "gzip;q=0"}).headers


@pytest.mark.parametrize("headers", [{}, PACKED])
@pytest.mark.parametrize("warm", [False, True])
def test_head_and_304(client, headers, warm):
    story = make_article(slug="story")
    full = client.get("/articles/story", headers=headers)
    if not warm:
        edit(story, minutes=story.minutes)
        edit(story, minutes=2)
        edit(story, minutes=1)
    head = client.head("/articles/story", headers=headers)
    assert head.data == b"" and head.status_code == 200
    for name in ("Content-Length", "ETag", "Vary", "Cache-Control", "Content-Type"):
        assert head.headers[name] == full.headers[name]
    known = client.get("/articles/story", headers={**headers, "If-None-Match": full.headers["ETag"]})
    assert known.status_code == 304 and known.data == b""
    assert known.headers["ETag"] == full.headers["ETag"] and "Content-Security-Policy" in known.headers
    edit(story, title="Another")
    assert client.get("/articles/story", headers={"If-None-Match": full.headers["ETag"]}).status_code == 200


def test_what_is_not_for_everybody_is_not_kept(app, client):
    make_article(slug="story")
    client.get("/articles/none")
    client.get("/account/login")
    client.post("/articles/story/seen")
    client.get("/articles/story", headers={"Range": "bytes=0-9"})
    client.get("/articles/story", headers={"Authorization": "Basic eA=="})
    client.get("/articles/story", headers={"Host": "elsewhere.example"})
    client.get("/articles/story", headers={"Host": "localhost:5001"})
    client.get("/articles/story?unknown=1")
    assert cached(app) == 0
    client.get("/articles/story")
    assert cached(app) == 1


def test_links_of_newsletters_lead_to_the_same_page(client, asked):
    make_article(slug="story")
    page = client.get("/articles/story").data
    asked.clear()
    assert client.get("/articles/story?utm_source=letter&fbclid=x").data == page
    assert asked == []


def test_a_flood_of_queries_pushes_out_no_other_page(app, client, asked):
    app.extensions["page_cache"].memory.__init__(400_000)
    make_article(slug="story", category=make_category(slug="rules"))
    client.get("/articles/story")
    for number in range(30):
        client.get(f"/category/rules?before=2026-01-01T00:00:00.{number:06}Z,1")
    shelf = app.extensions["page_cache"].memory.asked
    assert 0 < len(shelf.pages) < 30 and shelf.taken <= shelf.room
    asked.clear()
    client.get("/articles/story")
    assert asked == []


def test_an_old_page_is_made_once_for_a_crowd_and_never_given_after_an_edit(app, client):
    layer = app.extensions["page_cache"]
    story = make_article(slug="story", title="Before")
    client.get("/articles/story")
    edit(story, title="After")
    made, inner, go = [], layer.inner, threading.Event()

    def slow(environ, start):
        made.append(environ["PATH_INFO"])
        go.wait(5)
        start("200 OK", [("Cache-Control", "public, s-maxage=60"), ("Content-Type", "text/plain")])
        return [b"After"]

    layer.inner, replies = slow, []
    crowd = [
        threading.Thread(target=lambda: replies.append(app.test_client().get("/articles/story").text)) for _ in range(4)
    ]
    for one in crowd:
        one.start()
    time.sleep(0.3)
    go.set()
    for one in crowd:
        one.join(10)
    layer.inner = inner
    assert made == ["/articles/story"] and replies == ["After"] * 4


def test_a_page_is_old_when_its_own_time_is_over(app, client):
    make_article(slug="story")
    client.get("/articles/story")
    (entry, _) = next(iter(app.extensions["page_cache"].memory.pages.pages.values()))
    assert 0 < entry.until - time.time() <= 60
    entry.until = 0
    client.get("/articles/story")
    (entry, _) = next(iter(app.extensions["page_cache"].memory.pages.pages.values()))
    assert entry.until > time.time()


@pytest.fixture(scope="session")
def valkey_url():
    with services.valkey() as url:
        yield url


def second_site(settings: dict, tmp_path: Path, **more: object) -> Flask:
    """The same magazine on another machine: its own DATA, the same database."""
    return open_site({**settings, "DATA": tmp_path / "other", **more})


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_machines_share_pages_in_valkey_and_hear_of_edits(tmp_path, settings, valkey_url, asked):
    sites = [open_site({**settings, "CACHE_URL": valkey_url, "DATA": tmp_path / name}) for name in "ab"]
    with sites[0].app_context():
        story = make_article(slug="story", title="Before")
        page = browser(sites[0]).get("/articles/story")
        db.session.remove()
    asked.clear()
    same = browser(sites[1]).get("/articles/story")
    assert asked == [] and same.data == page.data and same.headers["ETag"] == page.headers["ETag"]
    with sites[0].app_context():
        edit(db.session.merge(story), title="After")
        db.session.remove()
    sites[1].extensions["page_cache"].memory.__init__(1_000_000)
    assert "After" in browser(sites[1]).get("/articles/story").text
    close(*sites)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_valkey_that_is_away_breaks_no_page(tmp_path, settings, caplog):
    site = open_site({**settings, "CACHE_URL": "redis://127.0.0.1:1/0"})
    with site.app_context():
        story = make_article(slug="story", title="Before")
        client = browser(site)
        assert "Before" in client.get("/articles/story").text
        edit(story, title="After")
        assert "After" in client.get("/articles/story").text
    close(site)
    assert sum("Valkey does not answer" in line for line in caplog.messages) == 1


def test_valkey_is_told_of_what_it_missed(valkey_url):
    valkey = Valkey(valkey_url, "https://missed.example")
    valkey.redis.set(valkey.generation, 5)
    valkey.away_until = time.monotonic() + 60
    valkey.tell("here 1")
    valkey.away_until = 0.0
    shared = valkey.get(("https", "missed.example", "/", ""), "here", (0, 0, 0, 0))
    assert shared is not None and shared.generation == "6"
    valkey.redis.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("way", ["notify", "valkey"])
def test_an_edit_on_another_machine_shows_within_a_second(tmp_path, settings, way, request):
    more = {"CACHE_URL": request.getfixturevalue("valkey_url")} if way == "valkey" else {}
    here, there = open_site({**settings, **more}), second_site(settings, tmp_path, **more)
    listeners = there.extensions["listeners"]
    if way == "valkey":
        listeners.engine = sqlalchemy.create_engine("sqlite://")  # so that nothing comes by NOTIFY
    with here.app_context():
        story = make_article(slug="story", title="Before")
        before = there.extensions["generation"].now()
        listeners.start()
        wait_until(lambda: there.extensions["generation"].now() != before)  # it listens
        assert "Before" in browser(there).get("/articles/story").text
        edit(story, title="After")
        committed = time.monotonic()
        wait_until(lambda: "After" in browser(there).get("/articles/story").text)
        assert time.monotonic() - committed < 1
        db.session.remove()
    listeners.stop()
    assert not any(thread.is_alive() for thread in listeners.threads)
    close(here, there)


def wait_until(true, seconds: float = 5.0) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def close(*sites: Flask) -> None:
    for site in sites:
        with site.app_context():
            db.session.remove()
            db.engine.dispose()


def test_a_draft_is_not_left_behind(client):
    story = make_article(slug="story", title="Once out")
    assert client.get("/articles/story").status_code == 200
    edit(story, status=Status.DRAFT)
    assert client.get("/articles/story").status_code == 404
    assert "Once out" not in client.get("/").text
