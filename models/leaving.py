"""Deleting an account: what stands against it, what goes with it, and what stays without a name.

Records of money stay for seven years (article 52 of the Dutch general tax act, AWR), without who paid. A new table that
hangs on the account goes by itself if its foreign key says ON DELETE CASCADE; what is found by an address, or must
outlive the account, is one function in `STEPS`. tests/test_leaving.py looks into every table there is.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, exists, or_, select, update

from models.account import Account, Role
from models.base import db
from models.checkout import LONGEST_CALL
from models.comment import Comment
from models.contribution import Contribution, Correction
from models.gift import GiftOpening
from models.letter import SignInLetter
from models.meter import key_of_account
from models.nobody import new_address
from models.order import Order
from models.outbox import Outbox
from models.own_rows import theirs
from models.patronage import Donation, DonationStatus, Frequency
from models.payment import Payment
from models.stripe_event import StripeEvent


class MayNotLeave(Exception):
    """Why the account cannot be deleted now; worded for its reader."""


LAST_OWNER = "You are the only owner. Make somebody else an owner first: nobody could run the magazine otherwise."
STILL_GIVING = "A gift still repeats. Stop it first: once the account is gone you could not."
STILL_PAYING = (
    "A payment that you began is not settled yet. Finish it or let it go; by itself it ends within the hour, "
    "or when your bank has answered. Then try again."
)


class Leaver(NamedTuple):
    """Who goes, as plain values: the steps outlive the row."""

    account: Account
    nobody: str  # the address of no one that takes the place of theirs
    keeps_words: bool  # whether their replies stay, without a name
    at: datetime


def running_gifts(who: Account) -> list[Donation]:
    """Gifts that will be taken again."""
    repeats = Donation.frequency != Frequency.ONCE, Donation.status == DonationStatus.PAID, Donation.stops_at.is_(None)
    return list(db.session.scalars(select(Donation).where(theirs(Donation, who), *repeats).order_by(Donation.id)))


def hindrance(who: Account, now: datetime) -> str:
    """Why the account cannot go; "" when it can."""
    if _is_last_owner(who):
        return LAST_OWNER
    if running_gifts(who):
        return STILL_GIVING
    return STILL_PAYING if _is_paying(who, now) else ""


def leave(account_id: int, now: datetime, *, keeps_words: bool) -> None:
    """Erase the account, now, in this transaction, and write the letter that says so. Raises MayNotLeave.

    The caller has called `begin_write`, and commits. Payments lock the same rows, so none can begin a gift meanwhile.
    Gone already, by a second click: nothing is left to do.
    """
    _lock_owners()
    who = db.session.get(Account, account_id, with_for_update=True, populate_existing=True)
    if who is None:
        return
    for table in (Donation, Order):
        db.session.scalars(select(table.id).where(theirs(table, who)).with_for_update(of=table)).all()
    if why := hindrance(who, now):
        raise MayNotLeave(why)
    leaver, email = Leaver(who, new_address(), keeps_words, now), who.email
    for step in STEPS:
        step(leaver)
    db.session.flush()
    db.session.execute(delete(Account).where(Account.id == account_id))
    Outbox.post(Outbox.FAREWELL, email)


def _lock_owners() -> None:
    """Of two owners who leave at once, one stays."""
    owners = select(Account.id).where(Account.role == Role.OWNER).order_by(Account.id)
    db.session.scalars(owners.with_for_update()).all()


def _is_last_owner(who: Account) -> bool:
    others = select(Account.id).where(Account.role == Role.OWNER, Account.id != who.id)
    return who.role is Role.OWNER and db.session.scalar(others.limit(1)) is None


def _is_paying(who: Account, now: datetime) -> bool:
    for table in (Donation, Order):
        opened = or_(table.checkout_session.is_not(None), table.created_at > now - LONGEST_CALL)
        if db.session.scalar(select(table.id).where(theirs(table, who), table.status == "pending", opened).limit(1)):
            return True
    return False


# The steps, in the order they are taken: what was paid is found by its gift or order, so before these lose their name.


def payments(leaver: Leaver) -> None:
    gifts = select(Donation.id).where(theirs(Donation, leaver.account))
    orders = select(Order.id).where(theirs(Order, leaver.account))
    own = or_(Payment.donation_id.in_(gifts), Payment.order_id.in_(orders))
    db.session.execute(update(Payment).where(own).values(card=""), execution_options={"synchronize_session": "fetch"})


def gifts_and_orders(leaver: Leaver) -> None:
    for table in (Donation, Order):
        for row in db.session.scalars(select(table).where(theirs(table, leaver.account))):
            row.lose_payer(leaver.nobody)


def replies(leaver: Leaver) -> None:
    """Each loses its name, and its words if they are to go; then it goes too, unless others have answered it."""
    own = select(Comment).where(theirs(Comment, leaver.account)).order_by(Comment.id.desc())  # answers before answered
    for reply in db.session.scalars(own).all():
        if leaver.keeps_words:
            reply.lose_name()
        elif db.session.scalar(select(exists().where(Comment.parent_id == reply.id))):
            reply.lose_name()
            reply.lose_words()
        else:
            db.session.delete(reply)
            db.session.flush()


def letters_to_the_desk(leaver: Leaver) -> None:
    for table in (Contribution, Correction):
        own = update(table).where(theirs(table, leaver.account)).values(name="", email="")
        db.session.execute(own, execution_options={"synchronize_session": "fetch"})


def sign_in_letters(leaver: Leaver) -> None:
    who = leaver.account
    own = SignInLetter.email == who.email if who.email_verified_at else SignInLetter.account_id == who.id
    db.session.execute(delete(SignInLetter).where(own))


def opened_gifts(leaver: Leaver) -> None:
    """Links that they gave work on without a name, until they run out: others were promised a story."""
    GiftOpening.erase(key_of_account(leaver.account.public_id))


def mail(leaver: Leaver) -> None:
    if leaver.account.email_verified_at is None:  # the address may be somebody else's, and so its mail
        return
    Outbox.forget_person(leaver.account.email, leaver.account.name, leaver.nobody, leaver.at)


def events_of_stripe(leaver: Leaver) -> None:
    if leaver.account.email_verified_at is None:
        return
    StripeEvent.forget_person(leaver.account.email)


STEPS: tuple[Callable[[Leaver], None], ...] = (
    payments,
    gifts_and_orders,
    replies,
    letters_to_the_desk,
    sign_in_letters,
    opened_gifts,
    mail,
    events_of_stripe,
)
