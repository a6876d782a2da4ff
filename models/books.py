"""What the desk lists of money and codes: the latest movements, and how far each code is used up."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from models.base import db
from models.code import Code, Redemption, RedemptionState
from models.offer import Edition
from models.order import Order
from models.patronage import Donation
from models.payment import Payment


@dataclass(frozen=True, slots=True)
class CodeUse:
    """A code and its uses: paid for, held by an open checkout, and left (None: without limit)."""

    code: Code
    used: int
    held: int
    claims: int  # every order that ever took it, whatever became of it

    @property
    def left(self) -> int | None:
        limit = self.code.max_redemptions
        return None if limit is None else max(0, limit - self.used - self.held)


def code_uses(now: datetime) -> list[CodeUse]:
    """Every code, newest first."""
    used = func.count().filter(Redemption.state == RedemptionState.USED)
    held = func.count().filter(Redemption.state == RedemptionState.HELD, Redemption.expires_at > now)
    counted = (
        select(Redemption.code_id, used.label("used"), held.label("held"), func.count().label("claims"))
        .group_by(Redemption.code_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Code, counted.c.used, counted.c.held, counted.c.claims)
        .outerjoin(counted, counted.c.code_id == Code.id)
        .order_by(Code.created_at.desc(), Code.id.desc())
        .options(selectinload(Code.editions).joinedload(Edition.offer))
    )
    return [CodeUse(code, used or 0, held or 0, claims or 0) for code, used, held, claims in rows]


def is_claimed(code: Code) -> bool:
    """Whether any order ever took this code: then it belongs to the books."""
    return db.session.scalar(select(Redemption.id).where(Redemption.code_id == code.id).limit(1)) is not None


def code_named(public_id: str) -> Code | None:
    """The code, locked until the transaction ends."""
    return db.session.scalar(select(Code).where(Code.public_id == public_id).with_for_update())


def priced_editions() -> list[Edition]:
    """What a code can be good for."""
    priced = select(Edition).where(Edition.price_minor > 0)  # type: ignore[attr-defined]
    return list(db.session.scalars(priced.order_by(Edition.offer_id, Edition.position)))


def latest_payments(limit: int) -> list[Payment]:
    return list(db.session.scalars(select(Payment).order_by(Payment.moved_at.desc(), Payment.id.desc()).limit(limit)))


def latest_orders(limit: int) -> list[Order]:
    found = select(Order).order_by(Order.created_at.desc(), Order.id.desc()).limit(limit)
    return list(db.session.scalars(found.options(joinedload(Order.edition))))


def latest_gifts(limit: int) -> list[Donation]:
    return list(
        db.session.scalars(select(Donation).order_by(Donation.created_at.desc(), Donation.id.desc()).limit(limit))
    )
