"""The index that search asks: of every story that is out or will be, its words, kept by the database it lives in.

PostgreSQL keeps them as a tsvector with a GIN index. SQLite keeps them as text, and an FTS5 table beside it which
triggers hold equal, so that rows that go by ON DELETE CASCADE leave it too. The words are made here, alike for both.
"""

import math
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from opencc import OpenCC
from sqlalchemy import (
    DDL,
    BigInteger,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    delete,
    event,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from models.article import Article, Author, Byline, Status, Tag, article_tag
from models.base import db
from models.liveblog import LiveEntry
from models.search_text import Facet, Tier, as_tsvector, document, letters, words

BATCH = 100  # stories whose texts are in memory at once
ID_BITS = 24  # of a place: room for sixteen million stories


class SearchEntry(db.Model):
    """What the index knows of one story. The place grows with the story's date: newest first is backwards by it."""

    place: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
    )
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), unique=True)
    words: Mapped[str] = mapped_column(Text().with_variant(postgresql.TSVECTOR(), "postgresql"), deferred=True)


class SearchWord(db.Model):
    """Every word in letters that stands in the index, or stood there once: for prefixes and near spellings."""

    word: Mapped[str] = mapped_column(String().with_variant(String(collation="C"), "postgresql"), primary_key=True)
    is_name: Mapped[bool] = mapped_column(default=False)  # stood in a title, tag or author's name


SQLITE_INDEX = (
    # Made of our own words, parted by spaces: this tokenizer takes every character beyond ASCII as part of a word,
    # whichever Unicode SQLite was built with.
    "CREATE VIRTUAL TABLE search_index USING fts5("
    "words, content='search_entry', content_rowid='place', tokenize='ascii', prefix='4 5')",
    "CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN "
    "INSERT INTO search_index(rowid, words) VALUES (new.place, new.words); END",
    "CREATE TRIGGER search_entry_gone AFTER DELETE ON search_entry BEGIN "
    "INSERT INTO search_index(search_index, rowid, words) VALUES ('delete', old.place, old.words); END",
    "CREATE TRIGGER search_entry_changed AFTER UPDATE ON search_entry BEGIN "
    "INSERT INTO search_index(search_index, rowid, words) VALUES ('delete', old.place, old.words); "
    "INSERT INTO search_index(rowid, words) VALUES (new.place, new.words); END",
)


POSTGRESQL_INDEX = ("CREATE INDEX ix_search_entry_words ON search_entry USING gin (words)",)


def is_of_one_database(name: str | None) -> bool:
    """Whether a table or an index is part of one of these two, which a model cannot declare for both."""
    return name is not None and (name == "search_index" or name.startswith(("search_index_", "ix_search_entry_words")))


@event.listens_for(SearchEntry.__table__, "after_create")
def _make_index(_table: Table, connection: Connection, **_: Any) -> None:
    for statement in SQLITE_INDEX if connection.dialect.name == "sqlite" else POSTGRESQL_INDEX:
        connection.execute(DDL(statement))


@event.listens_for(SearchEntry.__table__, "before_drop")
def _drop_index(_table: Table, connection: Connection, **_: Any) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(DDL("DROP TABLE IF EXISTS search_index"))


class _Simple(dict[int, str]):
    """Each hanzi as it is written in Simplified Chinese, one for one, so that a text keeps its length."""

    def __missing__(self, code: int) -> str:
        c = chr(code)
        simple = _converter().convert(c) if "\u3400" <= c <= "\u9fff" or c >= "\U00020000" else c
        self[code] = simple if len(simple) == 1 else c
        return self[code]


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")  # 40 ms, once, and only where there are hanzi


SIMPLE = _Simple()


def simplified(text: str) -> str:
    """The text in NFC with Traditional characters as Simplified ones: what the index and every question are made of."""
    return unicodedata.normalize("NFC", text).translate(SIMPLE)


def place(published_at: datetime, article_id: int) -> int:
    """Where a story stands in the index: by date, to the second, then by id."""
    return (math.floor(published_at.timestamp()) << ID_BITS) | (article_id & ((1 << ID_BITS) - 1))


def article_id(place: int) -> int:
    return place & ((1 << ID_BITS) - 1)


def insert_into(table: Any) -> Any:
    """An INSERT that can settle conflicts, in the dialect of the database."""
    return postgresql.insert(table) if is_postgresql() else sqlite.insert(table)


