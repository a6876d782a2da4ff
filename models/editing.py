"""What the desk asks of stories: the state each is in, what is missing, which address, tags and place it gets."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from models.article import Article, Status, Tag
from models.base import db
from models.liveblog import LiveEntry
from models.metering import Access
from models.offer import Offer
from models.page import Page
from models.picture import Picture
from models.slug import slugify

UNTITLED = "story"  # the address of a story that has no title yet


class DeskState(StrEnum):
    """Where a story stands, as editors speak of it."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    PRIVATE = "private"


def state_of(article: Article, now: datetime) -> DeskState:
    if article.status is not Status.PUBLISHED:
        return DeskState(article.status.value)
    return DeskState.PUBLISHED if article.is_visible(now) else DeskState.SCHEDULED


def in_state(state: DeskState, now: datetime) -> ColumnElement[bool]:
    """The condition for stories in this state; every story is in exactly one."""
    if state is DeskState.PUBLISHED:
        return Article.is_out(now)
    if state is DeskState.SCHEDULED:
        not_yet = or_(Article.published_at.is_(None), Article.published_at > now)
        return and_(Article.status == Status.PUBLISHED, not_yet)
    return Article.status == Status(state.value)


def how_many(now: datetime) -> dict[DeskState, int]:
    """Stories in each state."""
    columns = [func.count().filter(in_state(state, now)) for state in DeskState]
    counts = db.session.execute(select(*columns).select_from(Article)).one()
    return dict(zip(DeskState, counts, strict=True))


def entry_counts(articles: Iterable[Article]) -> dict[int, int]:
    """How many entries each liveblog has, by article id."""
    ids = [article.id for article in articles]
    found = select(LiveEntry.article_id, func.count()).where(
        LiveEntry.article_id.in_(ids), LiveEntry.removed_at.is_(None)
    )
    return {article_id: count for article_id, count in db.session.execute(found.group_by(LiveEntry.article_id))}


def waits(article: Article, now: datetime) -> bool:
    """Whether somebody must do something: a liveblog still runs, or a draft's day has come."""
    if article.is_visible(now):
        return article.is_open
    planned = article.published_at
    return article.status is Status.DRAFT and planned is not None and planned <= now and not article.reads


def missing(article: Article) -> dict[str, str]:
    """What a story lacks before it may go out: field name and the sentence beside it."""
    lacks = {}
    if not article.title.strip():
        lacks["title"] = "The title is empty. Write one before the story goes out."
    if not article.source.strip() and not article.entries:
        lacks["source"] = "The text is empty. Write it before the story goes out."
    if article.access is Access.PATRONS_FIRST and article.free_from is None:
        lacks["free_from"] = "Patrons read it first, but until when? Write the day from which it is free."
    if article.picture is not None:
        if not article.picture_alt.strip():
            lacks["picture_alt"] = "The picture has no description. Say what it shows, for those who cannot see it."
        if not article.picture_credit.strip():
            lacks["picture_credit"] = "The picture has no credit. Say who made it."
    return lacks


def was_out(article: Article, now: datetime) -> bool:
    """Whether readers may know the story's address: it is out, or was."""
    return article.published_at is not None and article.published_at <= now


def is_taken(slug: str, besides: int | None) -> bool:
    """Whether another story has this address."""
    other = select(Article.id).where(Article.slug == slug, Article.id.is_distinct_from(besides))
    return db.session.scalar(other.limit(1)) is not None


def free_slug(title: str, besides: int | None) -> str:
    """An address made from the title that no other story has."""
    base = slugify(title) or UNTITLED
    slug, number = base, 1
    while is_taken(slug, besides):
        number += 1
        slug = f"{base}-{number}"
    return slug


def follows_title(article: Article) -> bool:
    """Whether the address was made from the title, and not chosen by hand."""
    base = slugify(article.title) or UNTITLED
    rest = article.slug.removeprefix(base)
    return article.slug.startswith(base) and (not rest or (rest[0] == "-" and rest[1:].isdigit()))


def find_tag(name: str) -> Tag | None:
    """The tag of this name, or one whose name differs in case and marks only."""
    return db.session.scalar(select(Tag).where(Tag.name == name)) or Tag.by_slug(slugify(name))


def tags_named(names: Iterable[str]) -> list[Tag]:
    """The tags of these names, each once; unknown ones are new rows, not yet in the session.

    A name must have a letter or digit (`slugify` gives something).
    """
    tags: dict[str, Tag] = {}
    for name in names:
        tag = find_tag(name) or Tag(name=name, slug=slugify(name), meaning="", source="")
        tags.setdefault(tag.slug, tag)
    return list(tags.values())


@dataclass(frozen=True, slots=True)
class Uses:
    """Where a picture stands."""

    heads: list[Article]  # stories that it heads
    texts: list[Article]  # stories in whose text, or in an entry of which, it is
    pages: list[Page]
    offers: list[Offer]

    def __bool__(self) -> bool:
        return bool(self.heads or self.texts or self.pages or self.offers)


def uses_of(picture: Picture) -> Uses:
    """Looks through every text: for one picture at a time, at the desk."""
    key = picture.key

    def named(column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        return or_(column.contains(f"media:{key}", autoescape=True), column.contains(f"/media/{key}", autoescape=True))

    in_entries = select(LiveEntry.article_id).where(named(LiveEntry.source))
    texts = select(Article).where(or_(named(Article.source), Article.id.in_(in_entries)))
    return Uses(
        list(db.session.scalars(select(Article).where(Article.picture_id == picture.id))),
        list(db.session.scalars(texts)),
        list(db.session.scalars(select(Page).where(named(Page.source)))),
        list(db.session.scalars(select(Offer).where(Offer.cover_key == key))),
    )


def unset_other_leads(article: Article) -> None:
    """Take every other story off the top of the front page: only one can be there."""
    others = Article.id.is_distinct_from(article.id)
    db.session.execute(update(Article).where(Article.is_lead, others).values(is_lead=False))


def all_tag_names() -> list[str]:
    return list(db.session.scalars(select(Tag.name).order_by(Tag.name)))


@dataclass(frozen=True, slots=True)
class Place:
    """One row of the board's form: the hashtag typed, what was typed beside it, and what had stood in the row."""

    tag: Tag
    meaning: str
    source: str
    stood: Tag | None


def set_board(places: list[Place]) -> None:
    """Put these hashtags on the board, in this order, and no others.

    Words beside a hashtag that were left as they stood belong to the hashtag that stood there: a new one in its place
    does not inherit them.
    """
    before: dict[Tag | None, tuple[str, str]] = {
        place.stood: (place.stood.meaning, place.stood.source) for place in places if place.stood
    }
    db.session.execute(update(Tag).where(Tag.board_position.is_not(None)).values(board_position=None))
    for number, place in enumerate(places, 1):
        meaning, source = before.get(place.stood, ("", ""))
        stays = place.stood is place.tag
        if stays or place.meaning != meaning:
            place.tag.meaning = place.meaning
        if stays or place.source != source:
            place.tag.source = place.source
        place.tag.board_position = number
        db.session.add(place.tag)
