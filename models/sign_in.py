"""Where an account is signed in: one row for each browser. When the row ends, the browser is signed out at once."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, and_, delete, literal, or_, select, update
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models.base import db, utcnow

REMEMBERED = timedelta(days=60)  # from signing in, with "Stay signed in"
BRIEF = timedelta(days=1)  # from when it was last seen, without: the browser forgets its cookie when it closes
SEEN_EVERY = timedelta(hours=1)  # at most one write in that time
KEPT = timedelta(days=90)  # after it ended, so that a known browser is still known


@dataclass(frozen=True, slots=True)
class Here:
    """The sign-in by which this request came, as plain values that outlive a commit."""

    id: int
    account_id: int
    secret: str
    began_at: datetime
    seen_at: datetime
    proved_at: datetime
    two_factors: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sign-in comes from: a plain name for the browser, and keyed hashes that cannot be read back."""

    browser: str
    device: str  # of the browser's own cookie
    network: str  # of its address


class SignIn(db.Model):
    """A browser in which an account is or was signed in. Only the hash of its secret is kept."""

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(unique=True)
    browser: Mapped[str] = mapped_column(default="")
    device: Mapped[str] = mapped_column(default="")
    network: Mapped[str] = mapped_column(default="")
    remembered: Mapped[bool] = mapped_column(default=False)
    began_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow)  # about; see SEEN_EVERY
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    proved_at: Mapped[datetime] = mapped_column(default=utcnow)  # when they last showed who they are
    two_factors: Mapped[bool] = mapped_column(default=False)  # by a passkey, or by a code after the first thing

    @staticmethod
    def hash(secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()

    @classmethod
    def begin(
        cls, account_id: int, place: Place, now: datetime, *, remembered: bool, two_factors: bool = False
    ) -> Here:
        """A new sign-in; its secret goes into the browser's cookie and is kept nowhere. The caller commits."""
        secret = secrets.token_urlsafe(32)
        row = cls(
            account_id=account_id,
            secret_hash=cls.hash(secret),
            browser=place.browser,
            device=place.device,
            network=place.network,
            remembered=remembered,
            began_at=now,
            seen_at=now,
            expires_at=now + (REMEMBERED if remembered else BRIEF),
            proved_at=now,
            two_factors=two_factors,
        )
        db.session.add(row)
        db.session.flush()
        return Here(row.id, account_id, secret, now, now, now, two_factors)

    @classmethod
    def prove(cls, here: Here, now: datetime, *, two_factors: bool) -> Here | None:
        """They showed anew who they are. None when the sign-in has ended meanwhile. The caller commits."""
        row = update(cls).where(cls.id == here.id, cls.is_live(now))
        row = row.values(proved_at=now, two_factors=or_(cls.two_factors, literal(two_factors)))
        found = db.session.execute(row.returning(cls.proved_at, cls.two_factors)).first()
        return replace(here, proved_at=found[0], two_factors=found[1]) if found else None

    @classmethod
    def is_live(cls, now: datetime) -> ColumnElement[bool]:
        return and_(cls.ended_at.is_(None), cls.expires_at > now)

    @classmethod
    def live(cls, account_id: int, now: datetime) -> list["SignIn"]:
        """Where the account is signed in, last seen first."""
        rows = select(cls).where(cls.account_id == account_id, cls.is_live(now))
        return list(db.session.scalars(rows.order_by(cls.seen_at.desc(), cls.id.desc())))

    @classmethod
    def end(cls, account_id: int, now: datetime, *, only: int | None = None, but: int | None = None) -> int:
        """End the one with the id `only`, or all of the account `but` one; how many were ended. The caller commits."""
        theirs = update(cls).where(cls.account_id == account_id, cls.ended_at.is_(None))
        if only is not None:
            theirs = theirs.where(cls.id == only)
        if but is not None:
            theirs = theirs.where(cls.id != but)
        return len(db.session.scalars(theirs.values(ended_at=now).returning(cls.id)).all())

    @classmethod
    def note_seen(cls, here: Here, now: datetime) -> None:
        """It was seen now. Of two requests at once one writes. The caller commits."""
        due = update(cls).where(cls.id == here.id, cls.is_live(now), cls.seen_at <= now - SEEN_EVERY)
        db.session.execute(due.where(cls.remembered).values(seen_at=now))
        db.session.execute(due.where(~cls.remembered).values(seen_at=now, expires_at=now + BRIEF))

    @classmethod
    def is_strange(cls, account_id: int, place: Place) -> bool:
        """Whether this account was signed in before, but never from there. Its very first sign-in is not strange."""
        here = or_(cls.device == place.device, and_(cls.network == place.network, cls.browser == place.browser))
        known = list(db.session.scalars(select(here).where(cls.account_id == account_id).distinct()))
        return bool(known) and not any(known)

    @classmethod
    def forget(cls, now: datetime) -> None:
        """Drop those that ended long ago, but each account's last: without any, the next would count as the first."""
        newer = aliased(cls)
        over = or_(cls.ended_at < now - KEPT, cls.expires_at < now - KEPT)
        has_newer = select(newer.id).where(newer.account_id == cls.account_id, newer.id > cls.id).exists()
        db.session.execute(delete(cls).where(over, has_newer), execution_options={"synchronize_session": False})
