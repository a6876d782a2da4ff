"""The index follows the stories: whoever changes one in a session changes the index in the same transaction.

A session's flushes note which stories the index has to look at again; its commit looks. Nobody has to call anything.
"""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Select, event, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from models import related, search_index
from models.article import Article, Author, Byline, Tag, article_tag
from models.base import db
from models.liveblog import LiveEntry

# What the index holds of a row, and what a change of it means.
HELD: dict[Any, set[str]] = {
    Article: {"title", "standfirst", "status", "published_at", "body_html", "references_html", "tags", "bylines"}
    | {"category", "category_id"},
    Byline: {"article_id", "author_id", "author", "position"},
    LiveEntry: {"article_id", "at", "speaker", "topic", "headline", "body_html", "removed_at"},
    Tag: {"name"},
    Author: {"name"},
}
TEXTS = {"body_html", "references_html"}  # which do not change what a story is related to
UNINDEXED, UNRELATED = "unindexed", "unrelated"


def keep_up(ids: Collection[int], unrelated: Collection[int]) -> None:
    """Bring index and related stories up to date; a batch at a time, so that an import of any size fits in memory."""
    for batch in search_index.batches(ids):
        search_index.index(batch)
    for batch in search_index.batches(unrelated):
        related.relate(batch)


def _note(session: Session, ids: Collection[int], *, texts_only: bool = False) -> None:
    session.info.setdefault(UNINDEXED, set()).update(ids)
    if not texts_only:
        session.info.setdefault(UNRELATED, set()).update(ids)


def _changes(row: Any) -> set[str]:
    state = inspect(row)
    return {name for name in HELD[type(row)] if state.attrs[name].history.has_changes()}


def _with(row: Tag | Author) -> Select[Any]:
    """The stories that carry this tag or author."""
    if isinstance(row, Tag):
        return select(article_tag.c.article_id).where(article_tag.c.tag_id == row.id)
    return select(Byline.article_id).where(Byline.author_id == row.id)


def _watched(rows: Any) -> Iterator[Any]:
    return (row for row in rows if type(row) in HELD)


@event.listens_for(db.session, "before_flush")
def _note_gone(session: Session, _context: object, _instances: object) -> None:
    """A tag or author that goes: afterwards nobody could say which stories had it."""
    for row in _watched(session.deleted):
        if isinstance(row, Tag | Author):
            _note(session, session.scalars(_with(row)).all())


@event.listens_for(db.session, "after_flush")
def _note_changed(session: Session, _context: object) -> None:
    for row in _watched(session.deleted):
        if isinstance(row, Byline | LiveEntry):
            _note(session, [row.article_id], texts_only=isinstance(row, LiveEntry))
    for row in [*_watched(session.new), *_watched(session.dirty)]:
        changes = HELD[type(row)] if row in session.new else _changes(row)
        if not changes:
            continue
        if isinstance(row, Tag | Author):
            if row not in session.new:
                _note(session, session.scalars(_with(row)).all())
        elif isinstance(row, Article):
            _note(session, [row.id], texts_only=changes <= TEXTS)
        else:
            _note(session, [row.article_id], texts_only=isinstance(row, LiveEntry))


@event.listens_for(db.session, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    """UPDATE and DELETE of many rows at once: which stories they touch is asked before."""
    if not (state.is_update or state.is_delete):
        return
    statement: Any = state.statement
    kinds: dict[Any, Any] = {inspect(kind).local_table: kind for kind in HELD}
    kind = kinds.get(statement.table)
    if kind is None:
        if statement.table is article_tag:
            _note(state.session, _touched(state, article_tag.c.article_id))
        return
    if state.is_update and not _columns(state) & HELD[kind]:
        return
    if kind in {Tag, Author}:
        for row in state.session.scalars(select(kind).where(*_where(statement))).all():
            _note(state.session, state.session.scalars(_with(row)).all())
    else:
        _note(state.session, _touched(state, kind.id if kind is Article else kind.article_id))


def _columns(state: ORMExecuteState) -> set[str]:
    """The columns an UPDATE sets, in itself or by its parameters."""
    named = {getattr(column, "key", "") for column in getattr(state.statement, "_values", None) or {}}
    given = state.parameters if isinstance(state.parameters, list) else [state.parameters or {}]
    return named.union(*given)


def _where(statement: Any) -> tuple[Any, ...]:
    return () if statement.whereclause is None else (statement.whereclause,)


def _touched(state: ORMExecuteState, column: Any) -> Collection[int]:
    if isinstance(state.parameters, list):  # one by one, by their primary keys
        return [given[name] for given in state.parameters for name in ("article_id", "id") if name in given]
    found = select(column).where(*_where(state.statement))
    return [id_ for id_ in state.session.scalars(found, state.parameters or None) if id_ is not None]


@event.listens_for(db.session, "before_commit", insert=True)
def _follow(session: Session) -> None:
    """First of all that happens at a commit, so that what it writes counts as a change like any other."""
    if session.in_nested_transaction():
        return
    session.flush()
    ids, unrelated = session.info.pop(UNINDEXED, ()), session.info.pop(UNRELATED, ())
    if ids or unrelated:
        keep_up(ids, unrelated)


@event.listens_for(db.session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(UNINDEXED, None)
        session.info.pop(UNRELATED, None)