def is_postgresql() -> bool:
    return db.session.get_bind().dialect.name == "postgresql"


def batches(ids: Collection[int]) -> Iterator[list[int]]:
    """The ids in order, a batch at a time."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


@dataclass(frozen=True, slots=True)
class Told:
    """A story that is in the index, as it goes into it."""

    article_id: int
    place: int
    marked: list[str]  # its words, as models.search_text.document makes them


def told(ids: list[int]) -> Iterator[Told]:
    """What the index should know of these stories; drafts and private ones are left out."""
    columns: Any = (Article.id, Article.published_at, Article.category_id, Article.title, Article.standfirst)
    texts: Any = (Article.body_html, Article.references_html)
    out = select(*columns, *texts).where(
        Article.id.in_(ids), Article.status == Status.PUBLISHED, Article.published_at.is_not(None)
    )
    rows = db.session.execute(out.order_by(Article.published_at, Article.id)).all()
    entries = _entries(ids)
    tags = _named(select(article_tag.c.article_id, Tag.id, Tag.name).join(Tag, Tag.id == article_tag.c.tag_id), ids)
    bylines = select(Byline.article_id, Author.id, Author.name).join(Author, Author.id == Byline.author_id)
    authors = _named(bylines.order_by(Byline.position), ids)
    for id_, published_at, category_id, title, standfirst, body, references in rows:
        names = [title, *tags.get(id_, {}).values(), *authors.get(id_, {}).values()]
        facets = [(Facet.TAG, tag) for tag in tags.get(id_, {})] + [(Facet.AUTHOR, a) for a in authors.get(id_, {})]
        if category_id is not None:
            facets.append((Facet.CATEGORY, category_id))
        body = "\n".join([words(body), *entries.get(id_, []), words(references)])
        marked = document(simplified("\n".join(names)), simplified(standfirst), simplified(body), facets)
        yield Told(id_, place(published_at, id_), marked)


def _named(found: Any, ids: list[int]) -> dict[int, dict[int, str]]:
    """Names by id, by article id."""
    names: dict[int, dict[int, str]] = {}
    for article_id, id_, name in db.session.execute(found.where(found.selected_columns[0].in_(ids))):
        names.setdefault(article_id, {})[id_] = name
    return names


def _entries(ids: list[int]) -> dict[int, list[str]]:
    """The texts of liveblogs' entries, by article id."""
    found = select(LiveEntry.article_id, LiveEntry.speaker, LiveEntry.topic, LiveEntry.headline, LiveEntry.body_html)
    found = found.where(LiveEntry.article_id.in_(ids), LiveEntry.removed_at.is_(None))
    texts: dict[int, list[str]] = {}
    for article_id, speaker, topic, headline, body in db.session.execute(found.order_by(LiveEntry.at, LiveEntry.id)):
        texts.setdefault(article_id, []).append("\n".join((speaker, topic, headline, words(body))))
    return texts


def index(ids: list[int]) -> None:
    """Make the entries of a batch of stories what the stories are now; drop those of drafts. The caller commits."""
    stories = list(told(ids))
    gone = set(ids) - {story.article_id for story in stories}
    if gone:
        db.session.execute(delete(SearchEntry.__table__).where(SearchEntry.article_id.in_(gone)))
    if not stories:
        return
    as_kept = as_tsvector if is_postgresql() else " ".join
    rows = [{"place": s.place, "article_id": s.article_id, "words": as_kept(s.marked)} for s in stories]
    entries = insert_into(SearchEntry.__table__)
    entries = entries.on_conflict_do_update(
        index_elements=["article_id"], set_={"place": entries.excluded.place, "words": entries.excluded.words}
    )
    db.session.execute(entries, rows)
    _list_words(stories)


def _list_words(stories: list[Told]) -> None:
    names = set().union(*(letters(story.marked, Tier.NAMES) for story in stories))
    others = set().union(*(letters(story.marked, Tier.WHOLE) for story in stories)) - names
    listed = insert_into(SearchWord.__table__)
    named = listed.on_conflict_do_update(index_elements=["word"], set_={"is_name": True}, where=~SearchWord.is_name)
    # In order, so that two who save at once wait for each other and never both.
    if names:
        db.session.execute(named, [{"word": word, "is_name": True} for word in sorted(names)])
    if others:
        db.session.execute(listed.on_conflict_do_nothing(), [{"word": w, "is_name": False} for w in sorted(others)])
