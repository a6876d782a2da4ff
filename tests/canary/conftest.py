"""One magazine for a whole module: to build it takes longer than most of what is asked of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy
from flask import Flask

from blueprints.caching.shelves import Memory, Shelf
from models import db
from tests.canary.corpus import Magazine, build
from tests.conftest import open_site
from tests.databases import administer

CRAWLERS = "203.0.113.64/28 Googlebot\n"  # whom the desk lets read what is metered, by this address alone


@dataclass
class Site:
    app: Flask
    magazine: Magazine

    def forget(self) -> None:
        """Empty what the process keeps, so that the next page is made anew."""
        layer = self.app.extensions["page_cache"]
        layer.memory = Memory(self.app.config["PAGE_CACHE_BYTES"])
        shelf = self.app.extensions["bodies"]
        self.app.extensions["bodies"] = Shelf(shelf.room)
        layer.generation.memos.clear()
        self.app.extensions["crawlers"].noted.clear()


def settings(data: Path, **given: object) -> dict:
    return {
        "DATA": data,
        "DATABASE_URL": "",
        "SECRET_KEY": "for tests only",
        "SITE_URL": "http://127.0.0.1:5000",
        "STRIPE_SECRET_KEY": "sk_test_masthead",
        "STRIPE_WEBHOOK_SECRETS": "whsec_for_tests",
        "STRIPE_API_BASE": "http://127.0.0.1:1",
        "METER_ANONYMOUS": 1,
        "METER_MEMBER": 1,
        "TESTING": True,
    } | given


def opened(data: Path, **given: object) -> Iterator[Site]:
    (data / "crawlers.txt").write_text(CRAWLERS)
    app = open_site(settings(data, **given))
    with app.app_context():
        magazine = build()
        db.session.remove()
    yield Site(app, magazine)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from opened(tmp_path_factory.mktemp("canary"))


@pytest.fixture(scope="session")
def on_postgresql(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with administer(postgres_server) as run:
        run("CREATE DATABASE canary")
    url = postgres_server.format("canary")
    yield from opened(tmp_path_factory.mktemp("canary"), DATABASE_URL=url)
    sqlalchemy.create_engine(url).dispose()
    with administer(postgres_server) as run:
        run("DROP DATABASE canary WITH (FORCE)")


@pytest.fixture
def site(on_sqlite: Site) -> Site:
    """Where a test does not say another."""
    return on_sqlite
