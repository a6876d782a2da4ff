"""The meter's ledger against a simple model: whatever happens in whatever order, on every store it can be kept in."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blueprints.metering.valkey_ledger import LedgerAway, ValkeyLedger
from models import Article, MeterRead, begin_write, db
from models.meter import DatabaseLedger, Opened
from models.metering import Decision
from tests import services
from tests.makers import make_article

NOW = datetime(2026, 11, 20, 12, 0, 0, 123457, tzinfo=UTC)
ENDS = datetime(2100, 1, 1, tzinfo=UTC)
PERIODS = ("2026-11-01", "2026-12-01")
QUIET = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_numbers = itertools.count(1)
Ledger = DatabaseLedger | ValkeyLedger
Opening = tuple[int | None, datetime]  # an article, None once it is erased, and the moment that names it


@pytest.fixture(scope="module")
def valkey_url() -> Iterator[str]:
    with services.valkey() as url:
        yield url


@pytest.fixture(params=["database", "valkey"])
def ledger(request: pytest.FixtureRequest, app: Flask) -> Iterator[Ledger]:
    """In SQLite, in PostgreSQL, and in Valkey, which asks for no database."""
    if request.param == "database":
        yield DatabaseLedger()
        return
    if db.engine.dialect.name != "sqlite":
        pytest.skip("Valkey's ledger is not in the database")
    valkey = ValkeyLedger(request.getfixturevalue("valkey_url"), "test")
    valkey.redis.flushall()
    yield valkey
    valkey.redis.close()


@pytest.fixture
def articles(app: Flask) -> list[int]:
    return [make_article().id for _ in range(5)]


class Model:
    """What a ledger should say, as lists."""

    def __init__(self) -> None:
        self.had: dict[tuple[str, str], list[Opening]] = {}

    def of(self, reader: str, period: str) -> list[Opening]:
        return self.had.setdefault((reader, period), [])

    def claim(self, reader: str, period: str, article: int, limit: int, now: datetime) -> bool:
        had = self.of(reader, period)
        if limit and any(article == known for known, _ in had):
            return True
        if len(had) >= limit:
            return False
        had.append((article, now))
        return True

    def merge(self, reader: str, into: str, period: str) -> None:
        target = self.of(into, period)
        for article, at in self.of(reader, period):
            if not any(at == when or (article is not None and article == known) for known, when in target):
                target.append((article, at))

    def erase(self, reader: str, *, keep_count: bool) -> None:
        for (who, _), had in self.had.items():
            if who == reader:
                had[:] = [(None, at) for _, at in had] if keep_count else []


readers = st.sampled_from(["visitor", "other visitor", "account"])
periods = st.sampled_from(PERIODS)
steps = st.one_of(
    st.tuples(st.just("claim"), readers, periods, st.integers(0, 4), st.integers(0, 4)),
    st.tuples(st.just("claim"), readers, periods, st.integers(0, 4), st.just(3)),
    st.tuples(st.just("merge"), st.sampled_from(["visitor", "other visitor"]), periods),
    st.tuples(st.just("erase"), readers, st.booleans()),
)


def claim(
    ledger: Ledger, reader: str, period: str, article: int, limit: int, now: datetime, *, is_known: bool = True
) -> Decision:
    if not is_known:
        begin_write()
    said = ledger.claim(reader, period, ENDS, article, limit, now, is_known=is_known)
    assert said.limit == limit and said.left == max(0, limit - said.used)
    return said.decision


def change(ledger: Ledger, step: str, *arguments: object, **more: object) -> None:
    begin_write()
    getattr(ledger, step)(*arguments, **more)
    db.session.commit()


def names(number: int) -> dict[str, str]:
    """Readers of this example alone."""
    return {name: f"{name.replace(' ', '-')}:{number}" for name in ("visitor", "other visitor", "account")}


@QUIET
@given(st.lists(steps, max_size=14))
def test_it_says_what_the_model_says(ledger: Ledger, articles: list[int], happened: list[tuple]) -> None:
    model, reader = Model(), names(next(_numbers))
    for place, (step, who, *given_) in enumerate(happened):
        now = NOW + timedelta(microseconds=place)
        if step == "claim":
            period, article, limit = given_
            said = claim(ledger, reader[who], period, articles[article], limit, now)
            assert (said is Decision.OPEN) is model.claim(reader[who], period, articles[article], limit, now)
        elif step == "merge":
            change(ledger, "merge", reader[who], reader["account"], given_[0], ENDS)
            model.merge(reader[who], reader["account"], given_[0])
        else:
            change(ledger, "erase", reader[who], keep_count=given_[0])
            model.erase(reader[who], keep_count=given_[0])
    for key in reader.values():
        kept = []
        for period in PERIODS:
            had = model.of(key, period)
            ids = frozenset(article for article, _ in had if article is not None)
            assert ledger.opened(key, period) == Opened(ids, len(had))
            assert all(ledger.has(key, [period], article) is (article in ids) for article in articles)
            kept += [(period, article, at) for article, at in had]
        found = [(line.period, line.article_id, line.at) for line in ledger.record(key)]
        assert sorted(found, key=str) == sorted(kept, key=str)
        assert [at for *_, at in found] == sorted((at for *_, at in found), reverse=True)


@QUIET
@given(st.lists(st.integers(0, 4), max_size=12), st.integers(0, 4))
def test_never_more_stories_than_the_limit_and_again_is_free(
    ledger: Ledger, articles: list[int], wanted: list[int], limit: int
) -> None:
    reader, opened = f"visitor:only-{next(_numbers)}", []
    for place, article in enumerate(wanted):
        now = NOW + timedelta(seconds=place)
        said = claim(ledger, reader, PERIODS[0], articles[article], limit, now, is_known=place > 0)
        if place == 0 and limit == 0:
            return  # nobody asks for a first story of none: blueprints.metering.ask
        if said is Decision.OPEN:
            opened.append(article)
        else:
            assert article not in opened and len(set(opened)) == limit
    assert len(set(opened)) == min(limit, len(set(wanted)))
    assert ledger.opened(reader, PERIODS[0]).used == len(set(opened))


def test_signing_in_again_and_again_brings_nothing_twice(ledger: Ledger, articles: list[int]) -> None:
    for place in range(3):
        claim(ledger, "visitor:a", PERIODS[0], articles[place], 3, NOW + timedelta(seconds=place))
    change(ledger, "merge", "visitor:a", "account:1", PERIODS[0], ENDS)
    change(ledger, "erase", "visitor:a", keep_count=True)
    for _ in range(3):
        change(ledger, "merge", "visitor:a", "account:1", PERIODS[0], ENDS)
    change(ledger, "erase", "account:1", keep_count=True)
    change(ledger, "merge", "visitor:a", "account:1", PERIODS[0], ENDS)
    assert ledger.opened("account:1", PERIODS[0]) == Opened(frozenset(), 3)
    assert ledger.opened("visitor:a", PERIODS[0]) == Opened(frozenset(), 3), "signing out gives nothing back"


def test_one_reader_is_not_another(ledger: Ledger, articles: list[int]) -> None:
    """account:1 and account:12 begin alike; so may two visitors."""
    for reader in ("account:1", "account:12"):
        claim(ledger, reader, PERIODS[0], articles[0], 3, NOW)
    change(ledger, "erase", "account:1", keep_count=False)
    assert ledger.record("account:1") == [] and len(ledger.record("account:12")) == 1


@pytest.mark.parametrize("ledger", ["database"], indirect=True)
def test_a_story_that_is_deleted_still_counts(ledger: DatabaseLedger, articles: list[int]) -> None:
    claim(ledger, "visitor:b", PERIODS[0], articles[0], 3, NOW)
    claim(ledger, "visitor:b", PERIODS[0], articles[1], 3, NOW)
    begin_write()
    db.session.delete(db.session.get(Article, articles[0]))
    db.session.commit()
    assert ledger.opened("visitor:b", PERIODS[0]) == Opened(frozenset({articles[1]}), 2)
    assert claim(ledger, "visitor:b", PERIODS[0], articles[2], 3, NOW) is Decision.OPEN
    slots = db.session.scalars(db.select(MeterRead.slot).order_by(MeterRead.slot)).all()
    assert slots == [1, 2, 3]


@pytest.mark.parametrize("ledger", ["database"], indirect=True)
def test_old_periods_are_dropped(ledger: DatabaseLedger, articles: list[int]) -> None:
    for period in PERIODS:
        claim(ledger, "visitor:c", period, articles[0], 3, NOW)
    change(ledger, "forget", PERIODS[1])
    assert [line.period for line in ledger.record("visitor:c")] == [PERIODS[1]]


@pytest.mark.parametrize("ledger", ["valkey"], indirect=True)
def test_in_valkey_each_period_has_its_end(ledger: ValkeyLedger, articles: list[int]) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    ledger.claim("visitor:d", PERIODS[0], ends, articles[0], 3, NOW, is_known=False)
    ledger.merge("visitor:d", "account:4", PERIODS[0], ends)
    ledger.erase("account:4", keep_count=True)
    keys = list(ledger.redis.scan_iter("test:meter:*"))
    week = 7 * 86400
    assert len(keys) == 2 and all(week < ledger.redis.ttl(key) < 9 * 86400 for key in keys)


@pytest.mark.parametrize("ledger", ["valkey"], indirect=True)
def test_a_merge_of_nothing_leaves_nothing(ledger: ValkeyLedger) -> None:
    ledger.merge("visitor:nobody", "account:5", PERIODS[0], ENDS)
    assert list(ledger.redis.scan_iter("*account:5*")) == []


def test_valkey_that_does_not_answer_says_so_at_once() -> None:
    ledger = ValkeyLedger("redis://127.0.0.1:1/0", "test")
    begun = datetime.now(UTC)
    for ask in (lambda: ledger.opened("a", "b"), lambda: ledger.record("a"), ledger.reach):
        with pytest.raises(LedgerAway):
            ask()
    assert datetime.now(UTC) - begun < timedelta(seconds=3)
