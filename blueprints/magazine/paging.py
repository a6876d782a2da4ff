"""Older stories, a page at a time, by the place in the list and not by its number: nothing shifts under a reader."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, tuple_

from models import Article, db

PAGE = 24  # stories


@dataclass(frozen=True, slots=True)
class Shelf:
    """One page of a list; `older` is the `before` of the next page, or ""."""

    stories: list[Article]
    older: str


def mark(article: Article) -> str:
    """Where the next page begins: after this story."""
    return f"{article.published_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ},{article.id}" if article.published_at else ""


def read_mark(text: str) -> tuple[datetime, int]:
    """The instant and the id in a mark. Raises ValueError for anything else."""
    stamp, _, number = text.partition(",")
    moment = datetime.fromisoformat(stamp)
    if moment.tzinfo is None or not 1 < moment.year < 9999 or not number.isascii() or not number.isdigit():
        raise ValueError(text)
    if len(number) > 15:  # no database has such an id
        raise ValueError(text)
    return moment.astimezone(UTC), int(number)


def shelf(cards: Select[Any], before: str) -> Shelf:
    """The stories after a mark, newest first. Raises ValueError for a mark that is none."""
    if before:
        cards = cards.where(tuple_(Article.published_at, Article.id) < read_mark(before))
    found = list(db.session.scalars(cards.limit(PAGE + 1)))
    stories = Article.with_bylines(found[:PAGE])
    return Shelf(stories, mark(stories[-1]) if len(found) > PAGE else "")
