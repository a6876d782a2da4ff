"""A story as its own page shows it: plain values, in two questions that are put together once.

The story itself, then what stands around its text, with the text and what hangs on it for who may read that: whoever
asks for those goes through `models.presenting.present` first. What changes a story is models/article.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Result, ScalarSelect, Select, Table, bindparam, select

from models.article import AsRead, Kind, Status, Tag, article_tag
from models.author import Author, Byline
from models.base import db
from models.bundle import bundled, moment, unbundled
from models.card import WITH_PICTURE, Card, Section, categories, pictures, plate, section, stories
from models.comment import REPLIES, Reply
from models.contribution import Correction, CorrectionState
from models.liveblog import LiveEntry
from models.metering import Access
from models.picture import Plate
from models.related import RELATED
from models.sequence import EARLIER
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


class Around(NamedTuple):
    """What everybody sees beside the text."""

    authors: list[Writer]
    tags: list[Label]
    related: list[Card]
    earlier: Card | None


class Inside(NamedTuple):
    """The text and what may quote it."""

    body_html: str
    references_html: str
    notes: list[Note]
    replies: list[Reply]


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
whole: Table = Series.__table__  # type: ignore[assignment]
PICTURE = (
    *(pictures.key, pictures.width, pictures.height, pictures.widths),
    *(pictures.caption, pictures.credit, pictures.source_url, pictures.licence),
)
STORY = (
    select(*OWN, categories.slug, categories.name, whole.c.slug, whole.c.title, *PICTURE)
    .select_from(WITH_PICTURE.outerjoin(whole))
    .where(stories.slug == bindparam("slug"))
)
TEASER = select(stories.teaser_html).where(stories.id == bindparam("story"))


def around() -> Iterator[ScalarSelect[str]]:
    """In the order of Around's fields."""
    writers, bylines, tags = Author.__table__, Byline.__table__, Tag.__table__
    by = select(writers.c.slug, writers.c.name, writers.c.bio).select_from(writers.join(bylines))
    yield bundled(by.where(bylines.c.article_id == bindparam("story")).order_by(bylines.c.position))
    filed = select(tags.c.slug, tags.c.name).select_from(tags.join(article_tag))
    yield bundled(filed.where(article_tag.c.article_id == bindparam("story")).order_by(tags.c.name))
    yield bundled(RELATED)
    yield bundled(EARLIER)


def notes() -> ScalarSelect[str]:
    told = Correction.__table__.c
    found = select(told.noted_at, told.note).order_by(told.noted_at, told.id)
    return bundled(found.where(told.article_id == bindparam("story"), told.state == CorrectionState.ACCEPTED))


AROUND = select(*around())
INSIDE = select(*around(), stories.body_html, stories.references_html, notes(), bundled(REPLIES))
INSIDE = INSIDE.where(stories.id == bindparam("story"))


@dataclass
class Story(AsRead):
    """One story as it is at the moment `now`. What is around and inside is asked for when it is first wanted."""

    now: datetime
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

    @classmethod
    def by_slug(cls, slug: str, now: datetime) -> "Story | None":
        """The story, whatever its status: the view asks `is_visible`."""
        row = _ask(STORY, slug=slug).one_or_none()
        if row is None:
            return None
        own, category, part, picture = row[:AT], row[AT : AT + 2], row[AT + 2 : AT + 4], row[AT + 4 :]
        values: list[Any] = [*own, section(category), Whole(*part) if part[0] else None, plate(picture)]
        return cls(now, *values)

    @property
    def at(self) -> datetime:
        """Its own moment in the row of all stories."""
        return min(self.now, self.published_at or self.now)

    @cached_property
    def around(self) -> Around:
        return _around(*_ask(AROUND, story=self.id, now=self.now, at=self.at).one())

    @cached_property
    def inside(self) -> Inside:
        """What stands around comes along, in the same question."""
        found = _ask(INSIDE, story=self.id, now=self.now, at=self.at).one()
        *beside, body, references, notes, replies = found
        self.around = _around(*beside)
        return Inside(
            body,
            references,
            [Note(moment(at), note) for at, note in unbundled(notes)],
            [_reply(*row) for row in unbundled(replies)],
        )

    @property
    def authors(self) -> list[Writer]:
        return self.around.authors

    @property
    def tags(self) -> list[Label]:
        return self.around.tags

    @property
    def earlier(self) -> Card | None:
        """The story that was published before this one."""
        return self.around.earlier

    @property
    def body_html(self) -> str:
        return self.inside.body_html

    @property
    def references_html(self) -> str:
        return self.inside.references_html

    @cached_property
    def teaser_html(self) -> str:
        return str(_ask(TEASER, story=self.id).scalar_one())

    @cached_property
    def entries(self) -> list[LiveEntry]:
        """Of a liveblog, without those taken back; oldest first."""
        return [row for row in LiveEntry.changes(self.id, after=None) if row.removed_at is None]


def _ask(statement: Select[*tuple[Any, ...]], **given: object) -> Result[*tuple[Any, ...]]:
    """On the session's connection: what its own `execute` does besides takes as long as the database does."""
    return db.session.connection().execute(statement, given)


def _around(authors: str, tags: str, related: str, earlier: str) -> Around:
    before = unbundled(earlier)
    return Around(
        [Writer(*row) for row in unbundled(authors)],
        [Label(*row) for row in unbundled(tags)],
        [Card.of(row) for row in unbundled(related)],
        Card.of(before[0]) if before else None,
    )


def _reply(id_: int, parent_id: int | None, kind: str, name: str, html: str, at: str, by_author: int) -> Reply:
    return Reply(id_, parent_id, kind, name, html, moment(at), bool(by_author))
