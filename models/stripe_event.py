"""Events Stripe has told us of. The id is the key: an event is worked on once."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Text, cast, func, select
from sqlalchemy.orm import Mapped, mapped_column

from models.base import ShortEnum, db, utcnow

# What Stripe says of people, and links that show it to whoever has them: the books need none of it.
OF_PEOPLE = frozenset(
    """
    address billing_details client_secret customer_address customer_details customer_email customer_name
    customer_phone customer_shipping customer_tax_ids email hosted_invoice_url invoice_pdf name phone receipt_email
    receipt_url shipping shipping_details url
    """.split()
)


def without_people(said: Any) -> Any:
    """An event as we keep it: ids, sums, states and times."""
    if isinstance(said, dict):
        return {name: without_people(value) for name, value in said.items() if name not in OF_PEOPLE}
    return [without_people(value) for value in said] if isinstance(said, list) else said


class EventState(StrEnum):
    DONE = "done"
    IGNORED = "ignored"  # a type that means nothing to us, or an object that is not ours


class StripeEvent(db.Model):
    id: Mapped[str] = mapped_column(primary_key=True)  # evt_…
    type: Mapped[str] = mapped_column(index=True)
    created: Mapped[datetime]  # at Stripe
    received_at: Mapped[datetime] = mapped_column(default=utcnow)
    state: Mapped[EventState] = mapped_column(ShortEnum(EventState))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)  # as without_people gives it

    @classmethod
    def seen(cls, event_id: str) -> bool:
        return db.session.get(cls, event_id) is not None

    @classmethod
    def newest(cls) -> datetime | None:
        """When Stripe made the latest event we know of."""
        return db.session.scalar(select(func.max(cls.created)))

    @classmethod
    def forget_person(cls, email: str) -> None:
        """Take this address out of events that were kept whole, before we did otherwise. The caller commits."""
        for row in db.session.scalars(select(cls).where(cast(cls.payload, Text).contains(email, autoescape=True))):
            row.payload = without_people(row.payload)
