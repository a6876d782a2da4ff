"""A site that counts, with the ledger in the database, or in Valkey for the tests that say so."""

from collections.abc import Iterator

import pytest
from flask import Flask

from models import Article
from tests import services
from tests.reading.door import metered


@pytest.fixture(scope="module")
def valkey_url() -> Iterator[str]:
    with services.valkey() as url:
        yield url


@pytest.fixture
def cache_url(request: pytest.FixtureRequest) -> str:
    """Where the ledger is: "" in the database; tests that name this run with Valkey too."""
    where = getattr(request, "param", "")
    if where != "valkey":
        return str(where)
    from redis import Redis

    url = str(request.getfixturevalue("valkey_url"))
    with Redis.from_url(url) as valkey:
        valkey.flushall()
    return url


@pytest.fixture
def settings(settings: dict, cache_url: str) -> dict:
    return settings | {"METER_ANONYMOUS": "2", "METER_MEMBER": "3", "CACHE_URL": cache_url}


@pytest.fixture
def story(app: Flask) -> Article:
    return metered()
