"""Who can sign in, the letters that let them, and how often one may try."""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from models.base import ShortEnum, db, new_public_id, utcnow
from models.metering import Viewer
from models.sign_in import Here, SignIn


class Role(StrEnum):
    READER = "reader"
    AUTHOR = "author"
    EDITOR = "editor"
    OWNER = "owner"


STAFF = frozenset({Role.AUTHOR, Role.EDITOR, Role.OWNER})
EDITORS = frozenset({Role.EDITOR, Role.OWNER})


def normal_email(typed: str) -> str:
    """One spelling for one address: trimmed and in lower case."""
    return typed.strip().lower()


class Account(db.Model):
    """A person who can sign in. Without `password_hash` only by a link sent to the address."""

    is_authenticated = is_active = True  # these and get_id() are what Flask-Login asks of a user
    is_anonymous = False
    here = None  # type: Here | None  # the sign-in that named it in this request; not annotated, for it is no column

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    email: Mapped[str] = mapped_column(unique=True)  # as normal_email gives it
    name: Mapped[str] = mapped_column(default="")
    password_hash: Mapped[str | None]
    role: Mapped[Role] = mapped_column(ShortEnum(Role), default=Role.READER)
    email_verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    def get_id(self) -> str:
        """What the session and the remember cookie keep: the secret of one sign-in."""
        if self.here is None:
            raise ValueError("This account did not come by a sign-in.")
        return self.here.secret

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF

    @property
    def is_editor(self) -> bool:
        return self.role in EDITORS

    def set_password_hash(self, password_hash: str, now: datetime) -> None:
        """Change the password and end every session, this one too."""
        self.password_hash = password_hash
        SignIn.end(self.id, now)

    def drop_unproven_password(self, now: datetime) -> None:
        """Forget a password set before the address was proven: somebody else may have registered with it."""
        if self.email_verified_at is None and self.password_hash is not None:
            self.password_hash = None
            SignIn.end(self.id, now)

    def verify_email(self, at: datetime) -> None:
        self.email_verified_at = self.email_verified_at or at

    def viewer(self, is_patron: bool) -> Viewer:
        return Viewer(is_signed_in=True, is_patron=is_patron, is_staff=self.is_staff)

    @classmethod
    def by_email(cls, email: str) -> "Account | None":
        return db.session.scalar(select(cls).where(cls.email == normal_email(email)))

    @classmethod
    def by_session_id(cls, secret: str, now: datetime) -> "Account | None":
        """The account whose live sign-in has this secret, with that sign-in as `here`: one query."""
        theirs = select(cls, SignIn.id, SignIn.began_at, SignIn.seen_at).join(SignIn, SignIn.account_id == cls.id)
        found = db.session.execute(theirs.where(SignIn.secret_hash == SignIn.hash(secret), SignIn.is_live(now))).first()
        if found is None:
            return None
        account, number, began_at, seen_at = found
        account.here = Here(number, secret, began_at, seen_at)
        return account  # type: ignore[no-any-return]


class LetterKind(StrEnum):
    SIGN_IN = "sign-in"
    RESET = "reset"
    VERIFY = "verify"


LETTER_LIFE = {
    LetterKind.SIGN_IN: timedelta(minutes=15),
    LetterKind.RESET: timedelta(minutes=60),
    LetterKind.VERIFY: timedelta(days=3),
}


class SignInLetter(db.Model):
    """A single-use secret sent by mail. Only its hash is kept."""

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[LetterKind] = mapped_column(ShortEnum(LetterKind))
    email: Mapped[str] = mapped_column(index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    next_path: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    @staticmethod
    def hash(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def issue(cls, kind: LetterKind, email: str, now: datetime, next_path: str = "") -> tuple["SignInLetter", str]:
        """A new letter and the token that goes into its link; the token is not kept anywhere."""
        token = secrets.token_urlsafe(24)
        letter = cls(
            kind=kind,
            email=normal_email(email),
            token_hash=cls.hash(token),
            next_path=next_path,
            created_at=now,
            expires_at=now + LETTER_LIFE[kind],
        )
        db.session.add(letter)
        return letter, token

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
    def void(cls, email: str, now: datetime) -> None:
        """Links sent before a change of password open nothing any more."""
        sent = update(cls).where(cls.email == normal_email(email), cls.kind != LetterKind.VERIFY)
        db.session.execute(sent.where(cls.used_at.is_(None)).values(used_at=now))


class Attempts(db.Model):
    """How often something was tried in a window of time; kept in the database, so it holds across processes."""

    bucket: Mapped[str] = mapped_column(primary_key=True)  # what and who, the who hashed
    window: Mapped[datetime] = mapped_column(primary_key=True)  # its start
    count: Mapped[int] = mapped_column(default=0)

    @staticmethod
    def window_start(now: datetime, per: timedelta) -> datetime:
        seconds = int(per.total_seconds())
        return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=now.tzinfo)

    @classmethod
    def add(cls, bucket: str, now: datetime, per: timedelta) -> int:
        """Count one more try and return how many there were in this window. The caller commits."""
        start = cls._start(now, per)
        insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
        statement = insert(cls).values(bucket=bucket, window=start, count=1)
        statement = statement.on_conflict_do_update(
            index_elements=[cls.bucket, cls.window], set_={"count": cls.count + 1}
        )
        return db.session.execute(statement.returning(cls.count)).scalar_one()

    @classmethod
    def so_far(cls, bucket: str, now: datetime, per: timedelta) -> int:
        """How many tries there were in this window."""
        window = cls._start(now, per)
        return db.session.scalar(select(cls.count).where(cls.bucket == bucket, cls.window == window)) or 0

    @staticmethod
    def _start(now: datetime, per: timedelta) -> datetime:
        seconds = int(per.total_seconds())
        return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=now.tzinfo)

    @classmethod
    def take_back(cls, bucket: str, now: datetime, per: timedelta) -> None:
        """Uncount one try that turned out well; `now` as it was given to `add`."""
        counted = update(cls).where(cls.bucket == bucket, cls.window == cls.window_start(now, per), cls.count > 0)
        db.session.execute(counted.values(count=cls.count - 1))

    @classmethod
    def forget(cls, before: datetime) -> None:
        """Drop old windows; the worker does so now and then."""
        db.session.execute(db.delete(cls).where(cls.window < before))


def account_of(email: str, now: datetime) -> Account:
    """The account with this address, made if there is none: who opens a link sent there owns it."""
    account = Account.by_email(email)
    if account is None:
        account = Account(email=normal_email(email), name="")
        db.session.add(account)
    account.verify_email(now)
    db.session.flush()
    return account
