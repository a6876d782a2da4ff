"""What we keep of a reader, part by part, as they may take it with them. Reads rows, changes none.

A new table is one function here, and its name in `PARTS`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from blueprints import metering
from models import (
    Account,
    Article,
    Comment,
    Contribution,
    Correction,
    Donation,
    GiftLink,
    GiftOpening,
    Institution,
    Order,
    Outbox,
    Passkey,
    Payment,
    PrivateFeed,
    ReadStory,
    RecoveryCode,
    SavedStory,
    Seat,
    SecondFactor,
    SignIn,
    SignInLetter,
    db,
    utcnow,
)
from models.contribution import CorrectionState
from models.money import Money, major
from models.own_rows import theirs
from models.plain import plain
from models.presenting import may_read

Row = dict[str, Any]


class Part(NamedTuple):
    """One file: its name without ending, a sentence that says what it is, and its rows."""

    name: str
    says: str
    rows: list[Row]


def account(who: Account) -> Part:
    row = {"email": who.email, "name": who.name, "role": who.role, "id": who.public_id, "joined_at": who.created_at}
    row |= {"email_confirmed_at": who.email_verified_at, "has_password": who.password_hash is not None}
    return Part("account", "Who you are to us. A password is kept only as a hash, which is of no use to you.", [row])


def sign_ins(who: Account) -> Part:
    rows = [
        {"browser": row.browser, "began_at": row.began_at, "last_seen_at": row.seen_at, "stays": row.remembered}
        | {"ends_at": row.expires_at, "ended_at": row.ended_at}
        for row in _rows(select(SignIn).where(SignIn.account_id == who.id).order_by(SignIn.began_at))
    ]
    return Part("sign-ins", "Where you are and were signed in. Networks are kept as keyed hashes only.", rows)


def passkeys(who: Account) -> Part:
    rows = [
        {"name": row.name, "added_at": row.created_at, "last_used_at": row.last_used_at, "shared": row.is_synced}
        | {"credential": row.credential_id, "times_signed": row.sign_count}
        for row in Passkey.of(who.id)
    ]
    return Part("passkeys", "Your passkeys: the public half of each. What signs never leaves your device.", rows)


def second_factor(who: Account) -> Part:
    factor = SecondFactor.of(who.id)
    is_on = SecondFactor.is_on(who.id)
    row: Row = {"on": is_on, "on_since": factor.turned_on_at if factor and is_on else None}
    row |= {"recovery_codes_left": RecoveryCode.left(who.id)}
    return Part("second-factor", "Whether an app is asked for. Its secret is sealed, and the codes are hashes.", [row])


def sign_in_letters(who: Account) -> Part:
    own = SignInLetter.email == who.email if who.email_verified_at else SignInLetter.account_id == who.id
    found = _rows(select(SignInLetter).where(own).order_by(SignInLetter.created_at))
    rows = [
        {"kind": row.kind, "asked_at": row.created_at, "ends_at": row.expires_at, "used_at": row.used_at}
        for row in found
    ]
    return Part("sign-in-letters", "Letters with a link that were asked for with your address.", rows)


def mail(who: Account) -> Part:
    """Of an address that nobody proved nothing: it may be somebody else's, and so its mail."""
    sent = select(Outbox).where(Outbox.recipient == who.email).order_by(Outbox.created_at)
    found = _rows(sent) if who.email_verified_at else []
    rows = [{"letter": row.letter, "written_at": row.created_at, "sent_at": row.done_at} for row in found]
    return Part("mail", "Letters we wrote to you: which and when. Their words are not kept once they are sent.", rows)


def saved_stories(who: Account) -> Part:
    rows = [_story(row) | {"saved_at": row.saved_at} for row in _kept(SavedStory, who)]
    return Part("saved-stories", "Stories you saved for later.", rows)


def read_stories(who: Account) -> Part:
    rows = [_story(row) | {"last_read_at": row.read_at} for row in _kept(ReadStory, who)]
    return Part("read-stories", "Stories you opened while signed in, and when last.", rows)


def meter(who: Account) -> Part:
    """Raises LedgerAway."""
    found = metering.ledger().record(metering.key_of(who))
    named = select(Article).where(Article.id.in_({reading.article_id for reading in found}))
    titles = {article.id: article.title for article in _rows(named)}
    rows = [
        {"period": reading.period, "story": titles.get(reading.article_id or 0, ""), "opened_at": reading.at}
        for reading in found
    ]
    return Part("meter", "Stories that counted towards your free ones, in each period that is still kept.", rows)


def comments(who: Account) -> Part:
    found = select(Comment).where(theirs(Comment, who)).options(joinedload(Comment.article))
    rows = [
        _story(row)
        | {"number": row.id, "answers_number": row.parent_id, "written_at": row.written_at, "state": row.state}
        | {"name": row.name, "email": row.email, "website": row.url, "words": row.source or plain(row.words)}
        for row in _rows(found.order_by(Comment.written_at, Comment.id))
    ]
    return Part("replies", "Replies you wrote under stories, with the names and addresses you gave.", rows)


def contributions(who: Account) -> Part:
    found = select(Contribution).where(theirs(Contribution, who)).order_by(Contribution.sent_at)
    rows = [
        {"kind": row.kind, "sent_at": row.sent_at, "state": row.state, "name": row.name, "email": row.email}
        | {"subject": row.subject, "words": row.body}
        for row in _rows(found)
    ]
    return Part("contributions", "Tips and pitches you sent to the desk.", rows)


