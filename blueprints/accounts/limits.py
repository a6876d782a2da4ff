"""How often one may try a password, or ask for a letter."""

import math
from datetime import datetime, timedelta

from werkzeug.exceptions import TooManyRequests

from blueprints.limits import HOUR, QUARTER, Limit, count, when
from blueprints.security import bucket, network
from models import Attempts, begin_write, db
from models.account import normal_email

PASSWORD_BY_EMAIL = Limit("password-by-email", 10, QUARTER)
PASSWORD_BY_ADDRESS = Limit("password-by-address", 50, QUARTER)
REGISTER_BY_ADDRESS = Limit("register-by-address", 50, QUARTER)
LETTER_BY_EMAIL = Limit("letter-by-email", 5, HOUR)
LETTER_BY_ADDRESS = Limit("letter-by-address", 50, HOUR)
CODE_BY_ADDRESS = Limit("code-by-address", 50, QUARTER)
EXPORT_BY_ACCOUNT = Limit("export-by-account", 5, HOUR)


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


def _count(limits: dict[Limit, str], now: datetime) -> None:
    begin_write()
    wait = count(limits, now)
    db.session.commit()
    if wait:
        raise _too_many(wait)


def _too_many(wait: timedelta) -> TooManyRequests:
    sentence = f"This has been tried too often. Try again {when(wait)}; nothing is lost."
    return TooManyRequests(sentence, retry_after=math.ceil(wait.total_seconds()))
