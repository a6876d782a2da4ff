"""What every test may ask for. Nothing of ours is mocked: databases, the Stripe sandbox and mail are real."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from flask import Flask, g, has_app_context
from flask.testing import FlaskClient
from sqlalchemy import event

from app import create_app
from models import db
from tests import services
from tests.live import Live
from tests.sandbox_tools import Running

WRITES = ("INSERT", "UPDATE", "DELETE")


@event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
def refuse_a_write_outside_begin_write(connection, cursor, statement, *_rest) -> None:  # type: ignore[no-untyped-def]
    """On SQLite a read that turns into a write may be refused at once: every writer must say so first."""
    if connection.dialect.name == "sqlite" and statement.lstrip().upper().startswith(WRITES):
        assert connection.get_execution_options().get("writes"), f"write outside begin_write(): {statement[:120]}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with services.postgres() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty PostgreSQL database of this test's own."""
    name = f"test_{secrets.token_hex(6)}"
    admin = sqlalchemy.create_engine(postgres_server.format("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield postgres_server.format(name)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """For tests that must hold on both: "" is SQLite in DATA."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def settings(tmp_path: Path) -> dict:
    """Settings of a site in sandbox mode; a test overrides what it is about by a fixture of the same name."""
    return {
        "DATA": tmp_path / "data",
        "SECRET_KEY": "for tests only",
        "SITE_URL": "http://127.0.0.1:5000",
        "STRIPE_SECRET_KEY": "sk_test_masthead",
        "STRIPE_WEBHOOK_SECRETS": "whsec_for_tests",
        "STRIPE_API_BASE": "http://127.0.0.1:1",  # nobody is there; `paying` gives a real sandbox
        "TESTING": True,
    }


def open_site(settings: dict) -> Flask:
    """The site with its tables made."""
    app = create_app(settings)
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
def live(tmp_path: Path) -> Iterator[Live]:
    """Site and sandbox, talking to each other over HTTP."""
    site = Live(tmp_path)
    yield site
    site.close()
