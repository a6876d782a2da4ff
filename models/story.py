"""A story as its own page shows it: plain values, read in few statements that are put together once.

What changes a story is models/article.py. The text is read through `models.presenting.present` only.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, literal_column, null, select, union_all

from models.article import Kind, Status, Tag, article_tag
from models.author import Author, Byline
from models.base import db
from models.card import WITH_PICTURE, Section, categories, pictures, plate, section, stories
from models.contribution import Correction, CorrectionState
from models.liveblog import LiveEntry
from models.metering import Access, Gate
from models.picture import Plate
from models.series import Series


class Writer(NamedTuple):
    """An author, as the story names them."""

    slug: str
    name: str
    bio: str


class Label(NamedTuple):
    """A tag, as the story names it."""

    slug: str
    name: str


class Whole(NamedTuple):
    """The series that the story is a part of."""

    slug: str
    title: str


class Note(NamedTuple):
    """What was put right in the story, and when readers were told."""

    noted_at: datetime
    note: str


class Lists(NamedTuple):
    """What a story has several of."""

    writers: list[Writer]
    tags: list[Label]
    notes: list[Note]


OWN = (
    *(stories.id, stories.slug, stories.kind, stories.status),
    *(stories.access, stories.free_from, stories.set_free_at),
    *(stories.title, stories.standfirst, stories.minutes),
    *(stories.published_at, stories.updated_at, stories.saved_at),
    *(stories.picture_alt, stories.picture_caption, stories.picture_credit, stories.picture_focus),
    *(stories.series_id, stories.opened_at, stories.closed_at),
    *(stories.place, stories.other_place, stories.other_zone, stories.live_version),
)  # in the order of Story's fields
AT = len(OWN)
SECTION = (categories.slug, categories.name)
PART = (Series.__table__.c.slug, Series.__table__.c.title)
PICTURE = (
    *(pictures.key, pictures.width, pictures.height, pictures.widths),
    *(pictures.caption, pictures.credit, pictures.source_url, pictures.licence),
)
STORY = (
    select(*OWN, *SECTION, *PART, *PICTURE)
    .select_from(WITH_PICTURE.outerjoin(Series.__table__))
    .where(stories.slug == bindparam("slug"))
)
TEXT = select(stories.body_html, stories.references_html).where(stories.id == bindparam("id"))
TEASER = select(stories.teaser_html).where(stories.id == bindparam("id"))


def lists() -> Select[Any]:
    """Authors, tags and notes of a story in one question: what it is, when, its place, address, name, words."""
    writers, bylines, tags = Author.__table__, Byline.__table__, Tag.__table__
    notes = Correction.__table__.c
    nothing: ColumnElement[str] = literal_column("''")
    told = select(literal_column("'note'").label("what"), notes.noted_at.label("at"), notes.id.label("place"))
    told = told.add_columns(nothing.label("slug"), nothing.label("name"), notes.note.label("words"))
    told = told.where(notes.article_id == bindparam("id"), notes.state == CorrectionState.ACCEPTED)
    wrote = select(literal_column("'writer'"), null(), bylines.c.position)
    wrote = wrote.add_columns(writers.c.slug, writers.c.name, writers.c.bio)
    wrote = wrote.select_from(bylines.join(writers)).where(bylines.c.article_id == bindparam("id"))
    filed = select(literal_column("'tag'"), null(), literal_column("0"), tags.c.slug, tags.c.name, nothing)
    filed = filed.select_from(article_tag.join(tags)).where(article_tag.c.article_id == bindparam("id"))
    found = union_all(told, wrote, filed).subquery()
    return select(found).order_by(found.c.at, found.c.place, found.c.name)


LISTS = lists()


@dataclass
class Story:
    """One story. Its lists and its text are read when they are first asked for."""

    id: int
    slug: str
    kind: Kind
    status: Status
    access: Access
    free_from: datetime | None
    set_free_at: datetime | None
    title: str
    standfirst: str
    minutes: int
    published_at: datetime | None
    updated_at: datetime | None
    saved_at: datetime
    picture_alt: str
    picture_caption: str
    picture_credit: str
    picture_focus: str
    series_id: int | None
    opened_at: datetime | None
    closed_at: datetime | None
    place: str
    other_place: str
    other_zone: str
    live_version: int
    category: Section | None
    series: Whole | None
    picture: Plate | None

    @property
    def gate(self) -> Gate:
        """What the paywall's rule needs to know."""
        return Gate(self.id, self.access, self.free_from, self.set_free_at is not None)

    @property
    def is_open(self) -> bool:
        """A liveblog that still runs."""
        return self.kind is Kind.LIVEBLOG and self.closed_at is None

    def is_visible(self, now: datetime) -> bool:
        return self.status is Status.PUBLISHED and self.published_at is not None and self.published_at <= now

    @property
    def authors(self) -> list[Writer]:
        return self._lists.writers

    @property
    def tags(self) -> list[Label]:
        return self._lists.tags

    @property
    def notes(self) -> list[Note]:
        return self._lists.notes

    @property
    def body_html(self) -> str:
        return self._text[0]

    @property
    def references_html(self) -> str:
        return self._text[1]

    @cached_property
    def teaser_html(self) -> str:
        return str(db.session.execute(TEASER, {"id": self.id}).scalar_one())

    @cached_property
    def entries(self) -> list[LiveEntry]:
        """Of a liveblog, without those taken back; oldest first."""
        return [row for row in LiveEntry.changes(self.id, after=None) if row.removed_at is None]

    @cached_property
    def _text(self) -> tuple[str, str]:
        body, references = db.session.execute(TEXT, {"id": self.id}).one()
        return body, references

    @cached_property
    def _lists(self) -> Lists:
        found = Lists([], [], [])
        for what, at, _, slug, name, words in db.session.execute(LISTS, {"id": self.id}):
            if what == "writer":
                found.writers.append(Writer(slug, name, words))
            elif what == "tag":
                found.tags.append(Label(slug, name))
            else:
                found.notes.append(Note(at, words))
        return found

    @classmethod
    def by_slug(cls, slug: str) -> "Story | None":
        """The story, whatever its status: the view asks `is_visible`."""
        row = db.session.execute(STORY, {"slug": slug}).one_or_none()
        if row is None:
            return None
        own, category, part, picture = row[:AT], row[AT : AT + 2], row[AT + 2 : AT + 4], row[AT + 4 :]
        values: list[Any] = [*own, section(category), Whole(*part) if part[0] else None, plate(picture)]
        return cls(*values)
