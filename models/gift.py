"""Gift links: one story that a patron, or the magazine, opens for others; and who has opened it.

A use is a reader, not a click: opening it again is free. A reader is a key, as the meter has it (models/metering.py).
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from models.account import Account
from models.address_token import is_token, print_of
from models.article import Article
from models.base import ShortEnum, db, new_public_id, utcnow

LIFE = timedelta(days=14)
QUOTA = 10  # links that a patron may make in a calendar month, those taken back included
VISITORS_KEPT = timedelta(days=62)  # openings of visitors


class GiftKind(StrEnum):
    PATRON = "patron"
    STAFF = "staff"  # of one who works here, to a friend: without a quota
    CAMPAIGN = "campaign"  # made at the desk, in the magazine's name


class GiftState(StrEnum):
    """What a link does for a story, or why it does not."""

    OPENS = "opens"
    UNKNOWN = "unknown"
    OTHER_STORY = "other-story"
    REVOKED = "revoked"
    EXPIRED = "expired"
    USED_UP = "used-up"


class NoMoreGifts(Exception):
    """The patron has made as many links as a month has."""


class GiftLink(db.Model):
    """One link. The token in it is nowhere but in the link (models/address_token.py)."""

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    token_hash: Mapped[str] = mapped_column(unique=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    giver_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    kind: Mapped[GiftKind] = mapped_column(ShortEnum(GiftKind), default=GiftKind.PATRON)
    is_named: Mapped[bool] = mapped_column(default=False)  # whether who opens it reads the giver's name
    note: Mapped[str] = mapped_column(default="")  # of a campaign, for the desk alone
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    most: Mapped[int | None]  # readers; None: no limit
    uses: Mapped[int] = mapped_column(default=0)  # readers so far; a count, so that readers may erase what they opened

    article: Mapped[Article] = relationship()
    giver: Mapped[Account | None] = relationship()

    __table_args__ = (db.Index("ix_gift_link_giver_id_created_at", "giver_id", "created_at"),)

    def state(self, article_id: int, now: datetime) -> GiftState:
        """What it does for this story to somebody who has not opened it yet."""
        if self.article_id != article_id:
            return GiftState.OTHER_STORY
        return self.state_now(now)

    def state_now(self, now: datetime) -> GiftState:
        if self.revoked_at is not None:
            return GiftState.REVOKED
        if self.expires_at <= now:
            return GiftState.EXPIRED
        return GiftState.USED_UP if self.most is not None and self.uses >= self.most else GiftState.OPENS

    def revoke(self, now: datetime) -> None:
        """It opens nothing more; who has opened it keeps the story."""
        self.revoked_at = self.revoked_at or now

    def open_for(self, reader: str, now: datetime) -> bool:
        """Spend one use for a reader who has not opened it yet. False when there is none left. The caller commits."""
        row = _insert().values(gift_id=self.id, reader=reader, at=now).on_conflict_do_nothing()
        if db.session.scalar(row.returning(GiftOpening.gift_id)) is None:
            return True  # a second click at the same moment
        free = or_(GiftLink.most.is_(None), GiftLink.uses < GiftLink.most)
        live = GiftLink.revoked_at.is_(None), GiftLink.expires_at > now
        spent = update(GiftLink).where(GiftLink.id == self.id, free, *live).values(uses=GiftLink.uses + 1)
        return db.session.scalar(spent.returning(GiftLink.id)) is not None

    @classmethod
    def by_token(cls, token: str) -> "GiftLink | None":
        if not is_token(token):
            return None
        return db.session.scalar(_shown().where(cls.token_hash == print_of(token)))

    @classmethod
    def by_public_id(cls, public_id: str) -> "GiftLink | None":
        return db.session.scalar(_shown().where(cls.public_id == public_id))

    @classmethod
    def opened_by(cls, reader: str, article_id: int) -> "GiftLink | None":
        """The link by which this reader opened this story, whatever became of it since."""
        theirs = _shown().join(GiftOpening).where(GiftOpening.reader == reader, cls.article_id == article_id)
        return db.session.scalar(theirs.order_by(GiftOpening.at).limit(1))

    @classmethod
    def of_giver(cls, account_id: int) -> list["GiftLink"]:
        """What this account gave, newest first; campaigns are the magazine's."""
        rows = _shown().where(cls.giver_id == account_id, cls.kind != GiftKind.CAMPAIGN)
        return list(db.session.scalars(rows.order_by(cls.created_at.desc(), cls.id.desc())))

    @classmethod
    def campaigns(cls, article_id: int | None = None) -> Any:
        """Links made at the desk, newest first: of one story, or of all."""
        rows = _shown().where(cls.kind == GiftKind.CAMPAIGN).order_by(cls.created_at.desc(), cls.id.desc())
        return rows if article_id is None else rows.where(cls.article_id == article_id)

    @classmethod
    def left(cls, account_id: int, since: datetime) -> int:
        """How many more a patron may make, of the month that began at `since`."""
        made = cls.giver_id == account_id, cls.kind == GiftKind.PATRON, cls.created_at >= since
        return max(0, QUOTA - (db.session.scalar(select(func.count()).select_from(cls).where(*made)) or 0))

    @classmethod
    def make(cls, token: str, public_id: str, since: datetime, **given: Any) -> "GiftLink":
        """A new link, or the one of this name that a second click made already. Raises NoMoreGifts.

        The caller has called `begin_write`, and commits. Two requests of one patron come one after the other here.
        """
        link = cls(token_hash=print_of(token), public_id=public_id, **given)
        db.session.scalar(select(Account.id).where(Account.id == link.giver_id).with_for_update())
        if known := cls.by_public_id(public_id):
            return known
        if link.kind is GiftKind.PATRON and link.giver_id and not cls.left(link.giver_id, since):
            raise NoMoreGifts
        db.session.add(link)
        return link


