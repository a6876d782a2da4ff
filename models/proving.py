"""Whose an address is. It counts as somebody's only once they have opened a letter that was sent there.

Until then any number of accounts may name it, for anybody can type it: they have no rights by it, and go when one of
them, or another, is proven.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update

from models.account import Account, normal_email
from models.base import db
from models.comment import Comment
from models.order import Order
from models.patronage import Donation
from models.reading import ReadStory, SavedStory

UNPROVEN_FOR = timedelta(days=30)  # from registering; then the account goes


def merge(from_: Account, to: Account) -> None:
    """Move what one account kept into another of the same person's, and remove it. The caller commits.

    How one signs in is not moved: password, passkeys and sessions of `from_` go with it.
    """
    for kept in (SavedStory, ReadStory):
        has = select(kept.article_id).where(kept.account_id == to.id)
        theirs = update(kept).where(kept.account_id == from_.id, kept.article_id.not_in(has.scalar_subquery()))
        db.session.execute(theirs.values(account_id=to.id), execution_options={"synchronize_session": False})
    for owned in (Donation, Order, Comment):
        db.session.execute(update(owned).where(owned.account_id == from_.id).values(account_id=to.id))
    to.name = to.name or from_.name
    _remove(Account.id == from_.id)


def lock_address(email: str) -> None:
    """Let nobody else prove this address until this transaction ends. Before anything of its accounts is changed."""
    named = select(Account.id).where(Account.email == normal_email(email)).order_by(Account.id)
    db.session.scalars(named.with_for_update()).all()


def prove(account: Account, now: datetime) -> Account:
    """The address is theirs: what was given or bought with it is too. Returns the account that has it from now on.

    That is another one when the address had a proven account before: what this one kept is moved there. Raises
    IntegrityError when a third is proven at the same moment; a second try then finds it. The caller commits.
    """
    db.session.flush()
    lock_address(account.email)
    holder = Account.by_email(account.email)
    if holder is not None and holder.id != account.id:
        merge(account, holder)
        account = holder
    account.email_verified_at = account.email_verified_at or now
    db.session.flush()
    drop_unproven(account.email)
    Donation.claim(account.email, account.id)
    Order.claim(account.email, account.id)
    return account


def account_of(email: str, now: datetime) -> Account:
    """The proven account with this address, made if there is none: who opens a link sent there owns it."""
    lock_address(email)
    account = Account.by_email(email)
    if account is None:
        account = Account(email=normal_email(email), name="")
        db.session.add(account)
    return prove(account, now)


def drop_unproven(email: str) -> None:
    """Remove the accounts that only say that this address is theirs. The caller commits."""
    _remove((Account.email == normal_email(email)) & Account.email_verified_at.is_(None))


def drop_old_unproven(now: datetime) -> None:
    """Remove accounts whose address nobody has proven in time. The caller commits."""
    _remove((Account.created_at < now - UNPROVEN_FOR) & Account.email_verified_at.is_(None))


def _remove(which: ColumnElement[bool]) -> None:
    """Their money stays in the books, tied to its address alone, and so do their replies."""
    gone = select(Account.id).where(which).scalar_subquery()
    for owned in (Donation, Order):
        db.session.execute(
            update(owned).where(owned.account_id.in_(gone)).values(account_id=None),
            execution_options={"synchronize_session": False},
        )
    db.session.execute(delete(Account).where(which), execution_options={"synchronize_session": "fetch"})
