"""Money that moved: an append-only ledger. A refund is a row of its own, negative."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from models.base import ShortEnum, db, new_public_id, utcnow
from models.money import Money


class PaymentKind(StrEnum):
    CHARGE = "charge"
    REFUND = "refund"


class Payment(db.Model):
    """One movement, keyed by the object at Stripe that caused it, so that no movement is booked twice."""

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    kind: Mapped[PaymentKind] = mapped_column(ShortEnum(PaymentKind))
    stripe_id: Mapped[str] = mapped_column(unique=True)  # payment intent, invoice or refund
    payment_intent: Mapped[str | None] = mapped_column(index=True)
    amount: Mapped[Money] = composite(mapped_column("amount_minor"), mapped_column("amount_currency"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("order.id"), index=True)
    donation_id: Mapped[int | None] = mapped_column(ForeignKey("donation.id"), index=True)
    card: Mapped[str] = mapped_column(default="")  # "Visa ending 4242"
    moved_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    @property
    def receipt_number(self) -> str:
        return f"{self.moved_at:%Y}-{self.id:06d}"

    @classmethod
    def by_stripe_id(cls, stripe_id: str) -> "Payment | None":
        return db.session.scalar(select(cls).where(cls.stripe_id == stripe_id))

    @classmethod
    def by_public_id(cls, public_id: str) -> "Payment | None":
        return db.session.scalar(select(cls).where(cls.public_id == public_id))

    @classmethod
    def of_order(cls, order_id: int) -> list["Payment"]:
        return list(db.session.scalars(select(cls).where(cls.order_id == order_id).order_by(cls.moved_at, cls.id)))

    @classmethod
    def of_donations(cls, donation_ids: list[int]) -> list["Payment"]:
        return list(
            db.session.scalars(
                select(cls).where(cls.donation_id.in_(donation_ids)).order_by(cls.moved_at.desc(), cls.id.desc())
            )
        )

    @classmethod
    def given(cls, since: datetime, until: datetime) -> list[Money]:
        """What gifts brought in between two moments, less what was given back: one sum for each currency."""
        columns = cls.__table__.c
        rows = db.session.execute(
            select(columns.amount_currency, func.sum(columns.amount_minor))
            .where(cls.donation_id.is_not(None), cls.moved_at >= since, cls.moved_at < until)
            .group_by(columns.amount_currency)
            .order_by(columns.amount_currency)
        )
        return [Money(int(minor), currency) for currency, minor in rows]

    @classmethod
    def refunded_of(cls, payment_intent: str) -> int:
        """Minor units given back so far of one payment; positive."""
        total = db.session.scalar(
            select(func.sum(cls.amount_minor)).where(  # type: ignore[attr-defined]
                cls.payment_intent == payment_intent, cls.kind == PaymentKind.REFUND
            )
        )
        return -(total or 0)
