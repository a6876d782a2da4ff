"""A patron's own feed: an address that nobody can guess, with whole texts, until its owner takes it back."""

from datetime import datetime

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from models.account import Account
from models.address_token import is_token, print_of
from models.base import db, utcnow
from models.patronage import Donation


class PrivateFeed(db.Model):
    """One address. Those taken back are kept, so that programs that still ask are told that it is over."""

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    revoked_at: Mapped[datetime | None]
    account: Mapped[Account] = relationship()

    @classmethod
    def by_token(cls, token: str) -> "PrivateFeed | None":
        """The feed with this token, taken back or not, with its account."""
        if not is_token(token):
            return None
        return db.session.scalar(select(cls).where(cls.token_hash == print_of(token)).options(joinedload(cls.account)))

    @classmethod
    def of_account(cls, account_id: int) -> "PrivateFeed | None":
        """The one that works, if any."""
        live = cls.account_id == account_id, cls.revoked_at.is_(None)
        return db.session.scalar(select(cls).where(*live).order_by(cls.id.desc()).limit(1))

    @classmethod
    def renew(cls, account_id: int, public_id: str, token: str, now: datetime) -> "PrivateFeed":
        """A new address; the one before it is over. Of two requests at once the later stays. The caller commits."""
        cls.revoke(account_id, now)
        feed = cls(public_id=public_id, token_hash=print_of(token), account_id=account_id, created_at=now)
        db.session.add(feed)
        return feed

    @classmethod
    def revoke(cls, account_id: int, now: datetime) -> None:
        """No address of this account works any longer. The caller commits."""
        db.session.scalar(select(Account.id).where(Account.id == account_id).with_for_update())
        live = select(cls).where(cls.account_id == account_id, cls.revoked_at.is_(None))
        for feed in db.session.scalars(live.execution_options(populate_existing=True)):
            feed.revoked_at = now


def last_day_of_patron(account: Account) -> datetime | None:
    """Until when the gifts of an account grant, or granted, something."""
    return db.session.scalar(select(func.max(Donation.patron_until)).where(Donation.account_id == account.id))
