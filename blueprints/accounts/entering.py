"""How a person comes in: letters with links, proof of an address, and the session that follows."""

from collections.abc import Callable
from datetime import datetime

from flask import current_app, session, url_for
from flask_login import logout_user
from sqlalchemy.exc import IntegrityError

from blueprints.accounts import devices, limits
from blueprints.filters import SPACE, clock, day
from blueprints.login import account, hash_password, needs_rehash, safe_next, sign_in
from models import Account, Donation, LetterKind, Order, Outbox, SignIn, SignInLetter, begin_write, db, utcnow
from models.account import account_of
from models.letter import LETTER_LIFE

OPENED_AT = {
    LetterKind.SIGN_IN: "letters.open_link",
    LetterKind.RESET: "letters.reset",
    LetterKind.VERIFY: "letters.verify",
}
LONGEST_NEXT = 500  # characters


def onward(path: str | None) -> str:
    """Where to go after coming in: a page of ours, or the account."""
    return (safe_next(path) if len(path or "") <= LONGEST_NEXT else "") or url_for("own.home")


def start_session(who: Account, *, remember: bool = True) -> None:
    """Sign in afresh: nothing of the session before is carried over. Commits.

    A proven address is told of a browser that was never seen with this account.
    """
    before, now, place = account(), utcnow(), devices.place(who.id)
    begin_write()
    if before and before.here:
        SignIn.end(before.id, now, only=before.here.id)
    if who.email_verified_at and SignIn.is_strange(who.id, place):
        Outbox.post("new-device", who.email, browser=place.browser, when=_moment(now))
    who.here = SignIn.begin(who.id, place, now, remembered=remember)
    db.session.commit()
    session.clear()
    sign_in(who, remember=remember)


def end_session(*, everywhere: bool = False) -> None:
    """Sign out here, or everywhere. Commits."""
    who = account()
    if who and who.here:
        begin_write()
        SignIn.end(who.id, utcnow(), only=None if everywhere else who.here.id)
        db.session.commit()
    session.clear()
    logout_user()  # after clear(): it leaves a word in the session to take the remember cookie away


def _moment(at: datetime) -> str:
    """For a letter: 24 November 2026, 07.30 (Europe/Amsterdam)."""
    return f"{day(at)}, {clock(at)} ({current_app.config['TIMEZONE']})".replace(SPACE, " ")


def post_letter(kind: LetterKind, email: str, now: datetime) -> None:
    """Write the letter with its link into the outbox. The caller commits."""
    letter, token = SignInLetter.issue(kind, email, now)
    Outbox.post(kind.value, letter.email, link=_link(kind, token), lasts=_life(kind))


def _link(kind: LetterKind, token: str) -> str:
    return str(current_app.config["SITE_URL"] + url_for(OPENED_AT[kind], token=token))


def _life(kind: LetterKind) -> str:
    life = LETTER_LIFE[kind]
    return f"{life.days} days" if life.days > 1 else f"{int(life.total_seconds()) // 60} minutes"


def prove(who: Account, now: datetime) -> None:
    """The address is theirs, so what was given or bought with it is too. The caller commits."""
    who.verify_email(now)
    Donation.claim(who.email, who.id)
    Order.claim(who.email, who.id)


def register(email: str, name: str, password_hash: str, now: datetime) -> Account | None:
    """A new account and the letter that confirms its address; None when the address has one. Commits."""
    begin_write()
    if Account.by_email(email):
        db.session.commit()
        return None
    who = Account(email=email, name=name, password_hash=password_hash)
    db.session.add(who)
    post_letter(LetterKind.VERIFY, email, now)
    try:
        db.session.commit()
    except IntegrityError:  # on PostgreSQL two may register one address at once
        db.session.rollback()
        return None
    return who


Entered = tuple[Account, str] | None


def post_sign_in_letter(email: str, now: datetime, next_path: str, browser: str) -> None:
    """A letter with a link, and a code to type in the browser that holds this secret. The caller commits.

    Letters sent before keep their own life: a new one asked for by somebody else must not lock the reader out.
    """
    letter, token = SignInLetter.issue(LetterKind.SIGN_IN, email, now, next_path[:LONGEST_NEXT])
    code = letter.give_code(browser)
    Outbox.post("sign-in", letter.email, link=_link(letter.kind, token), lasts=_life(letter.kind), code=code)


def enter_by_letter(token: str, now: datetime, here: int | None) -> Entered:
    """Come in by a letter's link. None when it is spent or old."""
    return _enter(lambda: SignInLetter.spend(token, LetterKind.SIGN_IN, now), now, here)


def enter_by_code(browser: str, code: str, now: datetime, here: int | None) -> Entered:
    """Come in by a letter's code, in the browser that asked for it. None when it is wrong, spent or old."""
    return _enter(lambda: SignInLetter.spend_by_code(browser, code, now), now, here)


def _enter(spend: Callable[[], SignInLetter | None], now: datetime, here: int | None) -> Entered:
    """Spend a sign-in letter: its account, made if there is none, and where to go on.

    `here` is the account this browser is signed in with. Elsewhere, a password that was set before the address was
    proven is dropped with all its sessions: whoever registered with it has not shown that the address is theirs.
    """
    try:
        return _enter_once(spend, now, here)
    except IntegrityError:  # another letter made the account a moment ago (PostgreSQL); now it is there
        db.session.rollback()
        return _enter_once(spend, now, here)


def _enter_once(spend: Callable[[], SignInLetter | None], now: datetime, here: int | None) -> Entered:
    begin_write()
    letter = spend()
    if letter is None:
        db.session.commit()
        return None
    known = Account.by_email(letter.email)
    if known and known.id != here:
        known.drop_unproven_password(now)
    who = known or account_of(letter.email, now)
    prove(who, now)
    db.session.commit()
    return who, letter.next_path


def reset_password(token: str, password_hash: str, now: datetime) -> Account | None:
    """Spend a reset letter on a new password. None when the letter is spent or old. Commits."""
    begin_write()
    letter = SignInLetter.spend(token, LetterKind.RESET, now)
    who = Account.by_email(letter.email) if letter else None
    if who:
        prove(who, now)
        _set_password(who, password_hash, now)
    db.session.commit()
    return who


def change_password(who: Account, password_hash: str, now: datetime) -> None:
    """A new password; every session ends. Commits."""
    begin_write()
    _set_password(who, password_hash, now)
    db.session.commit()


def _set_password(who: Account, password_hash: str, now: datetime) -> None:
    who.set_password_hash(password_hash, now)
    SignInLetter.void(who.email, now)
    Outbox.post("password-changed", who.email)


def verify(token: str, who: Account, now: datetime) -> bool:
    """Spend the letter that confirms the address of the account signed in here. Commits."""
    begin_write()
    letter = SignInLetter.spend(token, LetterKind.VERIFY, now)
    if letter is None or letter.email != who.email:
        db.session.rollback()
        return False
    prove(who, now)
    db.session.commit()
    return True


def pass_the_door(who: Account, password: str, now: datetime) -> None:
    """After a right password: the try does not count, and weaker settings of old give way to ours. Commits."""
    new_hash = hash_password(password) if needs_rehash(who) else None
    begin_write()
    limits.forgive_password(who.email, now)
    if new_hash:
        who.password_hash = new_hash
    db.session.commit()
