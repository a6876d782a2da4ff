"""Reads: who is counted, how they fade, and that a batch of them is stored whole."""

import math
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from blueprints.magazine import tally
from blueprints.magazine.reads import AGAIN, REMEMBERED, Heard
from models import Article, begin_write, db, utcnow
from models import reads as stored
from models.article import POPULAR_DAYS, Status
from models.heat import EPOCH, HALF_LIFE, NEVER, Reads, both, level, most
from models.metering import Access
from tests.conftest import browser
from tests.makers import make_account, make_article, make_editor, sign_in

NOW = datetime(2026, 11, 24, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


def reads_at(*times: datetime) -> float:
    warm = NEVER
    for at in times:
        warm = both(warm, level(at))
    return warm


def test_a_read_is_worth_half_after_a_half_life_and_a_quarter_after_two() -> None:
    assert reads_at(NOW - HALF_LIFE, NOW - HALF_LIFE) == pytest.approx(level(NOW))
    assert reads_at(*[NOW - 2 * HALF_LIFE] * 4) == pytest.approx(level(NOW))
    assert reads_at(*[NOW - 2 * HALF_LIFE] * 3) < level(NOW) < reads_at(*[NOW - 2 * HALF_LIFE] * 5)


def test_the_sum_does_not_depend_on_the_order_or_on_how_it_is_batched() -> None:
    times = [NOW - timedelta(days=days) for days in (0, 3, 3, 10, 90, 400)]
    true = math.log2(sum(2 ** ((at - NOW) / HALF_LIFE) for at in times)) + level(NOW)
    assert reads_at(*times) == pytest.approx(true, abs=1e-9)
    assert reads_at(*reversed(times)) == pytest.approx(true, abs=1e-9)
    batch = sum((Reads.one(at) for at in times[1:]), Reads.one(times[0]))
    assert batch.number == 6 and batch.heat == pytest.approx(true, abs=1e-9)


def test_nothing_read_is_nothing_and_a_clock_before_the_epoch_gives_none() -> None:
    assert both(NEVER, NEVER) == NEVER == most(0, NOW) == level(EPOCH - timedelta(days=1))
    assert both(NEVER, level(NOW)) == level(NOW)
    assert most(8, NOW) == pytest.approx(level(NOW) + 3)


def stands(article: Article) -> tuple[int, float]:
    db.session.rollback()  # what this connection saw before is no longer of interest
    found = db.session.execute(db.select(Article.reads, Article.heat).where(Article.id == article.id)).one()
    return found.reads, found.heat


def store(counted: dict[int, Reads], now: datetime = NOW) -> None:
    begin_write()
    stored.store(counted, now)
    db.session.commit()


def test_a_batch_is_added_to_what_stands(app: Flask) -> None:
    one, other = make_article(), make_article()
    store({one.id: Reads.one(NOW) + Reads.one(NOW), other.id: Reads.one(NOW), 999_999: Reads.one(NOW)})
    store({one.id: Reads.one(NOW)})
    assert stands(one) == (3, pytest.approx(most(3, NOW)))
    assert stands(other) == (1, pytest.approx(level(NOW)))


def test_a_read_is_no_edit(app: Flask) -> None:
    article = make_article()
    before = article.saved_at
    store({article.id: Reads.one(NOW)})
    assert article.saved_at == before


def test_a_read_leaves_the_page_cache_as_it_is(app: Flask) -> None:
    article, generation = make_article(), app.extensions["generation"]
    before = generation.now()
    store({article.id: Reads.one(NOW)})
    assert stands(article)[0] == 1 and generation.now() == before
    make_article()
    assert generation.now() != before, "an edit is another matter"


def test_a_clock_that_ran_ahead_warms_nothing_for_good(app: Flask) -> None:
    """Reads of next year, counted by a wrong clock, are worth no more than reads of now once it is right."""
    article = make_article()
    store({article.id: Reads.one(NOW + timedelta(days=365))}, NOW + timedelta(days=365))
    assert Article.popular(NOW) == []  # warmer than reads can make it
    store({article.id: Reads.one(NOW)})
    assert stands(article) == (2, pytest.approx(most(2, NOW)))
    assert Article.popular(NOW) == [article]


def test_popular_is_what_is_read_now_however_old(app: Flask) -> None:
    old = make_article(published_at=NOW - timedelta(days=2000))
    young = make_article(published_at=NOW - timedelta(days=1))
    draft, unread = make_article(status=Status.DRAFT), make_article()
    gone = make_article(published_at=NOW - timedelta(days=POPULAR_DAYS + 20))
    read = {old.id: 5, young.id: 4, draft.id: 50}
    store({article_id: Reads(number, most(number, NOW)) for article_id, number in read.items()})
    long_ago = NOW - timedelta(days=POPULAR_DAYS + 1)
    store({gone.id: Reads.one(long_ago)}, long_ago)
    assert Article.popular(NOW) == [old, young]
    assert unread not in Article.popular(NOW, 20)


def test_equally_warm_stories_stand_newest_first(app: Flask) -> None:
    articles = [make_article(heat=level(NOW), published_at=NOW - timedelta(days=days)) for days in (3, 1, 2)]
    assert Article.popular(NOW) == [articles[1], articles[2], articles[0]]


def test_popular_comes_from_its_index(app: Flask) -> None:
    statement = Article.popular_cards(NOW).limit(5).compile(db.engine, compile_kwargs={"literal_binds": True})
    if db.engine.dialect.name == "sqlite":
        plan = db.session.execute(db.text(f"EXPLAIN QUERY PLAN {statement}")).all()
        assert "ix_article_heat_status (heat" in str(plan), plan


def see(client: FlaskClient, article: Article, address: str = "203.0.113.7", **headers: str) -> int:
    """What one beacon adds to the story's reads."""
    before = stands(article)[0]
    sent = {"User-Agent": FIREFOX} | {name.replace("_", "-"): value for name, value in headers.items()}
    reply = client.post(f"/articles/{article.slug}/seen", headers=sent, environ_overrides={"REMOTE_ADDR": address})
    assert (reply.status_code, reply.data) == (204, b"")
    assert "Set-Cookie" not in reply.headers and reply.headers["Cache-Control"] == "no-store"
    client.application.extensions["reads"].flush()
    return stands(article)[0] - before


def test_one_network_counts_once_an_hour_for_each_story(app: Flask, client: FlaskClient) -> None:
    one, other = make_article(), make_article()
    assert see(client, one) == 1
    assert see(client, one) == 0
    assert see(client, one, User_Agent="Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)") == 0
    assert see(client, other) == 1
    assert see(client, one, "203.0.113.8") == 1
    assert see(client, one, "2001:db8:1:2::1") == 1
    assert see(client, one, "2001:db8:1:2:ffff::9") == 0, "one household"


def test_after_an_hour_the_network_counts_again_and_memory_stays_small() -> None:
    now = [0.0]
    heard = Heard(lambda: now[0])
    assert heard.is_new("a") and not heard.is_new("a")
    now[0] = AGAIN - 1
    assert not heard.is_new("a")
    now[0] = AGAIN
    assert heard.is_new("a")
    for number in range(REMEMBERED + 10):
        heard.is_new(str(number))
    assert len(heard.since) == REMEMBERED


def test_no_address_is_kept(app: Flask, client: FlaskClient) -> None:
    see(client, make_article(), "203.0.113.77")
    assert app.extensions["heard"].since and "203.0.113" not in str(app.extensions["heard"].since)


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0) Chrome/126.0 Safari/537.36",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36",
        "Mozilla/5.0 (compatible; Yahoo! Slurp)",
        "Baiduspider/2.0",
        "Mozilla/5.0 (Linux; Android 11) Chrome/109.0 Mobile Safari/537.36 Chrome-Lighthouse",
        "facebookexternalhit/1.1",
        "curl/8.5.0",
        "python-requests/2.32",
        "Googlebot-Image/1.0",
    ],
)
def test_programs_are_not_readers(app: Flask, client: FlaskClient, agent: str) -> None:
    assert see(client, make_article(), User_Agent=agent) == 0


