"""What readers send to the desk: tips, pitches, and mistakes they spotted."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.article import Article
from models.base import ShortEnum, db, utcnow


class ContributionKind(StrEnum):
    TIP = "tip"
    PITCH = "pitch"


class ContributionState(StrEnum):
    NEW = "new"
    HANDLED = "handled"


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


class CorrectionState(StrEnum):
    NEW = "new"
    ACCEPTED = "accepted"
    REFUSED = "refused"


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
