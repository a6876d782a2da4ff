"""What every test may ask for. Nothing of ours is mocked: databases, the Stripe sandbox and mail are real."""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from flask import Flask, g, has_app_context
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event

from app import create_app
from models import db
from tests import in_memory, remembered, services
from tests.databases import administer, blank, empty
from tests.live import Live
from tests.sandbox_tools import Running

WRITES = ("INSERT", "UPDATE", "DELETE")
in_memory.keep_files_in_memory()
remembered.remember_addresses()
remembered.remember_statements()


def pytest_collection_finish() -> None:
    remembered.keep_what_is_loaded()


@event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
def refuse_a_write_outside_begin_write(connection, cursor, statement, *_rest) -> None:  # type: ignore[no-untyped-def]
    """On SQLite a read that turns into a write may be refused at once: every writer must say so first."""
    if connection.dialect.name == "sqlite" and statement.lstrip().upper().startswith(WRITES):
        assert connection.get_execution_options().get("writes"), f"write outside begin_write(): {statement[:120]}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL for this process, with a database `whole` that has every table, to be copied."""
    with services.postgres() as url:
        with administer(url) as run:
            run("CREATE DATABASE whole")
        engine = sqlalchemy.create_engine(url.format("whole"))
        db.metadata.create_all(engine)
        engine.dispose()
        yield url


@pytest.fixture(scope="session")
def whole(postgres_server: str) -> sqlalchemy.Engine:
    """The way into the database `whole`, for who empties it; nothing stays open in between."""
    return sqlalchemy.create_engine(postgres_server.format("whole"), poolclass=sqlalchemy.NullPool)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the site keeps its rows: "" is SQLite in DATA. What asks for it, or for `settings`, runs on both."""
    if request.param == "sqlite":
        yield ""
        return
    server, whole = request.getfixturevalue("postgres_server"), request.getfixturevalue("whole")
    yield server.format("whole")
    empty(whole)  # a new database for each test would cost half a second


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of this test's own with no table in it."""
    if request.param == "sqlite":
        yield ""
        return
    server, name = request.getfixturevalue("postgres_server"), f"test_{secrets.token_hex(6)}"
    with administer(server) as run:
        run(f"CREATE DATABASE {name}")
    yield server.format(name)
    with administer(server) as run:
        run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> dict:
    """Settings of a site in sandbox mode; a test overrides what it is about by a fixture of the same name."""
    return {
        "DATA": tmp_path / "data",
        "DATABASE_URL": database_url,
        "SECRET_KEY": "for tests only",
        "SITE_URL": "http://127.0.0.1:5000",
        "STRIPE_SECRET_KEY": "sk_test_masthead",
        "STRIPE_WEBHOOK_SECRETS": "whsec_for_tests",
        "STRIPE_API_BASE": "http://127.0.0.1:1",  # nobody is there; `paying` gives a real sandbox
        "TESTING": True,
    }


def sited(settings: dict) -> Flask:
    """The site on a database that is there, as another process has it."""
    app = create_app(settings)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache()  # else each test would compile its pages anew
    return app


def open_site(settings: dict) -> Flask:
    """The site with its tables made."""
    database = settings.get("DATABASE_URL", "")
    is_made = "whole" in database
    if not database and not (file := Path(settings["DATA"], "masthead.db")).exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(blank(), file)
        is_made = True
    app = sited(settings)
    if not is_made:
        with app.app_context():
            db.create_all()
    return app


@pytest.fixture
def app(settings: dict) -> Iterator[Flask]:
    app = open_site(settings)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def two_sites(settings: dict, database_url: str) -> Iterator[tuple[Flask, Flask]]:
    """Two processes' worth of application on one database."""
    given = settings | {"DATABASE_URL": database_url}
    sites = open_site(given), sited(given)
    yield sites
    for site in sites:
        with site.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return browser(app)


class Browser(FlaskClient):
    """A client whose requests share the test's database session, but never who was signed in."""

    def open(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        if has_app_context():
            g.pop("_login_user", None)
        try:
            return super().open(*args, **kwargs)
        finally:
            if has_app_context():
                g.pop("_login_user", None)


def browser(app: Flask) -> FlaskClient:
    """A client that says what a browser says with a form of our own."""
    client = Browser(app, app.response_class, use_cookies=True)
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    client.environ_base["HTTP_HOST"] = "127.0.0.1:5000"
    return client


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    """A real Stripe sandbox on a port of its own."""
    running = Running(tmp_path / "sandbox")
    yield running
    running.close()


@pytest.fixture
def live(tmp_path: Path, database_url: str) -> Iterator[Live]:
    """Site and sandbox, talking to each other over HTTP."""
    site = Live(tmp_path, DATABASE_URL=database_url)
    yield site
    site.close()
