"""What readers send to the desk: tips, pitches, and mistakes they spotted."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ForeignKey, Select, func, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from models.article import Article
from models.base import ShortEnum, db, utcnow

Letter = TypeVar("Letter", "Contribution", "Correction")
TWICE = timedelta(days=1)  # the same words again within this time are the same letter, sent twice


class ContributionKind(StrEnum):
    TIP = "tip"
    PITCH = "pitch"


class ContributionState(StrEnum):
    NEW = "new"
    HANDLED = "handled"
    SPAM = "spam"  # a field was filled in that only machines find


class Contribution(db.Model):
    """A tip or a pitch. Name and address may be empty: a tip can be given without either."""

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ContributionKind] = mapped_column(ShortEnum(ContributionKind), default=ContributionKind.TIP)
    state: Mapped[ContributionState] = mapped_column(ShortEnum(ContributionState), default=ContributionState.NEW)
    name: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="")
    body: Mapped[str] = mapped_column(default="")  # plain text
    sent_at: Mapped[datetime] = mapped_column(default=utcnow)
    handled_at: Mapped[datetime | None]

    def handle(self, at: datetime) -> None:
        self.state, self.handled_at = ContributionState.HANDLED, self.handled_at or at

    def reopen(self) -> None:
        self.state, self.handled_at = ContributionState.NEW, None

    def twin(self) -> "Contribution | None":
        """The same letter, sent a moment before this one."""
        return _twin(self, "kind", "name", "email", "subject", "body")

    @classmethod
    def for_desk(cls, state: ContributionState) -> Select[Any]:
        return select(cls).where(cls.state == state).order_by(cls.sent_at.desc(), cls.id.desc())

    @classmethod
    def how_many(cls) -> dict[ContributionState, int]:
        """Letters in each state."""
        found = db.session.execute(select(cls.state, func.count()).group_by(cls.state))
        return dict.fromkeys(ContributionState, 0) | {state: count for state, count in found}


class CorrectionState(StrEnum):
    NEW = "new"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SPAM = "spam"


class Correction(db.Model):
    """A mistake that a reader spotted. Accepted, its `note` stands under the story with the day `noted_at`."""

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    state: Mapped[CorrectionState] = mapped_column(ShortEnum(CorrectionState), default=CorrectionState.NEW)
    name: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    body: Mapped[str] = mapped_column(default="")  # what the reader wrote, plain text; never shown to readers
    sent_at: Mapped[datetime] = mapped_column(default=utcnow)
    note: Mapped[str] = mapped_column(default="")  # what the desk says was put right
    noted_at: Mapped[datetime | None]
    article: Mapped[Article] = relationship()

    @property
    def waits_unseen(self) -> bool:
        """New, and readers do not see it yet."""
        return self.state is not CorrectionState.ACCEPTED

    def accept(self, note: str, at: datetime) -> None:
        """Put the note under the story, with today's date the first time, and tell readers of the update."""
        if self.state is not CorrectionState.ACCEPTED:
            self.state, self.noted_at = CorrectionState.ACCEPTED, at
            self.article.updated_at = self.article.saved_at = at  # who has the story open at the desk is warned
        self.note = note

    def set_aside(self, state: CorrectionState) -> None:
        """Take it off the page, if it was there. The note is kept, to be used again."""
        self.state, self.noted_at = state, None

    def twin(self) -> "Correction | None":
        """The same letter, sent a moment before this one."""
        return _twin(self, "article_id", "name", "email", "body")

    @classmethod
    def locked(cls, correction_id: int) -> "Correction | None":
        """The row, held until this transaction ends."""
        return db.session.get(cls, correction_id, with_for_update=True, populate_existing=True)

    @classmethod
    def for_desk(cls, state: CorrectionState) -> Select[Any]:
        found = select(cls).where(cls.state == state).order_by(cls.sent_at.desc(), cls.id.desc())
        return found.options(joinedload(cls.article))

    @classmethod
    def how_many(cls) -> dict[CorrectionState, int]:
        """Corrections in each state."""
        found = db.session.execute(select(cls.state, func.count()).group_by(cls.state))
        return dict.fromkeys(CorrectionState, 0) | {state: count for state, count in found}


def _twin(letter: Letter, *names: str) -> Letter | None:
    kind = type(letter)
    same = [getattr(kind, name) == getattr(letter, name) for name in names]
    return db.session.scalar(select(kind).where(*same, kind.sent_at > letter.sent_at - TWICE).limit(1))