class GiftOpening(db.Model):
    """A story that a reader opened by a link."""

    reader: Mapped[str] = mapped_column(primary_key=True)
    gift_id: Mapped[int] = mapped_column(ForeignKey("gift_link.id", ondelete="CASCADE"), primary_key=True, index=True)
    at: Mapped[datetime]
    gift: Mapped[GiftLink] = relationship()

    @classmethod
    def of(cls, reader: str) -> list["GiftOpening"]:
        """All that is kept of a reader, newest first."""
        rows = select(cls).where(cls.reader == reader).options(joinedload(cls.gift).joinedload(GiftLink.article))
        return list(db.session.scalars(rows.order_by(cls.at.desc())))

    @classmethod
    def merge(cls, reader: str, into: str) -> None:
        """What a visitor opened is open to the account that signs in; it is no further use. The caller commits."""
        theirs = select(db.literal(into), cls.gift_id, cls.at).where(cls.reader == reader)
        row = _insert().from_select(["reader", "gift_id", "at"], theirs)
        db.session.execute(row.on_conflict_do_nothing())

    @classmethod
    def erase(cls, reader: str) -> None:
        """Forget what a reader opened; how many did stays. The caller commits."""
        db.session.execute(delete(cls).where(cls.reader == reader))

    @classmethod
    def forget(cls, now: datetime) -> None:
        """Drop those of visitors that are old. The caller commits."""
        db.session.execute(delete(cls).where(cls.reader.startswith("visitor:"), cls.at < now - VISITORS_KEPT))


def _shown() -> Any:
    """Links with what their pages say of them, in one statement."""
    return select(GiftLink).options(joinedload(GiftLink.article), joinedload(GiftLink.giver))


def _insert() -> Any:
    is_postgresql = db.session.get_bind().dialect.name == "postgresql"
    return (postgresql.insert if is_postgresql else sqlite.insert)(GiftOpening)
