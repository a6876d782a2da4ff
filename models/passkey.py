"""Passkeys: what a reader's devices sign with (W3C Web Authentication), and the questions that were answered."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from models.base import db, new_public_id, utcnow

LONGEST_NAME = 60  # characters
MOST = 20  # passkeys of one account


def counts_on(stored: int, signed: int) -> bool:
    """Whether a signature counter goes on as it should (Web Authentication, 7.2, step 22).

    A device that does not count signs 0 each time. Where one of the two is not 0, the number must grow: else the key
    may have been copied.
    """
    return (stored == 0 and signed == 0) or signed > stored


class Passkey(db.Model):
    """One key on one device, or on all that share it. Its id is base64url without padding, as in browsers."""

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[bytes]  # COSE
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    transports: Mapped[list[str]] = mapped_column(JSON, default=list)
    is_synced: Mapped[bool] = mapped_column(default=False)  # its maker may copy it to the reader's other devices
    name: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_used_at: Mapped[datetime | None]

    def use(self, sign_count: int, at: datetime) -> bool:
        """Note one signature; False, and nothing noted, when its counter does not go on. Wants the row locked."""
        if not counts_on(self.sign_count, sign_count):
            return False
        self.sign_count, self.last_used_at = sign_count, at
        return True

    @classmethod
    def of(cls, account_id: int) -> list["Passkey"]:
        """An account's keys, the oldest first."""
        return list(
            db.session.scalars(select(cls).where(cls.account_id == account_id).order_by(cls.created_at, cls.id))
        )

    @classmethod
    def has(cls, account_id: int) -> bool:
        return db.session.scalar(select(cls.id).where(cls.account_id == account_id).limit(1)) is not None

    @classmethod
    def by_public_id(cls, public_id: str) -> "Passkey | None":
        return db.session.scalar(select(cls).where(cls.public_id == public_id))

    @classmethod
    def by_credential(cls, credential_id: str, *, lock: bool = False) -> "Passkey | None":
        row = select(cls).where(cls.credential_id == credential_id)
        if lock:
            row = row.with_for_update().execution_options(populate_existing=True)
        return db.session.scalar(row)

    @classmethod
    def forget(cls, account_id: int, since: datetime | None = None) -> None:
        """Remove all keys of an account, or those added since then. The caller commits."""
        theirs = delete(cls).where(cls.account_id == account_id)
        db.session.execute(theirs.where(cls.created_at >= since) if since else theirs)


class SpentChallenge(db.Model):
    """A challenge that was answered; kept until it would have ended, so that none is answered twice."""

    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)

    @classmethod
    def spend(cls, nonce: str, expires_at: datetime, now: datetime) -> bool:
        """Note it; False when it was spent before. Old ones go meanwhile. The caller commits."""
        db.session.execute(delete(cls).where(cls.expires_at < now))
        insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
        row = insert(cls).values(nonce=nonce, expires_at=expires_at).on_conflict_do_nothing(index_elements=[cls.nonce])
        return db.session.scalar(row.returning(cls.nonce)) is not None
