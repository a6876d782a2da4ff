"""Who can sign in."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import ShortEnum, db, new_public_id, utcnow
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

    PROVEN = text("email_verified_at IS NOT NULL")
    __table_args__ = (
        Index("uq_account_email_proven", "email", unique=True, sqlite_where=PROVEN, postgresql_where=PROVEN),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    email: Mapped[str] = mapped_column(index=True)  # as normal_email gives it; theirs only once it is proven
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

    @classmethod
    def by_email(cls, email: str) -> "Account | None":
        """The one account whose address this is proven to be."""
        return db.session.scalar(
            select(cls).where(cls.email == normal_email(email), cls.email_verified_at.is_not(None))
        )

    @classmethod
    def proven(cls, emails: set[str]) -> list["Account"]:
        """Those whose addresses these are."""
        return list(db.session.scalars(select(cls).where(cls.email.in_(emails), cls.email_verified_at.is_not(None))))

    @classmethod
    def newest_unproven(cls, email: str) -> "Account | None":
        """The last that was registered with this address and has not proven it."""
        named = select(cls).where(cls.email == normal_email(email), cls.email_verified_at.is_(None))
        return db.session.scalar(named.order_by(cls.id.desc()).limit(1))

    @classmethod
    def staff(cls) -> list["Account"]:
        """Who works here, by name."""
        return list(db.session.scalars(select(cls).where(cls.role.in_(STAFF)).order_by(cls.name, cls.email)))

    @classmethod
    def by_public_id(cls, public_id: str) -> "Account | None":
        return db.session.scalar(select(cls).where(cls.public_id == public_id))

    @classmethod
    def by_session_id(cls, secret: str, now: datetime) -> "Account | None":
        """The account whose live sign-in has this secret, with that sign-in as `here`: one query."""
        known = (SignIn.id, SignIn.began_at, SignIn.seen_at, SignIn.proved_at, SignIn.two_factors)
        theirs = select(cls, *known).join(SignIn, SignIn.account_id == cls.id)
        found = db.session.execute(theirs.where(SignIn.secret_hash == SignIn.hash(secret), SignIn.is_live(now))).first()
        if found is None:
            return None
        account, number, began_at, seen_at, proved_at, two_factors = found
        account.here = Here(number, account.id, secret, began_at, seen_at, proved_at, two_factors)
        return account  # type: ignore[no-any-return]
