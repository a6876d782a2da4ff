"""The page cache: visitors' pages from memory, and who is told when they are old.

Part of the shared floor. A view does nothing for it but answer by `login.share`; a page that another moment makes old
says so with `until`.
"""

from datetime import datetime, timedelta

from flask import Flask, Response, g, has_request_context, request

from blueprints.caching import files
from blueprints.caching.bodies import ROOM
from blueprints.caching.layer import UNTIL, Layer, public_seconds
from blueprints.caching.listening import Listeners
from blueprints.caching.shelves import Memory, Shelf, Valkey
from models import db, utcnow
from models.generation import Generation, watch
from models.schedule import next_change

BYTES = 64 * 2**20  # of pages in each process


def until(moment: datetime | None) -> None:
    """Say that the page being made is right before this moment only: an offer ends, a day begins."""
    if moment is not None and has_request_context():
        known = request.environ.get(UNTIL)
        request.environ[UNTIL] = min(known, moment.timestamp()) if known else moment.timestamp()


def init_app(app: Flask) -> None:
    app.config.setdefault("PAGE_CACHE_BYTES", BYTES)
    generation = Generation(app.config["DATA"])
    with app.app_context():
        watch(db.engine, generation)
        listeners = Listeners(generation, db.engine)
    valkey = None
    if app.config["CACHE_URL"]:
        valkey = Valkey(app.config["CACHE_URL"], app.config["SITE_URL"])
        generation.tell = valkey.tell
        listeners.valkey = valkey
    app.extensions["generation"], app.extensions["listeners"] = generation, listeners
    memory = Memory(app.config["PAGE_CACHE_BYTES"])
    app.extensions["bodies"] = Shelf(ROOM)
    app.extensions["page_cache"] = layer = Layer(app, generation, memory, valkey)
    if not app.testing:
        layer.awake = listeners.start
    files.init_app(app)
    app.wsgi_app = layer  # type: ignore[method-assign,assignment]

    @app.before_request
    def note_the_time() -> None:
        g.began = utcnow()

    @app.after_request
    def until_next_change(response: Response) -> Response:
        """A story that comes out, or becomes free, by itself changes lists, menus, feeds and what is next to read."""
        if seconds := public_seconds(response.headers.get("Cache-Control", "")):
            now = g.get("began") or utcnow()  # what came out while the page was made may not be on it
            coming = next_change(now)
            if coming and coming < now + timedelta(seconds=seconds):
                until(coming)
        return response
