"""What a counted read opens besides the text: a liveblog's later entries, and replies. Both come by the same door."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from blueprints import metering
from blueprints.metering.pointer import COOKIE
from models import Article, Comment, LiveEntry, MeterRead, begin_write, db, utcnow
from models.article import Kind
from models.metering import Access, Every
from tests.conftest import browser
from tests.makers import make_account, make_article, sign_in
from tests.reading.door import REST, another, ask, client_gets_a_shell, metered, opens, press, same_reader

PRIVATE = "private, no-store"
REPLY = {"name": "Robin", "email": "robin@example.org", "body": "A word of mine."}


@pytest.fixture
def settings(settings: dict) -> dict:
    return settings | {"METER_ANONYMOUS": "1", "METER_MEMBER": "2", "METER_PERIOD": "day"}


@pytest.fixture
def liveblog(app: Flask) -> Article:
    begun = make_article("It begins.", access=Access.METERED, kind=Kind.LIVEBLOG, opened_at=utcnow())
    for words in ("The early entry.", "The late entry."):
        post(begun, words)
    return begun


def post(liveblog: Article, words: str) -> None:
    begin_write()
    entry = LiveEntry.begin(liveblog)
    entry.at = utcnow()
    entry.write(words)
    db.session.commit()


def entries(client: FlaskClient, liveblog: Article, after: int = 0, **headers: str):  # type: ignore[no-untyped-def]
    return client.get(f"/articles/{liveblog.slug}/entries?after={after}", headers=headers)


def move_back(days: int) -> None:
    """What was read so far was read so many days ago."""
    keys = [metering.this_period(utcnow() - timedelta(days=back)).key for back in (days, 0)]
    begin_write()
    db.session.execute(db.update(MeterRead).where(MeterRead.period == keys[1]).values(period=keys[0]))
    db.session.commit()


def test_an_open_liveblog_costs_one_read_and_renews_itself(app: Flask, client: FlaskClient, liveblog: Article) -> None:
    reply = ask(client, liveblog)
    assert reply.json["access"] == "open" and "The late entry." in reply.json["html"] and reply.json["left"] == 0
    assert f'data-live="/articles/{liveblog.slug}/entries"' in reply.json["html"]
    post(liveblog, "The newest entry.")
    news = entries(client, liveblog, 2)
    assert news.status_code == 200 and "The newest entry." in news.text and "The late entry." not in news.text
    assert news.headers["Cache-Control"] == PRIVATE and "ETag" not in news.headers
    assert entries(client, liveblog, 2, **{"If-None-Match": "*"}).status_code == 200
    assert "The newest entry." in ask(client, liveblog).json["html"] and not opens(client, metered())


def test_who_did_not_open_it_hears_nothing(app: Flask, client: FlaskClient, liveblog: Article) -> None:
    other = browser(app)
    assert opens(other, metered())  # nothing left
    for one in (client, other, browser(app)):
        refused = entries(one, liveblog)
        assert refused.status_code == 403 and "entry." not in refused.text
        assert refused.headers["Cache-Control"] == PRIVATE
    assert ask(other, liveblog).json["access"] == "used-up"
    assert entries(other, liveblog).status_code == 403


@pytest.mark.parametrize("days", [1, 2, 6])
def test_it_goes_on_when_the_count_starts_anew(app: Flask, client: FlaskClient, liveblog: Article, days: int) -> None:
    other = metered()
    assert ask(client, liveblog).json["access"] == "open"
    move_back(days)
    assert entries(client, liveblog).status_code == 200
    again = ask(client, liveblog)
    assert again.json["access"] == "open" and again.json["left"] == 1, "this day's read is still to be had"
    assert opens(client, other) and entries(client, liveblog).status_code == 200
    begin_write()
    liveblog.close(utcnow())
    db.session.commit()
    assert entries(client, liveblog).status_code == 403, "once it is over it is a story as any other"
    assert ask(client, liveblog).json["access"] == "used-up"


def test_a_story_of_yesterday_counts_anew(client: FlaskClient, app: Flask) -> None:
    story = metered()
    assert opens(client, story)
    move_back(1)
    assert client_gets_a_shell(client, story)
    assert ask(client, story).json["left"] == 0


def test_the_pointer_outlives_the_day_it_was_given(app: Flask, client: FlaskClient, liveblog: Article) -> None:
    ask(client, liveblog)
    kept = client.get_cookie(COOKIE)
    assert kept and kept.expires and kept.expires - utcnow() > timedelta(days=7)
    assert all(key in metering.kept_periods(utcnow()) for key in days_back(7))


def days_back(most: int) -> list[str]:
    return [metering.this_period(utcnow() - timedelta(days=back)).key for back in range(most + 1)]


@pytest.mark.parametrize("every", Every)
def test_some_periods_before_are_looked_at_and_never_many(app: Flask, every: Every) -> None:
    app.config["METER_PERIOD"] = every
    keys = metering.kept_periods(utcnow())
    assert keys == sorted(set(keys), reverse=True)
    assert 2 <= len(keys) <= {Every.DAY: 10, Every.WEEK: 3, Every.MONTH: 2}[every]


def test_the_order_asked_for_comes_and_is_nobody_elses(app: Flask, client: FlaskClient, liveblog: Article) -> None:
    """A text is made once for all readers, but not in an order that one of them asked for."""

    def is_newest_first(html: str) -> bool:
        return html.index("The late entry.") < html.index("The early entry.")

    path = f"/articles/{liveblog.slug}/read"
    for query, expected in (("?order=oldest", False), ("", True), ("?order=newest", True), ("?order=oldest", False)):
        reply = client.post(path + query, headers={"Accept": "application/json"})
        assert is_newest_first(reply.json["html"]) is expected, query
        assert is_newest_first(client.get(path + query).text) is expected, query


def test_closed_to_all_at_once(app: Flask, client: FlaskClient, liveblog: Article, settings: dict) -> None:
    assert ask(client, liveblog).json["access"] == "open"
    with another(app, settings, METER_ANONYMOUS="0") as site:
        assert entries(same_reader(client, site), liveblog).status_code == 403


def test_who_opened_a_story_may_reply_and_nobody_else(app: Flask, client: FlaskClient) -> None:
    story, stranger, member = metered(), browser(app), browser(app)
    sign_in(member, make_account())
    path = f"/articles/{story.slug}/comments"
    for one in (client, stranger, member):
        assert one.get(path).status_code == 403 and one.post(path, data=REPLY).status_code == 403
        refused = one.post(path, data=REPLY)
        assert REPLY["body"] in refused.text and REST not in refused.text, "the words are not lost"
    assert db.session.scalars(db.select(Comment)).all() == []
    for one in (client, member):
        assert press(one, story).status_code == 303
        assert one.get(path).status_code == 200
        assert one.post(path, data=REPLY).status_code == 303
    assert stranger.get(path).status_code == 403
    assert len(db.session.scalars(db.select(Comment)).all()) == 2