def test_people_are_readers_whatever_their_telephone_is_called(app: Flask, client: FlaskClient) -> None:
    cubot = "Mozilla/5.0 (Linux; Android 11; CUBOT_NOTE_20) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
    assert see(client, make_article(), User_Agent=cubot) == 1


@pytest.mark.parametrize(
    ("name", "value"), [("Sec_Purpose", "prefetch;prerender"), ("Purpose", "prefetch"), ("X_Moz", "prefetch")]
)
def test_what_is_fetched_ahead_is_not_read(app: Flask, client: FlaskClient, name: str, value: str) -> None:
    article = make_article()
    assert see(client, article, **{name: value}) == 0
    assert see(client, article) == 1, "looked at later, it counts"


def test_staff_are_not_counted_and_readers_are(app: Flask, client: FlaskClient) -> None:
    article = make_article(access=Access.MEMBERS)
    sign_in(client, make_editor())
    assert see(client, article) == 0
    reader = browser(app)
    sign_in(reader, make_account())
    assert see(reader, article) == 1


def test_a_text_that_was_not_given_is_not_read(app: Flask, client: FlaskClient) -> None:
    assert see(client, make_article(access=Access.MEMBERS)) == 0
    assert see(client, make_article(access=Access.PATRONS)) == 0
    assert see(client, make_article(status=Status.DRAFT)) == 0
    assert see(client, make_article(published_at=utcnow() + timedelta(days=1))) == 0


