"""Stores what is ready, a batch in a transaction: stories and pages with their lists, replies in threads, redirects.

Nothing is rendered, fetched or decoded here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from blueprints.ops.importing.media import Media
from blueprints.ops.importing.shelves import Shelves
from models import Article, Author, Comment, Page, Picture, Redirect, Tag, db


@dataclass(slots=True)
class Replies:
    """A story's new replies in the order of the file, by their key; `parents` names the key of what each answers."""

    rows: dict[str, Comment] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Ready:
    """A story of the export, all but stored. `row` is None when it is here already and only its replies are new."""

    key: str
    row: Article | Page | None = None
    category: str = ""  # slugs on the shelves
    tags: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    picture: str = ""  # the key of its lead picture
    replies: Replies = field(default_factory=Replies)
    redirects: list[tuple[str, str]] = field(default_factory=list)


def known(table: type[Any], keys: Iterable[str]) -> set[str]:
    """Which of these keys were imported before."""
    asked, found = iter(keys), set[str]()
    while some := list(islice(asked, 500)):
        found |= set(db.session.scalars(db.select(table.imported_from).where(table.imported_from.in_(some))))
    return found


def store(batch: list[Ready], shelves: Shelves, media: Media) -> None:
    """Add every row, inside the caller's write transaction."""
    for picture in media.fresh:
        Picture.keep(picture)
    rows = _Rows(batch, shelves)
    with db.session.no_autoflush:
        for ready in batch:
            if isinstance(ready.row, Article):
                rows.hang(ready, ready.row)
            if ready.row is not None:
                db.session.add(ready.row)
    db.session.flush()
    _store_replies(batch)
    Redirect.keep_all([pair for ready in batch for pair in ready.redirects] + media.redirects)


class _Rows:
    """The tags, authors and pictures that a batch speaks of, fetched once."""

    def __init__(self, batch: list[Ready], shelves: Shelves) -> None:
        self.shelves = shelves
        tags = {shelves.tags.numbers[slug] for ready in batch for slug in ready.tags}
        authors = {shelves.authors.numbers[slug] for ready in batch for slug in ready.authors}
        pictures = {ready.picture for ready in batch if ready.picture}
        self.tags = {tag.slug: tag for tag in db.session.scalars(db.select(Tag).where(Tag.id.in_(tags)))}
        self.authors = {
            author.slug: author for author in db.session.scalars(db.select(Author).where(Author.id.in_(authors)))
        }
        self.pictures = {
            picture.key: picture for picture in db.session.scalars(db.select(Picture).where(Picture.key.in_(pictures)))
        }

    def hang(self, ready: Ready, article: Article) -> None:
        if ready.category:
            article.category_id = self.shelves.categories.numbers[ready.category]
        article.tags = [self.tags[slug] for slug in dict.fromkeys(ready.tags)]
        article.set_authors([self.authors[slug] for slug in ready.authors])
        article.picture = self.pictures.get(ready.picture)


def _store_replies(batch: list[Ready]) -> None:
    answered = [ready for ready in batch if ready.replies.rows]
    if not answered:
        return
    stories = db.select(Article.imported_from, Article.id)
    stories = stories.where(Article.imported_from.in_([ready.key for ready in answered]))
    numbers = {key: number for key, number in db.session.execute(stories)}
    for ready in answered:
        for comment in ready.replies.rows.values():
            comment.article_id = numbers[ready.key]
            db.session.add(comment)
    db.session.flush()
    ids = {key: comment.id for ready in answered for key, comment in ready.replies.rows.items()}
    elsewhere = {parent for ready in answered for parent in ready.replies.parents.values()} - set(ids)
    stored = db.select(Comment.imported_from, Comment.id).where(Comment.imported_from.in_(elsewhere))
    ids |= {key or "": number for key, number in db.session.execute(stored)}
    for ready in answered:
        for key, parent in ready.replies.parents.items():
            ready.replies.rows[key].parent_id = ids.get(parent)
    db.session.flush()


def circles(parents: dict[str, str]) -> Iterator[str]:
    """One reply of every ring of replies that answer each other: without its parent the ring is a thread."""
    settled: set[str] = set()
    for start in parents:
        trail: list[str] = []
        key = start
        while key in parents and key not in settled and key not in trail:
            trail.append(key)
            key = parents[key]
        if key in trail:
            yield key
        settled.update(trail)
