"""What readers wrote under a story."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from markupsafe import Markup
from sqlalchemy import ColumnElement, ForeignKey, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from models.account import Account
from models.article import Article
from models.base import ShortEnum, db, utcnow
from models.clean_html import safe
from models.small_markdown import links, small

MOST_LINKS = 2  # in a reply that may appear at once
TWICE = timedelta(days=1)  # the same words again within this time are the same reply, sent twice
DEEPEST_CHAIN = 30  # replies to replies of an import
REMOVED = "<p><em>Whoever wrote this has taken it back.</em></p>"


class CommentState(StrEnum):
    APPROVED = "approved"
    HELD = "held"
    SPAM = "spam"
    REFUSED = "refused"


class Comment(db.Model):
    """One reply. The address is never shown. `parent_id` threads it; a pingback has a `kind` of its own."""

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"), index=True)
    state: Mapped[CommentState] = mapped_column(ShortEnum(CommentState), default=CommentState.HELD)
    kind: Mapped[str] = mapped_column(default="comment")  # or pingback, trackback
    name: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="", index=True)
    url: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="")  # small Markdown as typed; empty for imported replies
    body_html: Mapped[str] = mapped_column(default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"), index=True)
    written_at: Mapped[datetime] = mapped_column(default=utcnow)
    by_author: Mapped[bool] = mapped_column(default=False)  # 楼主: who wrote the story
    imported_from: Mapped[str | None] = mapped_column(unique=True)

    article: Mapped[Article] = relationship()
    parent: Mapped["Comment | None"] = relationship(remote_side=[id])

    @property
    def waits_unseen(self) -> bool:
        """New, and readers do not see it yet."""
        return self.state is not CommentState.APPROVED

    __table_args__ = (
        db.Index("ix_comment_state_written_at", "state", "written_at"),
        db.Index("ix_comment_article_id_state_written_at", "article_id", "state", "written_at"),
    )

    @property
    def words(self) -> Markup:
        """Clean since it was written or imported; the one place where a reply's HTML is taken as it is."""
        return safe(self.body_html)

    def write(self, source: str) -> None:
        self.source, self.body_html = source, small(source)

    def lose_name(self) -> None:
        """Nothing says any more who wrote it; not even that it was the author of the story."""
        self.name = self.email = self.url = ""
        self.account_id, self.by_author = None, False

    def lose_words(self) -> None:
        """Its place stays, for others have answered it."""
        self.source, self.body_html = "", REMOVED

    def sign(self, account: Account | None, article: Article) -> None:
        """Say who wrote it. Staff with the name of an author of the story are that author."""
        self.account_id = account.id if account else None
        names = {author.name.casefold() for author in article.authors}
        self.by_author = bool(account and account.is_staff and account.name.casefold() in names)

    def judge(self, account: Account | None, article: Article) -> None:
        """Let it appear at once, or hold it for an editor."""
        crowded = links(self.source, self.body_html) > MOST_LINKS
        borrowed = not account and self.name.casefold() in {author.name.casefold() for author in article.authors}
        known = bool(account and account.is_staff) or self._is_known(account)
        self.state = CommentState.APPROVED if known and not crowded and not borrowed else CommentState.HELD

    def _is_known(self, account: Account | None) -> bool:
        """Whether a reply from here was approved before and none was spam.

        Anybody may type an address, so what was approved from an account speaks for that account alone; an account
        whose address is proven also has what was approved from the address.
        """
        typed = and_(Comment.email == self.email, Comment.email != "", Comment.account_id.is_(None))
        same: ColumnElement[bool] = typed
        if account:
            own = Comment.account_id == account.id
            same = or_(own, typed) if account.email_verified_at else own
        found = select(Comment.state).where(same, Comment.state.in_([CommentState.APPROVED, CommentState.SPAM]))
        return set(db.session.scalars(found.distinct())) == {CommentState.APPROVED}

    def twin(self, now: datetime) -> "Comment | None":
        """The same reply, sent a moment ago."""
        same: list[ColumnElement[bool]] = [
            getattr(Comment, name) == getattr(self, name)
            for name in ("article_id", "parent_id", "account_id", "email", "name", "source")
        ]
        return db.session.scalar(select(Comment).where(*same, Comment.written_at > now - TWICE).limit(1))

    @classmethod
    def to_answer(cls, article_id: int, comment_id: int) -> "Comment | None":
        """The reply, if readers of the story see it and may answer it."""
        found = select(cls).where(cls.id == comment_id, cls.article_id == article_id, cls.kind == "comment")
        return db.session.scalar(found.where(cls.state == CommentState.APPROVED))

    def first(self) -> "Comment":
        """The reply that its thread began with: an answer to an answer hangs on that one too."""
        at = self
        for _ in range(DEEPEST_CHAIN):
            if at.parent is None:
                break
            at = at.parent
        return at

    @classmethod
    def for_desk(cls, state: CommentState) -> Select[Any]:
        """Those in one state: what waits comes in the order it was sent, the rest newest first."""
        by_time = (cls.written_at, cls.id) if state is CommentState.HELD else (cls.written_at.desc(), cls.id.desc())
        found = select(cls).where(cls.state == state).order_by(*by_time)
        return found.options(joinedload(cls.article), joinedload(cls.parent))

    @classmethod
    def how_many(cls) -> dict[CommentState, int]:
        """Replies in each state."""
        found = db.session.execute(select(cls.state, func.count()).group_by(cls.state))
        return dict.fromkeys(CommentState, 0) | {state: count for state, count in found}


class Reply(NamedTuple):
    """An approved reply as a page shows it."""

    id: int
    parent_id: int | None
    kind: str
    name: str
    html: str
    written_at: datetime
    by_author: bool

    @property
    def words(self) -> Markup:
        return safe(self.html)


_replies = Comment.__table__.c
REPLIES = (  # of `story`, oldest first; a row for Reply each
    select(*(_replies[name] for name in "id parent_id kind name body_html written_at by_author".split()))
    .where(_replies.article_id == bindparam("story"), _replies.state == CommentState.APPROVED)
    .order_by(_replies.written_at, _replies.id)
)


def threaded(replies: Iterable[Reply]) -> list[tuple[Reply, int]]:
    """The same in reading order, each with its depth from 0; replies to hidden ones stay hidden."""
    children: dict[int | None, list[Reply]] = {}
    for reply in replies:
        children.setdefault(reply.parent_id, []).append(reply)
    ordered: list[tuple[Reply, int]] = []
    waiting = [(reply, 0) for reply in reversed(children.get(None, []))]
    while waiting:
        reply, depth = waiting.pop()
        ordered.append((reply, depth))
        waiting += [(answer, depth + 1) for answer in reversed(children.get(reply.id, []))]
    return ordered
