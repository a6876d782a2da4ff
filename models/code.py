"""Partner codes, and the holds that keep their limits exact."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, and_, func, insert, literal, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import ShortEnum, UtcDateTime, db, new_public_id, utcnow
from models.offer import Edition
from models.pricing import Discount, normal_code


class RedemptionState(StrEnum):
    HELD = "held"
    USED = "used"
    RELEASED = "released"


code_edition = db.Table(
    "code_edition",
    db.Column("code_id", ForeignKey("code.id", ondelete="CASCADE"), primary_key=True),
    db.Column("edition_id", ForeignKey("edition.id", ondelete="CASCADE"), primary_key=True),
)


class Code(db.Model):
    """A discount code. `max_redemptions` None is without limit; no counter is kept that could drift."""

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    text: Mapped[str] = mapped_column(unique=True)  # as normal_code gives it
    basis_points: Mapped[int]
    note: Mapped[str] = mapped_column(default="")
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    max_redemptions: Mapped[int | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    editions: Mapped[list[Edition]] = relationship(secondary=code_edition)

    @classmethod
    def by_text(cls, typed: str) -> "Code | None":
        return db.session.scalar(select(cls).where(cls.text == normal_code(typed)))

    @classmethod
    def for_readers(cls, edition_id: int, now: datetime) -> "Code | None":
        """The code that a card inside a story names: one whose note begins with 'For readers'."""
        return db.session.scalar(
            select(cls)
            .where(
                cls.note.startswith("For readers"),
                cls.is_active,
                cls.editions.any(Edition.id == edition_id),
                or_(cls.starts_at.is_(None), cls.starts_at <= now),
                or_(cls.ends_at.is_(None), cls.ends_at > now),
            )
            .order_by(cls.id)
            .limit(1)
        )

    def taken(self, now: datetime) -> int:
        """Uses that count against the limit: used, and held by a checkout that is still open."""
        return db.session.scalar(select(func.count()).where(Redemption.counts(self.id, now))) or 0

    def used(self) -> int:
        """Uses that were paid for."""
        return (
            db.session.scalar(
                select(func.count()).where(Redemption.code_id == self.id, Redemption.state == RedemptionState.USED)
            )
            or 0
        )

    def discount(self, now: datetime) -> Discount:
        """The plain rule `pricing.quote` works on."""
        left = None if self.max_redemptions is None else self.max_redemptions - self.taken(now)
        return Discount(
            text=self.text,
            basis_points=self.basis_points,
            editions=frozenset(e.id for e in self.editions),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            uses_left=left,
            active=self.is_active,
        )


class Redemption(db.Model):
    """One order's claim on a code: held while its checkout is open, used once paid, released when it expired."""

    id: Mapped[int] = mapped_column(primary_key=True)
    code_id: Mapped[int] = mapped_column(ForeignKey("code.id"), index=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), unique=True)
    state: Mapped[RedemptionState] = mapped_column(ShortEnum(RedemptionState), default=RedemptionState.HELD)
    expires_at: Mapped[datetime]  # of the hold
    over_limit: Mapped[bool] = mapped_column(default=False)  # paid after its hold had lapsed and the limit was gone
    code: Mapped[Code] = relationship()

    @classmethod
    def counts(cls, code_id: object, now: datetime):  # type: ignore[no-untyped-def]
        """The condition for a claim that counts against the limit."""
        return and_(
            cls.code_id == code_id,
            or_(cls.state == RedemptionState.USED, and_(cls.state == RedemptionState.HELD, cls.expires_at > now)),
        )

    @classmethod
    def hold(cls, code: Code, order_id: int, now: datetime, until: datetime) -> bool:
        """Claim one use of the code for an order; False when none is left.

        Call inside `begin_write`. SQLite has one writer; on PostgreSQL the code's row is locked first, or two
        transactions would count the same free use.
        """
        db.session.execute(select(Code.id).where(Code.id == code.id).with_for_update())
        taken = select(func.count()).where(cls.counts(Code.id, now)).correlate(Code).scalar_subquery()
        claim = select(
            Code.id,
            literal(order_id),
            literal(RedemptionState.HELD, ShortEnum(RedemptionState)),
            literal(until, UtcDateTime()),
            literal(False),
        ).where(Code.id == code.id, or_(Code.max_redemptions.is_(None), taken < Code.max_redemptions))
        into = insert(cls).from_select(["code_id", "order_id", "state", "expires_at", "over_limit"], claim)
        return db.session.scalar(into.returning(cls.id)) is not None  # not rowcount, which PostgreSQL does not tell

    @classmethod
    def use(cls, order_id: int, now: datetime) -> "Redemption | None":
        """Count the order's use, once. A paid order is honoured even when its hold had lapsed; then it may be over."""
        redemption = db.session.scalar(select(cls).where(cls.order_id == order_id).with_for_update())
        if redemption is None or redemption.state is RedemptionState.USED:
            return redemption
        code = db.session.scalars(select(Code).where(Code.id == redemption.code_id).with_for_update()).one()
        lapsed = redemption.state is RedemptionState.RELEASED or redemption.expires_at <= now
        if lapsed and code.max_redemptions is not None:
            redemption.over_limit = code.taken(now) >= code.max_redemptions
        redemption.state = RedemptionState.USED
        return redemption

    @classmethod
    def keep(cls, order_id: int, until: datetime) -> None:
        """Hold the use longer: the buyer has done all there is to do, and the bank takes days."""
        db.session.execute(
            update(cls).where(cls.order_id == order_id, cls.state == RedemptionState.HELD).values(expires_at=until)
        )

    @classmethod
    def release(cls, order_id: int) -> None:
        """Give a held use back; only once Stripe has said that the checkout is over."""
        db.session.execute(
            update(cls)
            .where(cls.order_id == order_id, cls.state == RedemptionState.HELD)
            .values(state=RedemptionState.RELEASED)
        )
