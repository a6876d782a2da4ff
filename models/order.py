"""A buyer's order: the row exists before Stripe hears of it, with the sum frozen on it."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship

from models.base import ShortEnum, db, new_public_id, utcnow
from models.checkout import CHECKOUT_LIFE, Checkout
from models.money import Money
from models.offer import Edition

HOLD_MARGIN = timedelta(minutes=10)  # a payment in the last second still finds its hold


class OrderStatus(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    EXPIRED = "expired"
    REFUNDED = "refunded"


class Order(Checkout, db.Model):
    """One edition for one buyer. What it says of price and code is what the buyer saw, never computed again."""

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    attempt_key: Mapped[str | None] = mapped_column(unique=True)  # one per shown form: a double click is one order
    email: Mapped[str] = mapped_column(default="", index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    title: Mapped[str]  # "China Internet Report 2026, Pro Edition"
    list_price: Mapped[Money] = composite(mapped_column("list_minor"), mapped_column("list_currency"))
    saving: Mapped[Money] = composite(mapped_column("saving_minor"), mapped_column("saving_currency"))
    total: Mapped[Money] = composite(mapped_column("total_minor"), mapped_column("total_currency"))
    code_text: Mapped[str] = mapped_column(default="")
    basis_points: Mapped[int] = mapped_column(default=0)
    consent_at: Mapped[datetime | None]  # asked for the file at once and gave up the right to withdraw
    status: Mapped[OrderStatus] = mapped_column(ShortEnum(OrderStatus), default=OrderStatus.PENDING, index=True)
    checkout_session: Mapped[str | None] = mapped_column(unique=True)
    checkout_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    paid_at: Mapped[datetime | None]
    downloads: Mapped[int] = mapped_column(default=0)
    edition: Mapped[Edition] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_paid(self) -> bool:
        return self.status is OrderStatus.PAID

    @property
    def hold_until(self) -> datetime:
        return (self.checkout_expires_at or self.created_at + CHECKOUT_LIFE) + HOLD_MARGIN

    def mark_paid(self, at: datetime) -> bool:
        """Record payment; True the first time. Stripe repeats itself, so a second call changes nothing."""
        if self.status in {OrderStatus.PAID, OrderStatus.REFUNDED}:
            return False
        self.status, self.paid_at = OrderStatus.PAID, at
        return True

    def mark_expired(self) -> bool:
        if self.status is not OrderStatus.PENDING:
            return False
        self.status = OrderStatus.EXPIRED
        return True

    def mark_refunded(self) -> None:
        self.status = OrderStatus.REFUNDED

    @classmethod
    def of_account(cls, account_id: int) -> list["Order"]:
        """What this account bought, newest first."""
        return list(
            db.session.scalars(
                select(cls)
                .where(
                    cls.account_id == account_id, cls.status != OrderStatus.PENDING, cls.status != OrderStatus.EXPIRED
                )
                .order_by(cls.created_at.desc())
            )
        )
