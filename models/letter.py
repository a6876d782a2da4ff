"""Letters that let somebody in, set a password, or prove an address: each a secret that works once."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, and_, delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.account import normal_email
from models.base import ShortEnum, db, utcnow


class LetterKind(StrEnum):
    SIGN_IN = "sign-in"
    RESET = "reset"
    VERIFY = "verify"
    CHANGE = "change-email"  # to the new address
    BACK = "email-changed"  # to the address before


LETTER_LIFE = {
    LetterKind.SIGN_IN: timedelta(minutes=15),
    LetterKind.RESET: timedelta(minutes=60),
    LetterKind.VERIFY: timedelta(days=3),
    LetterKind.CHANGE: timedelta(minutes=60),
    LetterKind.BACK: timedelta(days=7),
}


MOST_TRIES = 5  # of a letter's code: guessing right is one in 200,000


class SignInLetter(db.Model):
    """A single-use secret sent by mail, and perhaps a code to type where it was asked for. Only hashes are kept."""

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[LetterKind] = mapped_column(ShortEnum(LetterKind))
    email: Mapped[str] = mapped_column(index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    next_path: Mapped[str] = mapped_column(default="")
    browser_hash: Mapped[str] = mapped_column(default="", index=True)  # of the secret in the browser that asked
    code_hash: Mapped[str] = mapped_column(default="")  # with that secret, so that the table alone gives no code away
    code_tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    @staticmethod
    def hash(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def issue(
        cls, kind: LetterKind, email: str, now: datetime, *, next_path: str = "", account_id: int | None = None
    ) -> tuple["SignInLetter", str]:
        """A new letter and the token that goes into its link; the token is not kept anywhere.

        `account_id`: the account it was written for, when no other may use it.
        """
        token = secrets.token_urlsafe(24)
        letter = cls(
            kind=kind,
            email=normal_email(email),
            token_hash=cls.hash(token),
            account_id=account_id,
            next_path=next_path,
            created_at=now,
            expires_at=now + LETTER_LIFE[kind],
        )
        db.session.add(letter)
        return letter, token

    def give_code(self, browser: str) -> str:
        """A code of six digits that opens this letter in the browser that holds this secret. Kept nowhere."""
        code = f"{secrets.randbelow(10**6):06}"
        self.browser_hash, self.code_hash = self.hash(browser), self.hash(f"{browser}:{code}")
        return code

    @classmethod
    def find(cls, token: str, kind: LetterKind, now: datetime) -> "SignInLetter | None":
        """The live letter with this token. Looking spends nothing: mail scanners open links too."""
        letter = db.session.scalar(select(cls).where(cls.token_hash == cls.hash(token), cls.kind == kind))
        return letter if letter and letter.used_at is None and now < letter.expires_at else None

    @classmethod
    def spend(cls, token: str, kind: LetterKind, now: datetime) -> "SignInLetter | None":
        """Use the letter up, once: of two at the same time only one gets it."""
        return db.session.scalar(
            update(cls)
            .where(cls.token_hash == cls.hash(token), cls.kind == kind, cls.used_at.is_(None), cls.expires_at > now)
            .values(used_at=now)
            .returning(cls)
        )

    @classmethod
    def spend_by_code(cls, browser: str, code: str, now: datetime) -> "SignInLetter | None":
        """Use up the letter that this browser asked for and this code is of. A wrong code counts on all it asked for.

        Right or wrong, the caller commits: a try that is rolled back would not have counted.
        """
        live = cls.used_at.is_(None), cls.expires_at > now
        asked = update(cls).where(cls.browser_hash == cls.hash(browser), cls.code_tries < MOST_TRIES, *live)
        tried = db.session.execute(asked.values(code_tries=cls.code_tries + 1).returning(cls.id, cls.code_hash))
        wanted = cls.hash(f"{browser}:{code}")
        found = [number for number, kept in tried if hmac.compare_digest(kept, wanted)]
        return db.session.scalar(update(cls).where(cls.id.in_(found), *live).values(used_at=now).returning(cls))

    @classmethod
    def forget(cls, before: datetime) -> None:
        """Drop letters that were over by then; the worker does so now and then."""
        db.session.execute(delete(cls).where(cls.expires_at < before))

    @classmethod
    def void(cls, email: str, account_id: int, now: datetime) -> None:
        """Links sent before a change of password or address let nobody in, and change nothing, any more."""
        in_ = and_(cls.email == normal_email(email), cls.kind.in_([LetterKind.SIGN_IN, LetterKind.RESET]))
        change = and_(cls.account_id == account_id, cls.kind == LetterKind.CHANGE)
        db.session.execute(update(cls).where(or_(in_, change), cls.used_at.is_(None)).values(used_at=now))

    def void_later_ways_back(self, now: datetime) -> None:
        """Of several changes, the way back from the first undoes the later ones: theirs must not undo it again."""
        cls = SignInLetter
        later = update(cls).where(cls.account_id == self.account_id, cls.kind == LetterKind.BACK, cls.id > self.id)
        db.session.execute(later.where(cls.used_at.is_(None)).values(used_at=now))