def count_until(tallied: tally.Tally, article: Article, number: int) -> None:
    """Wait, for ten seconds at most, until so many are stored."""
    end = time.monotonic() + 10
    while stands(article)[0] < number and time.monotonic() < end:
        time.sleep(0.02)
    assert stands(article)[0] == number
    assert tallied.number == 0


def test_a_batch_is_stored_when_its_time_is_over(app: Flask) -> None:
    article, counted = make_article(), tally.Tally(app, wait=0.05)
    counted.add(article.id, NOW)
    counted.add(article.id, NOW)
    count_until(counted, article, 2)
    counted.add(article.id, NOW)
    count_until(counted, article, 3)


def test_a_crowd_does_not_wait_for_the_time(app: Flask) -> None:
    article, counted = make_article(), tally.Tally(app, wait=60)
    number = article.id

    def many() -> None:
        for _ in range(tally.ENOUGH // 4):
            counted.add(number, NOW)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    count_until(counted, article, tally.ENOUGH)


def test_what_the_database_refuses_waits_for_the_next_time(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    article, counted = make_article(), tally.Tally(app, wait=0)
    counted.add(article.id, NOW)

    def refuse(*_: object) -> None:
        raise OperationalError("", {}, Exception("away"))

    with monkeypatch.context() as patched:
        patched.setattr(stored, "store", refuse)
        counted.flush()
    assert stands(article)[0] == 0 and counted.number == 1
    counted.add(article.id, NOW)
    counted.flush()
    assert stands(article)[0] == 2


def test_a_forked_child_starts_empty_and_its_locks_are_free(app: Flask) -> None:
    counted = tally.Tally(app, wait=0)
    counted.add(1, NOW)
    with counted.counting:  # held by another thread, say, when the process forks
        child = os.fork()
        if not child:  # nothing but a look: the child must not touch what the tests have open
            os._exit(0 if not counted.waiting and counted.counting.acquire(timeout=1) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert counted.number == 1, "the parent's own"


SERVE = """
import sys, signal, time
from app import create_app
from models import utcnow
app = create_app()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as the servers do
app.extensions["reads"].add(int(sys.argv[1]), utcnow())
print("counted", flush=True)
time.sleep(60)
"""


def test_a_process_that_is_asked_to_end_stores_what_it_counted(app: Flask, settings: dict) -> None:
    article = make_article()
    names = {name: str(value) for name, value in settings.items() if name != "TESTING" and value}
    serving = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(article.id)],
        cwd=Path(app.root_path),
        env={**os.environ, **names},
        stdout=subprocess.PIPE,
    )
    assert serving.stdout is not None
    with serving.stdout as said:
        assert said.readline() == b"counted\n"
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(20) == 0
    assert stands(article)[0] == 1
