"""What every row that is paid through a checkout shares: how long one lives, and when its row can be paid no more."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import select, update

from models.base import db

CHECKOUT_LIFE = timedelta(minutes=31)  # Stripe wants at least 30 minutes, counted when the call arrives
# A checkout that has not answered by now never will: its expiry, fixed before the call, is about to become too
# near for Stripe. A later click starts anew.
LONGEST_CALL = timedelta(seconds=50)


class Checkout:
    """Methods for a table with the columns named below; its statuses have 'pending' and 'paid' among them."""

    if TYPE_CHECKING:  # declared for real by each table, in its own order
        id: Any
        public_id: Any
        attempt_key: Any
        email: Any
        account_id: Any
        status: Any
        checkout_session: Any
        checkout_expires_at: Any
        created_at: Any

    def is_over(self, now: datetime) -> bool:
        """Whether this row can be paid no more, and is not: a repeated click begins a new one."""
        if self.status != "pending":
            return self.status != "paid"
        never_opened = self.checkout_session is None and now > self.created_at + LONGEST_CALL
        return never_opened or (self.checkout_expires_at is not None and self.checkout_expires_at <= now)

    @classmethod
    def by_public_id(cls, public_id: str, *, lock: bool = False) -> Self | None:
        found = select(cls).where(cls.public_id == public_id)
        return db.session.scalar(found.with_for_update(of=cls) if lock else found)

    @classmethod
    def by_attempt(cls, attempt_key: str) -> Self | None:
        return db.session.scalar(select(cls).where(cls.attempt_key == attempt_key))

    @classmethod
    def overdue(cls, now: datetime, limit: int = 100) -> list[Self]:
        """Pending rows whose checkout should be over by now: the sweeper asks Stripe about each."""
        waiting = select(cls).where(cls.status == "pending", cls.checkout_expires_at < now)
        return list(db.session.scalars(waiting.order_by(cls.id).limit(limit)))

    @classmethod
    def claim(cls, email: str, account_id: int) -> None:
        """Give the account with this verified address what was paid under it."""
        unclaimed = update(cls).where(cls.email == email, cls.account_id.is_(None))
        db.session.execute(unclaimed.values(account_id=account_id))

    def lose_payer(self, nobody: str) -> None:
        """The sum, the dates and the numbers stay for the books; who paid does not."""
        self.email, self.account_id = nobody, None
