"""Stories by the month they came out in, as the magazine's own clock says it."""

from calendar import month_name
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, column, func, select, values

from models.article import Article
from models.base import UtcDateTime, db

EARLIEST, LATEST = 1000, 9000  # years that every time zone's clock can show
MOST_YEARS = 100
MOST_MONTHS = 1200  # that the list of all months looks at; a wrong date of an import must not make it endless


@dataclass(frozen=True, order=True, slots=True)
class Month:
    year: int
    number: int  # 1 to 12

    @classmethod
    def of(cls, moment: datetime, zone: ZoneInfo) -> "Month":
        here = moment.astimezone(zone)
        return cls(here.year, here.month)

    @classmethod
    def named(cls, year: str, number: str) -> "Month | None":
        """The month of an address: "2026", "03"; None for anything else."""
        shaped = len(year) == 4 and len(number) == 2 and (year + number).isascii() and (year + number).isdigit()
        if not shaped or not EARLIEST < int(year) < LATEST or not 1 <= int(number) <= 12:
            return None
        return cls(int(year), int(number))

    @property
    def path(self) -> str:
        return f"/archive/{self.year:04}/{self.number:02}"

    @property
    def name(self) -> str:
        """In words: November."""
        return month_name[self.number]

    def move(self, months: int) -> "Month":
        years, number = divmod(self.number - 1 + months, 12)
        return Month(self.year + years, number + 1)

    def begins(self, zone: ZoneInfo) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=zone).astimezone(UTC)

    def ends(self, zone: ZoneInfo) -> datetime:
        return self.move(1).begins(zone)


def stories_of(month: Month, zone: ZoneInfo, now: datetime) -> Select[Any]:
    """The month's published stories, newest first, as cards."""
    within = Article.published_at >= month.begins(zone), Article.published_at < month.ends(zone)
    return Article.cards(now).where(*within)


def neighbours(month: Month, zone: ZoneInfo, now: datetime) -> tuple[Month | None, Month | None]:
    """The nearest months before and after this one that have stories."""
    at = Article.published_at
    before = db.session.scalar(select(func.max(at)).where(Article.is_out(now), at < month.begins(zone)))
    after = db.session.scalar(select(func.min(at)).where(Article.is_out(now), at >= month.ends(zone)))
    return Month.of(before, zone) if before else None, Month.of(after, zone) if after else None


def years(zone: ZoneInfo, now: datetime) -> list[int]:
    """From the year of the newest story back to that of the oldest."""
    at = Article.published_at
    first, last = (db.session.scalar(select(one(at)).where(Article.is_out(now))) for one in (func.min, func.max))
    if first is None or last is None:
        return []
    return list(range(last.astimezone(zone).year, first.astimezone(zone).year - 1, -1))[:MOST_YEARS]


def months(zone: ZoneInfo, now: datetime) -> list[tuple[Month, int]]:
    """Every month with stories and how many, newest first; two questions, whatever the magazine's age."""
    at = Article.published_at
    first = db.session.scalar(select(func.min(at)).where(Article.is_out(now)))
    if first is None:
        return []
    newest, oldest = Month.of(now, zone), Month.of(first, zone)
    spans: list[tuple[int, datetime, datetime]] = []
    month = newest
    while month >= oldest and len(spans) < MOST_MONTHS:
        spans.append((len(spans), month.begins(zone), month.ends(zone)))
        month = month.move(-1)
    columns = column("back", db.Integer), column("begins", UtcDateTime()), column("ends", UtcDateTime())
    span = values(*columns, name="months").data(spans).cte("span")
    inside = Article.is_out(now), at >= span.c.begins, at < span.c.ends
    count = select(func.count()).select_from(Article).where(*inside).scalar_subquery()
    counted = db.session.execute(select(span.c.back, count).order_by(span.c.back))
    return [(newest.move(-back), number) for back, number in counted if number]
