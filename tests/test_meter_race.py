"""Two hundred requests at the same moment, at four processes of the shipped server, race for the last free stories."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask

from blueprints.metering.pointer import COOKIE
from models import MeterRead, begin_write, db
from models.meter import DatabaseLedger
from models.metering import FRESH_A_DAY, Access, Decision
from tests import services
from tests.conftest import open_site
from tests.launched import free_ports
from tests.makers import make_article

ROOT = Path(__file__).parent.parent
REQUESTS, PROCESSES, STORIES, LIMIT = 200, 4, 20, 4
REST = "The words behind the wall."
PATIENCE = 60  # seconds, on a machine that has much else to do


@contextmanager
def served(settings: dict) -> Iterator[int]:
    """The shipped server with four workers, forked from one that has loaded the site; yields its port."""
    port = free_ports(1)[0]
    command = [Path(sys.executable).parent / "gunicorn", "--config", ROOT / "deploy" / "gunicorn.conf.py"]
    command += ["--workers", str(PROCESSES), "--preload", "--bind", f"127.0.0.1:{port}", "app:create_app()"]
    env = {name: str(value) for name, value in settings.items() if name != "TESTING"}
    server = subprocess.Popen(command, env={**os.environ, **env}, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + PATIENCE
        while not answers(port):
            assert time.monotonic() < end and server.poll() is None
            time.sleep(0.05)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE)


def answers(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False


def ask(port: int, slug: str, cookie: str = "", start: threading.Barrier | None = None) -> tuple[dict, str]:
    """One reader's question; what was said, and the pointer if one was given."""
    headers = {"Accept": "application/json", "Sec-Fetch-Site": "same-origin", "Cookie": f"{COOKIE}={cookie}"}
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.connect()
        if start:
            start.wait(PATIENCE)
        connection.request("POST", f"/articles/{slug}/read", b"", headers)
        reply = connection.getresponse()
        assert reply.status == 200, reply.status
        said = json.loads(reply.read())
    assert (said["access"] == "open") is (REST in said["html"])
    return said, (reply.getheader("Set-Cookie") or "").partition("=")[2].partition(";")[0]


def race(port: int, slugs: list[str], cookie: str = "") -> list[tuple[str, dict]]:
    """All of them at once, ten for each story."""
    start = threading.Barrier(REQUESTS)
    wanted = [slugs[number % len(slugs)] for number in range(REQUESTS)]
    with ThreadPoolExecutor(REQUESTS) as crowd:
        said = list(crowd.map(lambda slug: ask(port, slug, cookie, start)[0], wanted))
    return list(zip(wanted, said, strict=True))


@pytest.fixture
def stories(settings: dict) -> list[str]:
    app = open_site(settings)
    with app.app_context():
        source = f"Open to all.\n\n<!-- open until here -->\n\n{REST}"
        slugs = [make_article(source, access=Access.METERED).slug for _ in range(STORIES)]
        db.session.remove()
        db.engine.dispose()
    return slugs


@pytest.fixture(params=["database", "valkey"])
def settings(settings: dict, request: pytest.FixtureRequest) -> Iterator[dict]:
    settings |= {"METER_ANONYMOUS": str(LIMIT)}
    if request.param == "database":
        yield settings
    elif settings["DATABASE_URL"]:
        pytest.skip("Valkey's ledger is not in the database")
    else:
        with services.valkey() as url:
            yield settings | {"CACHE_URL": url}


def test_no_more_than_the_limit_opens_and_no_more_new_readers_than_the_cap(settings: dict, stories: list[str]) -> None:
    with served(settings) as port:
        said, cookie = ask(port, stories[0])
        assert said["access"] == "open" and cookie

        raced = race(port, stories, cookie)
        opened = {slug for slug, said in raced if said["access"] == "open"}
        assert len(opened) == LIMIT and stories[0] in opened, "all that were left, and not one more"
        assert all(said["access"] == "open" for slug, said in raced if slug == stories[0]), "re-reading is free"
        closed = [said for slug, said in raced if slug not in opened]
        assert {(said["access"], said["left"]) for said in closed} == {("used-up", 0)}
        after = {slug for slug in stories if ask(port, slug, cookie)[0]["access"] == "open"}
        assert after == opened, "what opened stays open, to all who came at once"

        strangers = [said["access"] for _, said in race(port, stories)]
        assert strangers.count("open") == FRESH_A_DAY - 1, "the first reader above was one of them"
        assert set(strangers) == {"open", "crowded"}


ENDS, NOW = datetime(2100, 1, 1, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("settings", ["database"], indirect=True)
def test_signing_in_while_stories_open_loses_none_and_leaves_no_slot_out(settings: dict) -> None:
    """Two browsers sign in to one account while a third reads with it: every story is there once."""
    app = open_site(settings)
    with app.app_context():
        articles = [make_article().id for _ in range(12)]
        brought = {"visitor:one": articles[:6], "visitor:two": articles[3:9]}
        for reader, ids in brought.items():
            for number, article_id in enumerate(ids):
                begin_write()
                moment = NOW + timedelta(seconds=number, microseconds=len(reader + reader[-1]) + ord(reader[-1]))
                DatabaseLedger().claim(reader, "now", ENDS, article_id, 99, moment, is_known=False)
        db.session.remove()
        start, faults = threading.Barrier(3), []

        def run(work, app: Flask = app) -> None:  # type: ignore[no-untyped-def]
            with app.app_context():
                start.wait(PATIENCE)
                try:
                    work()
                except Exception as error:  # noqa: BLE001 - shown below
                    faults.append(error)
                db.session.remove()

        def merge(reader: str) -> None:
            begin_write()
            DatabaseLedger().merge(reader, "account:1", "now", ENDS)
            db.session.commit()

        def read() -> None:
            for number, article_id in enumerate(reversed(articles)):
                at = NOW + timedelta(minutes=1, seconds=number)
                said = DatabaseLedger().claim("account:1", "now", ENDS, article_id, 99, at, is_known=True)
                assert said.decision is Decision.OPEN

        works = [lambda: merge("visitor:one"), lambda: merge("visitor:two"), read]
        threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert faults == [] and not any(thread.is_alive() for thread in threads)
        rows = db.session.execute(
            db.select(MeterRead.slot, MeterRead.article_id).where(MeterRead.reader == "account:1").order_by("slot")
        ).all()
        assert [slot for slot, _ in rows] == list(range(1, 13))
        assert sorted(article_id for _, article_id in rows) == articles
        db.session.remove()
        db.engine.dispose()
