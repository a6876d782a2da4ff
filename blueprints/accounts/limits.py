"""How often one may try a password, or ask for a letter."""

import math
from datetime import datetime, timedelta

from werkzeug.exceptions import TooManyRequests

from blueprints.limits import DAY, HOUR, QUARTER, Limit, count, when
from blueprints.security import bucket, network
from models import Account, Attempts, begin_write, db
from models.account import normal_email

PASSWORD_BY_EMAIL = Limit("password-by-email", 10, QUARTER)
PASSWORD_BY_ADDRESS = Limit("password-by-address", 50, QUARTER)
REGISTER_BY_ADDRESS = Limit("register-by-address", 50, QUARTER)
LETTER_BY_EMAIL = Limit("letter-by-email", 5, HOUR)
LETTER_BY_ADDRESS = Limit("letter-by-address", 50, HOUR)
CODE_BY_ADDRESS = Limit("code-by-address", 50, QUARTER)
EXPORT_BY_ACCOUNT = Limit("export-by-account", 5, HOUR)
# Three of a million codes fit at any moment: in a day of guessing, one chance in fourteen thousand.
CODE_BY_ACCOUNT = Limit("code-by-account", 6, QUARTER)
CODE_BY_ACCOUNT_A_DAY = Limit("code-by-account-a-day", 24, DAY)
RECOVERY_BY_ACCOUNT = Limit("recovery-by-account", 6, QUARTER)
PASSKEY_BY_ADDRESS = Limit("passkey-by-address", 50, QUARTER)


def count_password(email: str, now: datetime) -> None:
    """One more password is tried for this address. Aborts with 429, however right the password may be."""
    _count({PASSWORD_BY_EMAIL: normal_email(email), PASSWORD_BY_ADDRESS: network()}, now)


def forgive_password(email: str, now: datetime) -> None:
    """It was the right one, so it does not count. The caller commits; `now` is that of `count_password`."""
    for limit, who in {PASSWORD_BY_EMAIL: normal_email(email), PASSWORD_BY_ADDRESS: network()}.items():
        Attempts.take_back(bucket(limit.what, who), now, limit.per)


def count_registration(email: str, now: datetime) -> None:
    _count({REGISTER_BY_ADDRESS: network(), LETTER_BY_EMAIL: normal_email(email)}, now)


def count_letter(email: str, now: datetime) -> None:
    """One more letter is asked for, whether or not it will be sent: the answer must not tell who has an account."""
    _count({LETTER_BY_EMAIL: normal_email(email), LETTER_BY_ADDRESS: network()}, now)


def count_code(now: datetime) -> None:
    """One more code is typed here; how often for one letter, the letter knows itself."""
    _count({CODE_BY_ADDRESS: network()}, now)


def count_export(public_id: str, now: datetime) -> None:
    """One more zip is made for this account."""
    _count({EXPORT_BY_ACCOUNT: public_id}, now)


def code_limits(who: Account) -> dict[Limit, str]:
    """What a code of the app counts against."""
    return {CODE_BY_ACCOUNT: who.public_id, CODE_BY_ACCOUNT_A_DAY: who.public_id, CODE_BY_ADDRESS: network()}


def recovery_limits(who: Account) -> dict[Limit, str]:
    """Recovery codes have a count of their own: whoever guesses at the app does not lock its owner out."""
    return {RECOVERY_BY_ACCOUNT: who.public_id, CODE_BY_ADDRESS: network()}


def passkey_limits() -> dict[Limit, str]:
    return {PASSKEY_BY_ADDRESS: network()}


def count_try(limits: dict[Limit, str], now: datetime) -> None:
    """One more try. Aborts with 429, however right it may be."""
    _count(limits, now)


def forgive_try(limits: dict[Limit, str], now: datetime) -> None:
    """It was right, so it does not count. The caller commits; `now` is that of `count_try`."""
    for limit, who in limits.items():
        Attempts.take_back(bucket(limit.what, who), now, limit.per)


def _count(limits: dict[Limit, str], now: datetime) -> None:
    begin_write()
    wait = count(limits, now)
    db.session.commit()
    if wait:
        raise _too_many(wait)


def _too_many(wait: timedelta) -> TooManyRequests:
    sentence = f"This has been tried too often. Try again {when(wait)}; nothing is lost."
    return TooManyRequests(sentence, retry_after=math.ceil(wait.total_seconds()))
