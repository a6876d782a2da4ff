"""Texts that the meter releases, made once and kept in this process alone: never in Valkey, never in a shared cache."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app, request

from blueprints.caching.layer import UNTIL
from models import db
from models.generation import Token
from models.metering import Gate

SECONDS = 60.0
ROOM = 16 * 2**20  # bytes in each process


@dataclass(slots=True)
class Body:
    """A story's released HTML, the same for every visitor, and what its gate asks."""

    gate: Gate
    goes_on: bool  # a liveblog that is open
    html: str
    json: str = ""  # the same as a JSON string: it is long, and asked for often
    token: Token = (0, 0, 0, 0)
    until: float = 0.0

    @property
    def size(self) -> int:
        return (len(self.html) + len(self.json)) * 2 + 500


def body(slug: str, order: str, make: Callable[[], Body | None]) -> Body | None:
    """The body of a story, made anew when anything that readers see has changed; None when there is no such story.

    `order`: of a liveblog's entries, when the reader asks for one.
    """
    shelf = current_app.extensions["bodies"]
    since: Token = current_app.extensions["generation"].of_rows()
    key = ("", "", slug, order)
    kept: Body | None = shelf.get(key)
    if kept and kept.token == since and time.time() < kept.until:
        return kept
    made = make()
    if made:
        made.json = json.dumps(made.html)
    if made and "changed" not in db.session.info:
        ends = time.time() + SECONDS
        made.token, made.until = since, min(ends, request.environ.get(UNTIL) or ends)
        shelf.put(key, made)
    return made
