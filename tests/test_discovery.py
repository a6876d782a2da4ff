"""What leads from a story to others: its series, the next one, the related, the archive of its month."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from models import Article, Series, db, utcnow
from models.archive import Month, months
from models.article import Status
from models.heat import level
from models.metering import Access
from models.sequence import following, place_of
from models.story import Story
from tests.makers import NOON, keep, make_article, make_author, make_category

DAY = timedelta(days=1)


@pytest.fixture
def settings(settings: dict) -> dict:
    return settings | {"TIMEZONE": "Europe/Amsterdam"}


def make_series(*places: int, **given: object) -> tuple[Series, list]:
    """A series and a published story for each place, the later the older."""
    series = keep(Series(**{"slug": "lifts", "title": "Lifts 电梯", "description": "Up and down."} | given))
    return series, [
        make_article(series_id=series.id, series_position=place, published_at=NOON - DAY * number)
        for number, place in enumerate(places)
    ]


def read(client: FlaskClient, address: str) -> str:
    reply = client.get(address)
    assert reply.status_code == 200, (address, reply.status_code)
    return reply.text


def test_a_story_says_which_part_it_is_and_leads_to_the_parts_beside_it(app: Flask, client: FlaskClient) -> None:
    _, (first, second, third) = make_series(10, 20, 30)
    page = read(client, f"/articles/{second.slug}")
    assert "<b>Part 2 of 3</b>" in page and '<a href="/series/lifts">Lifts <span lang="zh">电梯</span></a>' in page
    assert f'rel="prev" href="/articles/{first.slug}"' in page and f'rel="next" href="/articles/{third.slug}"' in page
    assert 'rel="prev"' not in read(client, f"/articles/{first.slug}")
    assert 'rel="next"' not in read(client, f"/articles/{third.slug}")
    assert "Part " not in read(client, f"/articles/{make_article().slug}")


def test_drafts_and_what_is_still_to_come_are_not_counted(app: Flask, client: FlaskClient) -> None:
    series, (first, second) = make_series(1, 3)
    make_article(series_id=series.id, series_position=2, status=Status.DRAFT, title="A secret draft")
    make_article(series_id=series.id, series_position=4, published_at=utcnow() + DAY, title="A secret to come")
    assert "<b>Part 2 of 2</b>" in read(client, f"/articles/{second.slug}")
    page = read(client, "/series/lifts")
    assert page.index(first.title) < page.index(second.title) and "secret" not in page
    assert "secret" not in read(client, f"/articles/{first.slug}")


def test_a_series_stands_in_its_order_and_without_a_part_there_is_none(app: Flask, client: FlaskClient) -> None:
    _, stories = make_series(3, 1, 2)
    page = read(client, "/series/lifts")
    assert "Up and down." in page
    assert re.findall(r'<h2><a href="/articles/([^"]+)"', page) == [stories[1].slug, stories[2].slug, stories[0].slug]
    keep(Series(slug="empty", title="Empty"))
    for gone in (
        "/series/empty",
        "/series/none",
        "/series/lifts?page=2",
        "/series/lifts?page=0",
        "/series/lifts?page=x",
    ):
        assert client.get(gone).status_code == 404, gone


def after(article: Article) -> int | None:
    """The id of the story that the page leads on to."""
    story = Story.by_slug(article.slug, NOON)
    card = story and following(story, place_of(story))
    return card.id if card else None


def test_the_next_story_is_the_next_part_else_the_one_before_outside_the_series(app: Flask) -> None:
    _, (newest, middle, last) = make_series(1, 2, 3)
    older, oldest = make_article(published_at=NOON - 30 * DAY), make_article(published_at=NOON - 60 * DAY)

    assert [after(newest), after(middle), after(last)] == [middle.id, last.id, older.id]
    assert [after(older), after(oldest)] == [oldest.id, newest.id]


def test_after_the_last_part_comes_no_part_before_it(app: Flask) -> None:
    _, (last, _) = make_series(2, 1)
    other = make_article(published_at=NOON - 30 * DAY)
    assert after(last) == other.id


def test_stories_of_one_instant_follow_each_other(app: Flask) -> None:
    """As an import brings them: none is skipped, and none leads back."""
    stories = [make_article(published_at=NOON) for _ in range(3)]
    assert [after(stories[2]), after(stories[1])] == [stories[1].id, stories[0].id]


def test_a_story_alone_has_no_next(app: Flask, client: FlaskClient) -> None:
    page = read(client, f"/articles/{make_article().slug}")
    assert 'class="section next-story"' not in page and 'class="section related"' not in page


def test_only_an_open_story_goes_on_by_itself(app: Flask, client: FlaskClient) -> None:
    free, closed = make_article(), make_article(access=Access.MEMBERS)
    assert f'data-next="/articles/{closed.slug}"' in read(client, f"/articles/{free.slug}")
    page = read(client, f"/articles/{closed.slug}")
    assert "data-next" not in page and f'<a href="/articles/{free.slug}">' in page


def test_the_archive_counts_months_by_the_magazines_clock(app: Flask, client: FlaskClient) -> None:
    eve = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)  # half past midnight in Amsterdam
    new_year = make_article(published_at=eve)
    december = make_article(published_at=eve - timedelta(hours=1))
    make_article(published_at=eve, status=Status.DRAFT)
    make_article(published_at=utcnow() + DAY)
    found = months(app.config["ZONE"], utcnow())
    assert found == [(Month(2026, 1), 1), (Month(2025, 12), 1)]
    page = read(client, "/archive")
    assert page.index('href="/archive/2026/01"') < page.index('href="/archive/2025/12"') and 'id="y2026"' in page
    page = read(client, "/archive/2026/01")
    assert new_year.slug in page and december.slug not in page and "January 2026" in page
    assert 'href="/archive/2025/12">Earlier: December 2025' in page and "Later" not in page
    assert client.get("/archive/2026").headers["Location"] == "/archive#y2026"
    assert 'href="/archive"' in read(client, "/")


@pytest.mark.parametrize(
    "odd",
    [
        "2026/02",
        "2026/13",
        "2026/00",
        "2026/1",
        "0000/01",
        "9999/12",
        "２０２６/01",
        "2026/x",
        "-026/01",
        "2026/01/02",
        "x",
    ],
)
def test_a_month_that_is_none_is_not_found(app: Flask, client: FlaskClient, odd: str) -> None:
    make_article(published_at=datetime(2026, 1, 15, tzinfo=UTC))
    assert client.get(f"/archive/{odd}").status_code == 404


def test_an_archive_of_nothing_is_a_page(app: Flask, client: FlaskClient) -> None:
    assert "Nothing is out yet" in read(client, "/archive")


def test_a_full_month_goes_on_by_its_place_and_not_by_its_number(app: Flask, client: FlaskClient) -> None:
    at = datetime(2026, 1, 15, tzinfo=UTC)
    slugs = [make_article(published_at=at - timedelta(minutes=number)).slug for number in range(30)]
    found, address = [], "/archive/2026/01"
    while address:
        page = read(client, address)
        found += re.findall(r'<h3><a href="/articles/([^"]+)"', page)
        more = re.search(r'rel="next" href="(\?before=[^"]+)"', page)
        address = f"/archive/2026/01{more[1]}" if more else ""
    assert found == slugs
    assert client.get("/archive/2026/01?before=nonsense").status_code == 404


def test_popular_is_ranked_by_heat_and_says_how(app: Flask, client: FlaskClient) -> None:
    cold = make_article(heat=level(utcnow() - 5 * DAY))
    warm = make_article(heat=level(utcnow()), published_at=NOON - 900 * DAY)
    make_article(title="Never read")
    page = read(client, "/popular")
    assert page.index(warm.title) < page.index(cold.title)
    assert "Never read" not in page and "counts half after a week" in page


def test_an_authors_page_says_who_it_is(app: Flask, client: FlaskClient) -> None:
    author = make_author(name="Marit", role="Editor", bio="Writes about lifts.")
    story = make_article(authors=[author], category=make_category())
    page = read(client, f"/author/{author.slug}")
    assert '<p class="kicker">Editor</p>' in page and "Writes about lifts." in page and story.title in page


def test_a_series_is_found_by_its_own_index(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by what the tables hold")
    _, (story,) = make_series(1)
    plans: list[str] = []

    def explain(_connection, cursor, statement, parameters, *_rest) -> None:  # type: ignore[no-untyped-def]
        if statement.startswith(("SELECT", "WITH")):
            plan = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.append(str([row[3] for row in plan]))

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        place_of(Story.by_slug(story.slug, NOON))
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)
    assert any("ix_article_series_id_status_published_at (series_id=? AND status=?" in plan for plan in plans), plans
    assert not any("INDEX ix_article_status_published_at" in plan for plan in plans), plans


def test_a_storys_page_asks_few_questions_whatever_it_leads_to(app: Flask, client: FlaskClient) -> None:
    """The story, its text, replies, series with the next part, related; what memos hold is asked once a generation."""
    _, (_, story, _) = make_series(1, 2, 3)
    read(client, f"/articles/{make_article().slug}")
    asked, address = [], f"/articles/{story.slug}"
    db.session.remove()

    def note(_connection, _cursor, statement, *_rest) -> None:  # type: ignore[no-untyped-def]
        if statement.startswith(("SELECT", "WITH")):
            asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        read(client, address)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(asked) <= 6, "\n".join(asked)
