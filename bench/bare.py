"""The yardsticks: bare Flask views that do the least a page can ask. Served by the same servers as the site.

BENCH_BYTES: a file with the site's compressed answer. BENCH_DATA: the site's folder. BENCH_SIZE: bytes of its page.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, render_template, request
from flask_sqlalchemy import SQLAlchemy
from markupsafe import Markup
from sqlalchemy import Engine, event

database = SQLAlchemy()
ITEMS = [(f"/articles/story-{n}", f"A headline of a story, with #微博热搜# in it: {n}") for n in range(1, 13)]
FILLING = Markup("<p>What a page of this size says besides.</p>\n" * 2000)  # noqa: S704 - our own words
LOOPS = 6500  # bytes that the template makes of its lists


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
    """One view with one query through Flask-SQLAlchemy, and one template as large as the site's page.

    What a page has many of (sections, replies, stories to go on to) are loops over values that lie ready.
    """
    app = Flask(__name__, template_folder=str(Path(__file__).parent))
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{Path(os.environ['BENCH_DATA'], 'masthead.db')}"
    database.init_app(app)
    wanted = int(os.environ["BENCH_SIZE"])

    @app.get("/")
    @app.get("/articles/<slug>")
    def article(slug: str = "story-1") -> str:
        story = database.session.scalar(database.select(Story).where(Story.slug == slug)) or abort(404)
        filling = max(0, wanted - len(story.body_html) - LOOPS)
        return render_template("bare.html", story=story, items=ITEMS, filling=FILLING[:filling])

    return app
