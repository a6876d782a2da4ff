"""Counting reads: by script, of people, each network once an hour for each story, and nothing kept of who it was."""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import cast

from flask import Flask, current_app, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from blueprints import login, metering
from blueprints.magazine import tally
from blueprints.magazine.area import bp
from blueprints.security import bucket, network
from models import Account, Article, ReadStory, begin_write, db, utcnow
from models.presenting import may_read

AGAIN = 3600.0  # seconds until the same network counts for the same story again
REMEMBERED = 50_000  # networks and stories; the oldest are forgotten first

# What programs call themselves, as far as they say so. "Cubot" makes telephones.
ROBOTS = re.compile(
    r"(?<!cu)bot(?![a-z])|crawl|spider|slurp|scrap|archiver|headless|phantom|selenium|puppeteer|playwright|webdriver"
    r"|lighthouse|pagespeed|gtmetrix|pingdom|uptime|monitor|preview|facebookexternalhit|embedly|mediapartners"
    r"|feedfetcher|feedly|validator|curl|wget|python|java/|okhttp|go-http|libwww|perl/|ruby/|php/|node-fetch|axios|http.?client",
    re.IGNORECASE,
)


class Heard:
    """Who was counted within the last AGAIN seconds: keyed hashes, in this process's memory and nowhere else."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.lock = clock, threading.Lock()
        self.since: OrderedDict[str, float] = OrderedDict()  # oldest first

    def is_new(self, who: str) -> bool:
        """Whether this one counts; from now on it is known."""
        now = self.clock()
        with self.lock:
            while self.since and (next(iter(self.since.values())) <= now - AGAIN or len(self.since) >= REMEMBERED):
                self.since.popitem(last=False)
            if who in self.since:
                return False
            self.since[who] = now
            return True


@bp.record
def begin(state: BlueprintSetupState) -> None:
    tally.init_app(cast(Flask, state.app))
    state.app.extensions["heard"] = Heard()


def is_robot() -> bool:
    """Whether no person looks at the page: a program asks, or a browser that fetches ahead."""
    agent = request.headers.get("User-Agent", "")
    return not agent or metering.fetched_ahead() or bool(ROBOTS.search(agent))


def count_read(article_id: int, now: datetime) -> None:
    """Count that the reader of this request has the text of this story before them. Stored within seconds.

    For whoever gives a text to a script: the beacon below, and the release of a closed story's body.
    """
    reader = login.account()
    if is_robot() or (reader and reader.is_staff):
        return
    heard: Heard = current_app.extensions["heard"]
    if heard.is_new(bucket(f"read {article_id}", network())):
        tally.current().add(article_id, now)


def remember_for(reader: Account | None, article_id: int, now: datetime) -> None:
    """Put the story into the history of whoever is signed in: theirs to see and to erase."""
    if reader is None:
        return
    begin_write()
    ReadStory.keep(reader.id, article_id, now)
    db.session.commit()


@bp.post("/articles/<slug>/seen")
def seen(slug: str) -> ResponseReturnValue:
    """Count a read. Sent by script once the page is looked at; says nothing, so that it tells nothing."""
    now = utcnow()
    story = Article.visible(slug, now)
    if story and may_read(story, metering.viewer(story, now)):
        count_read(story.id, now)
        remember_for(login.account(), story.id, now)
    return "", 204, {"Cache-Control": "no-store"}
