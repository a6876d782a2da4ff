"""The yardsticks: bare Flask views that do the least a page can ask. Served by the same servers as the site.

BENCH_BYTES: a file with the site's compressed answer. BENCH_DATA: the site's folder. BENCH_SIZE: bytes of its page.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, Response, abort, render_template, request
from flask_sqlalchemy import SQLAlchemy
from markupsafe import Markup
from sqlalchemy import Engine, event

database = SQLAlchemy()
WORDS = "Trains stopped at the river, and who had read of it at home asked the courier. " * 4
WHEN = datetime(2026, 11, 24, 8, 10, tzinfo=UTC)
SITE = "http://127.0.0.1:5000"
FILLING = Markup("<p>What a page of this size says besides.</p>\n" * 2000)  # noqa: S704 - our own words
BESIDES = 12500  # bytes that the template writes besides the text and the filling
# What the page has many of lies ready: nothing here costs a query.
READY: dict[str, Any] = {
    "site": SimpleNamespace(name="Upstairs", url=SITE),
    "feeds": [("rss+xml", "feed.xml"), ("atom+xml", "atom.xml"), ("feed+json", "feed.json")],
    "shares": [(name, f"https://{name.lower()}.example/share?url=") for name in ("Bluesky", "Weibo", "X")],
    "links": [(f"/page-{n}", f"Page {n}") for n in range(8)],
    "fields": [SimpleNamespace(name=n, label=n.title(), hint=WORDS[:60]) for n in ("name", "email", "body")],
    "section": SimpleNamespace(slug="section-4", name="Section 4"),
    "sections": [SimpleNamespace(slug=f"section-{n}", name=f"Section {n}") for n in range(8)],
    "author": SimpleNamespace(slug="author-1", name="Author 1", bio=WORDS[:150]),
    "tags": [SimpleNamespace(slug=f"tag-{n}", name=f"#微博热搜{n}#") for n in range(3)],
    "stories": [SimpleNamespace(slug=f"story-{n}", title=f"A headline {n}", standfirst=WORDS[:90]) for n in range(5)],
    "replies": [SimpleNamespace(id=n, name=f"Reader {n}", at=WHEN, html=f"<p>{WORDS}</p>") for n in range(5)],
    "when": WHEN,
    "graph": {"@type": "NewsArticle", "url": SITE, "author": [{"@type": "Person", "name": "Author 1"}], "text": WORDS},
}


class Story(database.Model):
    """The columns a bare view would ask for."""

    __tablename__ = "article"
    id = database.Column(database.Integer, primary_key=True)
    slug = database.Column(database.String)
    title = database.Column(database.String)
    standfirst = database.Column(database.String)
    body_html = database.Column(database.String)


def kept() -> Flask:
    """One view that gives the same bytes from memory to everybody."""
    app = Flask(__name__)
    body = Path(os.environ["BENCH_BYTES"]).read_bytes()
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Encoding": "gzip",
        "Cache-Control": "public, max-age=0, s-maxage=60",
        "Vary": "Accept-Encoding",
    }

    @app.get("/")
    @app.get("/articles/<slug>")
    def page(slug: str = "") -> Response:
        return Response(body, headers=headers)

    return app


class Opened(database.Model):
    """The meter's ledger, as a bare view would keep it."""

    __tablename__ = "meter_read"
    reader = database.Column(database.String, primary_key=True)
    period = database.Column(database.String, primary_key=True)
    slot = database.Column(database.Integer, primary_key=True)
    article_id = database.Column(database.Integer)
    at = database.Column(database.DateTime)


def released() -> Flask:
    """One view that asks what a reader has opened, adds a row when this story is new, and gives the same bytes."""
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{Path(os.environ['BENCH_DATA'], 'masthead.db')}"
    database.init_app(app)
    body, period = Path(os.environ["BENCH_BYTES"]).read_bytes(), f"{datetime.now(UTC):%Y-%m}-01"

    @event.listens_for(Engine, "connect")
    def as_ours(connection: Any, _record: object) -> None:
        for pragma in ("synchronous=NORMAL", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    @app.get("/")
    def up() -> str:
        return "up"

    @app.post("/articles/<slug>/read")
    def read(slug: str) -> Response:
        reader, article_id = request.cookies["masthead_reader"], int(slug.rpartition("-")[2])
        asked = database.select(Opened.article_id).where(Opened.reader == reader, Opened.period == period)
        had = database.session.scalars(asked.order_by(Opened.slot)).all()
        if article_id not in had:
            row = {"reader": reader, "period": period, "slot": len(had) + 1, "article_id": article_id}
            database.session.execute(database.insert(Opened).values(**row, at=datetime.now(UTC)))
            database.session.commit()
        return Response(body, content_type="application/json", headers={"Cache-Control": "private, no-store"})

    return app


def rendered() -> Flask:
    """One view with one query through Flask-SQLAlchemy, and one flat template that writes a page such as the site's.

    The same parts (head, menu, replies, form, stories to go on to, JSON-LD) and as many bytes, of values that lie
    ready; no inheritance, no macro, no filter of its own.
    """
    app = Flask(__name__, template_folder=str(Path(__file__).parent))
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{Path(os.environ['BENCH_DATA'], 'masthead.db')}"
    database.init_app(app)
    wanted = int(os.environ["BENCH_SIZE"])

    @app.get("/")
    @app.get("/articles/<slug>")
    def article(slug: str = "story-1") -> str:
        story = database.session.scalar(database.select(Story).where(Story.slug == slug)) or abort(404)
        filling = max(0, wanted - len(story.body_html) - BESIDES)
        return render_template("bare.html", story=story, filling=FILLING[:filling], **READY)

    return app
