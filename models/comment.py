"""What readers wrote under a story."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from models.base import ShortEnum, db, utcnow


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
    email: Mapped[str] = mapped_column(default="")
    url: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="")  # small Markdown as typed; empty for imported replies
    body_html: Mapped[str] = mapped_column(default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"), index=True)
    written_at: Mapped[datetime] = mapped_column(default=utcnow)
    by_author: Mapped[bool] = mapped_column(default=False)  # 楼主: who wrote the story
    imported_from: Mapped[str | None] = mapped_column(unique=True)

    __table_args__ = (db.Index("ix_comment_state_written_at", "state", "written_at"),)

    @classmethod
    def threads(cls, article_id: int) -> list[tuple["Comment", int]]:
        """Approved replies in reading order, each with its depth from 0; replies to hidden ones stay hidden."""
        rows = db.session.scalars(
            select(cls)
            .where(cls.article_id == article_id, cls.state == CommentState.APPROVED)
            .order_by(cls.written_at, cls.id)
        )
        children: dict[int | None, list[Comment]] = {}
        for comment in rows:
            children.setdefault(comment.parent_id, []).append(comment)
        ordered: list[tuple[Comment, int]] = []
        waiting = [(comment, 0) for comment in reversed(children.get(None, []))]
        while waiting:
            comment, depth = waiting.pop()
            ordered.append((comment, depth))
            waiting += [(reply, depth + 1) for reply in reversed(children.get(comment.id, []))]
        return ordered
