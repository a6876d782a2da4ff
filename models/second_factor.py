"""The second factor: six digits from an app (RFC 6238), and recovery codes for the day on which the phone is lost."""

import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import BigInteger, ForeignKey, Select, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.base import db, utcnow
from models.sealing import Unreadable, seal, unseal

STEP = 30  # seconds that a code lasts
TOLERANCE = 1  # steps before and after, for clocks that do not agree
CODES = 10
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: none that is taken for another
LENGTH = 16  # of 32 signs: 80 bits, so a plain hash of it tells nothing
LOOKALIKES = str.maketrans("oil", "011")


def fitting_step(secret: str, typed: str, now: datetime) -> int | None:
    """The step of time whose code this is, of those that count now; None when it is none of theirs."""
    digits = "".join(typed.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    here, codes = int(now.timestamp()) // STEP, pyotp.TOTP(secret, interval=STEP)
    steps = range(here - TOLERANCE, here + TOLERANCE + 1)
    fitting = [step for step in steps if hmac.compare_digest(codes.generate_otp(step), digits)]
    return max(fitting, default=None)


class SecondFactor(db.Model):
    """What an account's app and we both know, sealed. `pending` waits for the first code that proves it arrived."""

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[bytes | None]
    pending: Mapped[bytes | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)  # of the code taken last: none is taken twice
    turned_on_at: Mapped[datetime | None]

    @classmethod
    def of(cls, account_id: int) -> "SecondFactor | None":
        return db.session.get(cls, account_id)

    @classmethod
    def is_on(cls, account_id: int) -> bool:
        return bool(db.session.scalar(select(cls.sealed.is_not(None)).where(cls.account_id == account_id)))

    @classmethod
    def begin(cls, account_id: int, key: str) -> None:
        """A new secret that waits to be proven; one that is on stays so until then. The caller commits."""
        row = cls.of(account_id) or cls(account_id=account_id)
        row.pending = seal(pyotp.random_base32(), key, cls._about(account_id))
        db.session.add(row)

    def pending_secret(self, key: str) -> str | None:
        """The secret to be scanned, base32; None when there is none, or the site's key has changed since."""
        return self._open(self.pending, key)

    def secret(self, key: str) -> str | None:
        return self._open(self.sealed, key)

    def turn_on(self, step: int, now: datetime) -> None:
        """The first code came, of this step: from now on the new secret counts."""
        self.sealed, self.pending = self.pending, None
        self.last_step, self.turned_on_at = step, now

    @classmethod
    def take(cls, account_id: int, sealed: bytes, step: int) -> bool:
        """Use the code of a step up, once: of two at the same time only one gets it. The caller commits."""
        row = update(cls).where(cls.account_id == account_id, cls.sealed == sealed, cls.last_step < step)
        return db.session.scalar(row.values(last_step=step).returning(cls.account_id)) is not None

    @classmethod
    def forget_since(cls, account_id: int, since: datetime) -> None:
        """Turn it off if it was turned on since then. The caller commits."""
        row = cls.of(account_id)
        if row and row.turned_on_at and row.turned_on_at >= since:
            cls.forget(account_id)

    @classmethod
    def forget(cls, account_id: int) -> None:
        """Turn it off, with its recovery codes. The caller commits."""
        db.session.execute(delete(cls).where(cls.account_id == account_id))
        RecoveryCode.forget(account_id)

    @staticmethod
    def _about(account_id: int) -> str:
        return f"second factor of {account_id}"

    def _open(self, sealed: bytes | None, key: str) -> str | None:
        try:
            return unseal(sealed, key, self._about(self.account_id)) if sealed else None
        except Unreadable:
            return None


class RecoveryCode(db.Model):
    """Stands in for the app, once. Only its hash is kept, under no key of the site: it outlives a change of that."""

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    used_at: Mapped[datetime | None]

    @staticmethod
    def hash(account_id: int, typed: str) -> str:
        """Of the code as it is meant: case, spaces and dashes do not matter, and look-alikes are one."""
        plain = "".join(sign for sign in typed.lower().translate(LOOKALIKES) if sign in ALPHABET)
        return hashlib.sha256(f"{account_id}:{plain}".encode()).hexdigest()

    @classmethod
    def issue(cls, account_id: int, now: datetime) -> list[str]:
        """A new set in place of the old one; the codes are kept nowhere. The caller commits."""
        cls.forget(account_id)
        plain = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(CODES)]
        db.session.add_all(
            cls(code_hash=cls.hash(account_id, code), account_id=account_id, created_at=now) for code in plain
        )
        return ["-".join(code[at : at + 4] for at in range(0, LENGTH, 4)) for code in plain]

    @classmethod
    def spend(cls, account_id: int, typed: str, now: datetime) -> bool:
        """Use a code up, once. The caller commits."""
        row = update(cls).where(cls.code_hash == cls.hash(account_id, typed), cls.account_id == account_id)
        return (
            db.session.scalar(row.where(cls.used_at.is_(None)).values(used_at=now).returning(cls.code_hash)) is not None
        )

    @classmethod
    def are_all(cls, account_id: int, codes: list[str]) -> bool:
        """Whether these are unused codes of this account, all of them."""
        hashes = {cls.hash(account_id, code) for code in codes}
        rows = select(func.count()).where(
            cls.code_hash.in_(hashes), cls.account_id == account_id, cls.used_at.is_(None)
        )
        return bool(codes) and db.session.scalar(rows) == len(codes)

    @classmethod
    def left(cls, account_id: int) -> int:
        return db.session.scalar(cls._unused(account_id)) or 0

    @classmethod
    def _unused(cls, account_id: int) -> Select:
        return select(func.count(cls.code_hash)).where(cls.account_id == account_id, cls.used_at.is_(None))

    @classmethod
    def forget(cls, account_id: int) -> None:
        db.session.execute(delete(cls).where(cls.account_id == account_id))
