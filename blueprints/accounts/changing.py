"""Another address for an account: it is changed by a letter to the new one, and for a week the old one can undo it."""

from datetime import datetime

from blueprints.accounts.entering import post_letter, write
from models import Account, LetterKind, Outbox, Passkey, SecondFactor, SignIn, SignInLetter, begin_write, db
from models.letter import LETTER_LIFE
from models.proving import lock_address, merge, prove


def ask(who: Account, email: str, now: datetime) -> None:
    """Write to the new address. When it is somebody's already only that letter says so, not the page. Commits."""
    begin_write()
    if Account.by_email(email):
        Outbox.post("change-email-taken", email)
    else:
        post_letter(LetterKind.CHANGE, email, now, account_id=who.id)
    db.session.commit()


def confirm(token: str, account_id: int, now: datetime) -> Account | None:
    """Spend the letter: the address is this account's from now on. None when it is spent, old or not theirs. Commits.

    What was given or bought under the new address follows. Stripe is not told: receipts of gifts that run keep going
    to the address they were given with.
    """

    def once() -> Account | None:
        letter = SignInLetter.find(token, LetterKind.CHANGE, now)
        if letter is None or letter.account_id != account_id:
            return None
        lock_address(letter.email)
        who = db.session.get(Account, account_id, populate_existing=True, with_for_update=True)
        if who is None or Account.by_email(letter.email) or not SignInLetter.spend(token, LetterKind.CHANGE, now):
            return None
        before = who.email
        SignInLetter.void(before, who.id, now)
        if who.email_verified_at:
            post_letter(LetterKind.BACK, before, now, account_id=who.id)
        who.email, who.email_verified_at = letter.email, now
        return prove(who, now)

    return write(once)


def take_back(token: str, now: datetime) -> str:
    """Undo a change: the old address is theirs again, and nobody is signed in. Returns a token to set a password with.

    "" when the letter is spent or old. Whoever changed the address may know the password, so it is dropped, and so are
    keys and a second factor added in the week before or since. An account that the old address has got since is the
    same reader's, and goes into this one. Commits.
    """

    def once() -> str:
        letter = SignInLetter.find(token, LetterKind.BACK, now)
        if letter is None or letter.account_id is None:
            return ""
        lock_address(letter.email)
        who = db.session.get(Account, letter.account_id, populate_existing=True, with_for_update=True)
        since = Account.by_email(letter.email)
        if who is None or (since and since.is_staff) or not SignInLetter.spend(token, LetterKind.BACK, now):
            return ""
        if since and since.id != who.id:
            merge(since, who)
        SignInLetter.void(who.email, who.id, now)
        letter.void_later_ways_back(now)
        SignIn.end(who.id, now)
        lately = letter.created_at - LETTER_LIFE[LetterKind.BACK]
        Passkey.forget(who.id, lately)
        SecondFactor.forget_since(who.id, lately)
        who.email, who.password_hash = letter.email, None
        prove(who, now)
        _, reset = SignInLetter.issue(LetterKind.RESET, who.email, now)
        return reset

    return write(once)
