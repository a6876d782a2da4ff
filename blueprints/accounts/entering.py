"""How a person comes in: letters with links, proof of an address, and the session that follows."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from flask import current_app, session, url_for
from flask_login import logout_user
from sqlalchemy.exc import IntegrityError

from blueprints.accounts import devices, limits
from blueprints.filters import SPACE, clock, day
from blueprints.login import account, hash_password, needs_rehash, password_matches, safe_next, sign_in
from models import Account, LetterKind, Outbox, SignIn, SignInLetter, begin_write, db, utcnow
from models.letter import LETTER_LIFE
from models.proving import account_of, lock_address, prove

OPENED_AT = {
    LetterKind.SIGN_IN: "letters.open_link",
    LetterKind.RESET: "letters.reset",
    LetterKind.VERIFY: "letters.verify",
    LetterKind.CHANGE: "own.confirm_email",
    LetterKind.BACK: "own.email_back",
}
LONGEST_NEXT = 500  # characters
T = TypeVar("T")


def onward(path: str | None) -> str:
    """Where to go after coming in: a page of ours, or the account."""
    return (safe_next(path) if len(path or "") <= LONGEST_NEXT else "") or url_for("own.home")


def start_session(who: Account, *, remember: bool = True, two_factors: bool = False) -> None:
    """Sign in afresh: nothing of the session before is carried over. Commits.

    A proven address is told of a browser that was never seen with this account.
    """
    before, now, place = account(), utcnow(), devices.place(who.id)
    begin_write()
    if before and before.here:
        SignIn.end(before.here.account_id, now, only=before.here.id)
    if who.email_verified_at and SignIn.is_strange(who.id, place):
        Outbox.post("new-device", who.email, browser=place.browser, when=_moment(now))
    who.here = SignIn.begin(who.id, place, now, remembered=remember, two_factors=two_factors)
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


def post_letter(kind: LetterKind, email: str, now: datetime, *, account_id: int | None = None, name: str = "") -> None:
    """Write the letter with its link into the outbox; `name`: another template than the kind's. The caller commits."""
    letter, token = SignInLetter.issue(kind, email, now, account_id=account_id)
    Outbox.post(name or kind.value, letter.email, link=_link(kind, token), lasts=_life(kind))


def _link(kind: LetterKind, token: str) -> str:
    return str(current_app.config["SITE_URL"] + url_for(OPENED_AT[kind], token=token))


def _life(kind: LetterKind) -> str:
    life = LETTER_LIFE[kind]
    return f"{life.days} days" if life.days > 1 else f"{int(life.total_seconds()) // 60} minutes"


def post_verify_letter(who: Account, now: datetime) -> None:
    """The letter that proves the address of this account. The caller commits.

    When the address has a proven account, the letter says so and how to sign in; the pages never do.
    """
    name = "verify-known" if Account.by_email(who.email) else ""
    post_letter(LetterKind.VERIFY, who.email, now, account_id=who.id, name=name)


def register(email: str, name: str, password_hash: str, now: datetime) -> Account:
    """A new account, whatever others name this address, and the letter that proves it. Commits."""
    begin_write()
    who = Account(email=email, name=name, password_hash=password_hash)
    db.session.add(who)
    db.session.flush()
    post_verify_letter(who, now)
    db.session.commit()
    return who


def by_password(email: str, password: str) -> Account | None:
    """The account with the proven address, or the last one registered with it. Always verifies two passwords."""
    candidates = Account.by_email(email), Account.newest_unproven(email)
    fits = [password_matches(candidate, password) for candidate in candidates]
    return next((candidate for candidate, right in zip(candidates, fits, strict=True) if right), None)


Entered = tuple[Account, str] | None


def post_sign_in_letter(email: str, now: datetime, next_path: str, browser: str) -> None:
    """A letter with a link, and a code to type in the browser that holds this secret. The caller commits.

    Letters sent before keep their own life: a new one asked for by somebody else must not lock the reader out.
    """
    letter, token = SignInLetter.issue(LetterKind.SIGN_IN, email, now, next_path=next_path[:LONGEST_NEXT])
    code = letter.give_code(browser)
    Outbox.post("sign-in", letter.email, link=_link(letter.kind, token), lasts=_life(letter.kind), code=code)


def enter_by_letter(token: str, now: datetime, here: int | None) -> Entered:
    """Come in by a letter's link. None when it is spent or old."""
    return _enter(lambda: SignInLetter.spend(token, LetterKind.SIGN_IN, now), now, here)


def enter_by_code(browser: str, code: str, now: datetime, here: int | None) -> Entered:
    """Come in by a letter's code, in the browser that asked for it. None when it is wrong, spent or old."""
    return _enter(lambda: SignInLetter.spend_by_code(browser, code, now), now, here)


def _enter(spend: Callable[[], SignInLetter | None], now: datetime, here: int | None) -> Entered:
    """Spend a sign-in letter: its account, made if there is none, and where to go on. Commits.

    `here` is the account this browser is signed in with. When it was registered here with that address, it is the one
    that is proven, with its password. Any other that names the address may be a stranger's, and goes.
    """

    def once() -> Entered:
        letter = spend()
        return (_owner(letter.email, now, here), letter.next_path) if letter else None

    return write(once)


def _owner(email: str, now: datetime, here: int | None) -> Account:
    lock_address(email)
    own = db.session.get(Account, here, populate_existing=True) if here else None
    return prove(own, now) if own and own.email == email else account_of(email, now)


def write(once: Callable[[], T]) -> T:
    """Do it in a transaction; once more when another proved the same address at that moment (PostgreSQL). Commits."""
    for last in (False, True):
        begin_write()
        try:
            done = once()
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            if last:
                raise
        else:
            return done
    raise AssertionError("unreachable")


def reset_password(token: str, password_hash: str, now: datetime, here: int | None) -> Account | None:
    """Spend a reset letter on a new password. None when the letter is spent or old. Commits."""

    def once() -> Account | None:
        letter = SignInLetter.spend(token, LetterKind.RESET, now)
        who = _owner(letter.email, now, here) if letter else None
        if who:
            _set_password(who, password_hash, now)
        return who

    return write(once)


def change_password(who: Account, password_hash: str, now: datetime) -> None:
    """A new password; every session ends. Commits."""
    begin_write()
    _set_password(who, password_hash, now)
    db.session.commit()


def _set_password(who: Account, password_hash: str, now: datetime) -> None:
    who.set_password_hash(password_hash, now)
    SignInLetter.void(who.email, who.id, now)
    Outbox.post("password-changed", who.email)


def verify(token: str, here: int, now: datetime) -> Account | None:
    """Spend the letter that proves the address of the account signed in here: the account it has from now on.

    None when the letter is spent, old or another account's. Commits.
    """

    def once() -> Account | None:
        letter = SignInLetter.find(token, LetterKind.VERIFY, now)
        if letter is None or letter.account_id != here:
            return None
        lock_address(letter.email)
        who = db.session.get(Account, here, populate_existing=True)
        if who is None or who.email != letter.email:
            return None
        return prove(who, now) if SignInLetter.spend(token, LetterKind.VERIFY, now) else None

    return write(once)


def pass_the_door(who: Account, password: str, now: datetime) -> None:
    """After a right password: the try does not count, and weaker settings of old give way to ours. Commits."""
    new_hash = hash_password(password) if needs_rehash(who) else None
    begin_write()
    limits.forgive_password(who.email, now)
    if new_hash:
        who.password_hash = new_hash
    db.session.commit()
