"""A story as boxes and links of a page show it: plain values, which cost a page a fifth of what rows of the ORM do.

Statements are put together once, when the program starts: `now` and the rest are given when they are run.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, select

from models.article import Article, Category, Status
from models.picture import Picture, Plate

stories, categories, pictures = Article.__table__.c, Category.__table__.c, Picture.__table__.c
NEWEST_FIRST = (stories.published_at.desc(), stories.id.desc())
WITH_PICTURE = Article.__table__.outerjoin(Category.__table__).outerjoin(Picture.__table__)


class Section(NamedTuple):
    """A category, as its stories name it."""

    slug: str
    name: str


class Card(NamedTuple):
    """A story without its text."""

    id: int
    slug: str
    title: str
    standfirst: str
    picture_alt: str
    picture_focus: str
    category: Section | None
    picture: Plate | None

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Card":
        """From a row that begins with the columns of `cards`."""
        values: list[Any] = [*row[:6], section(row[6:8]), plate(row[8:12])]
        return cls(*values)


def section(values: Sequence[Any]) -> Section | None:
    return Section(*values) if values[0] else None


def plate(values: Sequence[Any]) -> Plate | None:
    return Plate(*values) if values[0] else None


def is_out(moment: str = "now") -> ColumnElement[bool]:
    """Whether a story is published by the moment that is given under this name."""
    return and_(stories.status == Status.PUBLISHED, stories.published_at <= bindparam(moment))


def cards(*where: ColumnElement[bool], by: str = "now") -> Select[Any]:
    """Stories that are out by a moment and for which all of `where` holds, in no order; to be read by `Card.of`."""
    own = (stories.id, stories.slug, stories.title, stories.standfirst, stories.picture_alt, stories.picture_focus)
    theirs = (categories.slug, categories.name, pictures.key, pictures.width, pictures.height, pictures.widths)
    return select(*own, *theirs).select_from(WITH_PICTURE).where(is_out(by), *where)