def corrections(who: Account) -> Part:
    found = select(Correction).where(theirs(Correction, who)).options(joinedload(Correction.article))
    rows = [
        _story(row)
        | {"sent_at": row.sent_at, "state": row.state, "name": row.name, "email": row.email, "words": row.body}
        | {"note": row.note if _is_shown(row) else "", "noted_at": row.noted_at}
        for row in _rows(found.order_by(Correction.sent_at))
    ]
    says = "Mistakes you told us of, and what the desk wrote under the story where you can read it."
    return Part("corrections", says, rows)


def _is_shown(row: Correction) -> bool:
    """Whether the note stands under the story for this reader: it may quote what is closed to others."""
    if row.state is not CorrectionState.ACCEPTED:
        return False
    return may_read(row.article, metering.viewer(row.article, utcnow()))


def gifts(who: Account) -> Part:
    rows = [
        {"id": row.public_id, "rhythm": row.frequency, **_sum(row.amount), "status": row.status, "email": row.email}
        | {"begun_at": row.created_at, "paid_at": row.paid_at, "stops_at": row.stops_at}
        | {"patron_until": row.patron_until, "stripe_customer": row.customer, "stripe_subscription": row.subscription}
        for row in _rows(select(Donation).where(theirs(Donation, who)).order_by(Donation.created_at))
    ]
    return Part("gifts", "Gifts you began, whether or not they were paid.", rows)


def orders(who: Account) -> Part:
    rows = [
        {"id": row.public_id, "title": row.title, **_sum(row.total), "status": row.status, "email": row.email}
        | {"list_price": major(row.list_price), "saving": major(row.saving), "code": row.code_text}
        | {"ordered_at": row.created_at, "paid_at": row.paid_at, "file_asked_for_at": row.consent_at}
        | {"downloads": row.downloads, "address": _address(f"/orders/{row.public_id}")}
        for row in _rows(select(Order).where(theirs(Order, who)).order_by(Order.created_at))
    ]
    return Part("orders", "What you ordered. The address of each leads to its page and file.", rows)


def payments(who: Account) -> Part:
    own = or_(
        Payment.donation_id.in_(select(Donation.id).where(theirs(Donation, who))),
        Payment.order_id.in_(select(Order.id).where(theirs(Order, who))),
    )
    rows = [
        {"receipt": row.receipt_number, "kind": row.kind, "moved_at": row.moved_at, **_sum(row.amount)}
        | {"card": row.card, "stripe_id": row.stripe_id, "stripe_payment": row.payment_intent}
        | {"address": _address(f"/account/receipts/{row.public_id}") if row.donation_id else ""}
        for row in _rows(select(Payment).where(own).order_by(Payment.moved_at, Payment.id))
    ]
    return Part("payments", "Money that moved, with the number of each receipt; what we gave back is negative.", rows)


def seats(who: Account) -> Part:
    found = select(Seat, Institution.name).join(Institution, Institution.id == Seat.institution_id)
    rows = [
        {"institution": name, "taken_at": seat.taken_at, "last_used_at": seat.last_used_at}
        for seat, name in db.session.execute(found.where(Seat.account_id == who.id).order_by(Seat.taken_at))
    ]
    return Part("seats", "Seats that a library or newsroom bought and that you took.", rows)


def gift_links(who: Account) -> Part:
    found = select(GiftLink).where(GiftLink.giver_id == who.id).options(joinedload(GiftLink.article))
    rows = [
        _story(row)
        | {"kind": row.kind, "with_your_name": row.is_named, "note": row.note, "made_at": row.created_at}
        | {"ends_at": row.expires_at, "taken_back_at": row.revoked_at, "most_readers": row.most, "readers": row.uses}
        for row in _rows(found.order_by(GiftLink.created_at))
    ]
    return Part("gift-links", "Links by which you gave stories. Who opened them is not told to anybody.", rows)


def opened_gifts(who: Account) -> Part:
    rows = [_story(row.gift) | {"opened_at": row.at} for row in GiftOpening.of(metering.key_of(who))]
    return Part("opened-gifts", "Stories that you opened by somebody's gift link.", rows)


def private_feeds(who: Account) -> Part:
    found = select(PrivateFeed).where(PrivateFeed.account_id == who.id).order_by(PrivateFeed.created_at)
    rows = [{"made_at": row.created_at, "taken_back_at": row.revoked_at} for row in _rows(found)]
    return Part("private-feeds", "Addresses of a feed of your own. Only their hashes are kept.", rows)


PARTS: tuple[Callable[[Account], Part], ...] = (
    account,
    sign_ins,
    passkeys,
    second_factor,
    sign_in_letters,
    mail,
    saved_stories,
    read_stories,
    meter,
    comments,
    contributions,
    corrections,
    gifts,
    orders,
    payments,
    seats,
    gift_links,
    opened_gifts,
    private_feeds,
)


def parts_of(who: Account) -> list[Part]:
    """Raises LedgerAway when the meter cannot be asked."""
    return [part(who) for part in PARTS]


def _rows(query: Select[Any]) -> list[Any]:
    return list(db.session.scalars(query))


def _kept(table: type[Any], who: Account) -> list[Any]:
    return _rows(select(table).where(table.account_id == who.id).options(joinedload(table.article)))


def _story(row: Any) -> Row:
    return {"story": row.article.title, "story_address": _address(f"/articles/{row.article.slug}")}


def _sum(money: Money) -> Row:
    return {"amount": major(money), "currency": money.currency}


def _address(path: str) -> str:
    return f"{current_app.config['SITE_URL']}{path}"
