"""Gifts, and what they grant: once, monthly or yearly, and until when a patron is one."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, and_, func, or_, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from models.account import Account
from models.base import ShortEnum, db, new_public_id, utcnow
from models.checkout import Checkout
from models.money import Money

GRACE = timedelta(days=7)  # after a paid period: the bank and the mail take their time
ONE_YEAR = timedelta(days=366)  # what a single gift grants


class Frequency(StrEnum):
    ONCE = "once"
    MONTH = "month"
    YEAR = "year"


class DonationStatus(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    EXPIRED = "expired"
    ENDED = "ended"  # a repeating gift that was stopped
    REFUNDED = "refunded"


# Suggested amounts in major units, and the bounds of a free one, by rhythm.
SUGGESTED = {Frequency.ONCE: (10, 25, 60), Frequency.MONTH: (5, 10, 25), Frequency.YEAR: (50, 100, 250)}
BOUNDS = {Frequency.ONCE: (2, 5000), Frequency.MONTH: (2, 500), Frequency.YEAR: (20, 5000)}


class Donation(Checkout, db.Model):
    """One promise to give. The row exists before Stripe hears of it; the sum is frozen on it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    attempt_key: Mapped[str | None] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    frequency: Mapped[Frequency] = mapped_column(ShortEnum(Frequency))
    amount: Mapped[Money] = composite(mapped_column("amount_minor"), mapped_column("amount_currency"))
    status: Mapped[DonationStatus] = mapped_column(
        ShortEnum(DonationStatus), default=DonationStatus.PENDING, index=True
    )
    checkout_session: Mapped[str | None] = mapped_column(unique=True)
    checkout_expires_at: Mapped[datetime | None]
    customer: Mapped[str | None]
    subscription: Mapped[str | None] = mapped_column(unique=True)
    stops_at: Mapped[datetime | None]  # the giver has stopped it; it runs out then
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    paid_at: Mapped[datetime | None]
    patron_until: Mapped[datetime | None]  # what it grants so far

    @property
    def waits_unseen(self) -> bool:
        """New, and no page counts it yet."""
        return self.status is not DonationStatus.PAID

    @property
    def repeats(self) -> bool:
        return self.frequency is not Frequency.ONCE

    @property
    def paid_for_until(self) -> datetime | None:
        """The end of the period that a repeating gift has paid for; None before the first payment."""
        return self.patron_until - GRACE if self.repeats and self.patron_until else None

    @property
    def next_at(self) -> datetime | None:
        """When it will be taken again; None when it will not."""
        return self.paid_for_until if self.status is DonationStatus.PAID and not self.stops_at else None

    def mark_paid(self, at: datetime) -> bool:
        """Record the (first) payment; True the first time."""
        if self.status is not DonationStatus.PENDING and self.status is not DonationStatus.EXPIRED:
            return False
        self.status, self.paid_at = DonationStatus.PAID, at
        return True

    def grant_until(self, until: datetime) -> None:
        """Extend what it grants; an older date that arrives late changes nothing."""
        self.patron_until = max(self.patron_until or until, until)

    def mark_expired(self) -> bool:
        if self.status is not DonationStatus.PENDING:
            return False
        self.status = DonationStatus.EXPIRED
        return True

    def stop(self, at: datetime) -> None:
        """It will not be taken again; what was paid for stays."""
        self.stops_at = self.stops_at or at

    def end(self, at: datetime) -> None:
        """Stripe has ended the subscription. Benefits last to the end of what was paid."""
        if self.status is DonationStatus.PAID:
            self.status = DonationStatus.ENDED
        self.stops_at = self.stops_at or at

    def mark_refunded(self, at: datetime) -> None:
        self.status, self.patron_until = DonationStatus.REFUNDED, at

    @classmethod
    def by_session(cls, checkout_session: str) -> "Donation | None":
        return db.session.scalar(select(cls).where(cls.checkout_session == checkout_session))

    @classmethod
    def by_subscription(cls, subscription: str) -> "Donation | None":
        return db.session.scalar(select(cls).where(cls.subscription == subscription).with_for_update())

    @classmethod
    def of_account(cls, account_id: int) -> list["Donation"]:
        """What this account gave, newest first."""
        shown = (DonationStatus.PAID, DonationStatus.ENDED, DonationStatus.REFUNDED)
        return list(
            db.session.scalars(
                select(cls).where(cls.account_id == account_id, cls.status.in_(shown)).order_by(cls.created_at.desc())
            )
        )

    @classmethod
    def count_patrons(cls, now: datetime) -> int:
        """How many people's gifts grant something now."""
        return db.session.scalar(select(func.count(cls.email.distinct())).where(cls.patron_until > now)) or 0


def is_patron(account: Account, now: datetime) -> bool:
    """Whether a gift of this account still grants. A gift by address counts once the address is verified."""
    mine = Donation.account_id == account.id
    if account.email_verified_at is not None:
        mine = or_(mine, and_(Donation.account_id.is_(None), Donation.email == account.email))
    return db.session.scalar(select(Donation.id).where(mine, Donation.patron_until > now).limit(1)) is not None
