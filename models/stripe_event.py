"""Events Stripe has told us of. The id is the key: an event is worked on once."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, func, select
from sqlalchemy.orm import Mapped, mapped_column

from models.base import ShortEnum, db, utcnow


class EventState(StrEnum):
    DONE = "done"
    IGNORED = "ignored"  # a type that means nothing to us, or an object that is not ours


class StripeEvent(db.Model):
    id: Mapped[str] = mapped_column(primary_key=True)  # evt_…
    type: Mapped[str] = mapped_column(index=True)
    created: Mapped[datetime]  # at Stripe
    received_at: Mapped[datetime] = mapped_column(default=utcnow)
    state: Mapped[EventState] = mapped_column(ShortEnum(EventState))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)

    @classmethod
    def seen(cls, event_id: str) -> bool:
        return db.session.get(cls, event_id) is not None

    @classmethod
    def newest(cls) -> datetime | None:
        """When Stripe made the latest event we know of."""
        return db.session.scalar(select(func.max(cls.created)))
