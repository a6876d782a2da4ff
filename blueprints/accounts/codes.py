"""Codes as they are typed: from the app, or from the list of recovery codes. Each counts once."""

import logging
from datetime import datetime

from flask import current_app

from blueprints.accounts import limits
from models import Account, Outbox, RecoveryCode, SecondFactor, begin_write, db
from models.second_factor import fitting_step

log = logging.getLogger(__name__)


def site_key() -> str:
    return current_app.config["SECRET_KEY"]


def take_code(who: Account, typed: str, now: datetime) -> bool:
    """Whether the code is right now and was not taken before. Commits; aborts with 429 after too many."""
    limited = limits.code_limits(who)
    limits.count_try(limited, now)
    factor = SecondFactor.of(who.id)
    sealed, secret = (factor.sealed, factor.secret(site_key())) if factor else (None, None)
    if sealed and secret is None:
        log.warning(
            "The second factor of account %s cannot be read: SECRET_KEY is not the one it was set up under", who.id
        )
    step = fitting_step(secret, typed, now) if secret else None
    if sealed is None or step is None:
        return False
    begin_write()
    taken = SecondFactor.take(who.id, sealed, step)
    if taken:
        limits.forgive_try(limited, now)
    db.session.commit()
    return taken


def take_recovery(who: Account, typed: str, now: datetime) -> bool:
    """Spend a recovery code; a letter tells of it. Commits; aborts with 429 after too many."""
    limited = limits.recovery_limits(who)
    limits.count_try(limited, now)
    begin_write()
    taken = RecoveryCode.spend(who.id, typed, now)
    if taken:
        limits.forgive_try(limited, now)
        Outbox.post("recovery-code-used", who.email, left=RecoveryCode.left(who.id))
    db.session.commit()
    return taken


def begin(who: Account) -> None:
    """A new secret to be scanned. Commits."""
    begin_write()
    SecondFactor.begin(who.id, site_key())
    db.session.commit()


def turn_on(who: Account, typed: str, now: datetime) -> list[str] | None:
    """Take the first code of the secret that waits: the recovery codes, shown this once. None when it does not fit.

    Commits; aborts with 429 after too many.
    """
    limited = limits.code_limits(who)
    limits.count_try(limited, now)
    factor = SecondFactor.of(who.id)
    pending, secret = (factor.pending, factor.pending_secret(site_key())) if factor else (None, None)
    step = fitting_step(secret, typed, now) if secret else None
    if step is None:
        return None
    begin_write()
    factor = db.session.get(SecondFactor, who.id, with_for_update=True, populate_existing=True)
    if factor is None or factor.pending != pending:  # begun anew, or proven, in another tab a moment ago
        db.session.commit()
        return None
    factor.turn_on(step, now)
    codes = RecoveryCode.issue(who.id, now)
    limits.forgive_try(limited, now)
    Outbox.post("second-factor-on", who.email)
    db.session.commit()
    return codes


def turn_off(who: Account) -> None:
    """Commits."""
    begin_write()
    was_on = SecondFactor.is_on(who.id)
    SecondFactor.forget(who.id)
    if was_on:
        Outbox.post("second-factor-off", who.email)
    db.session.commit()


def renew_recovery(who: Account, now: datetime) -> list[str]:
    """A new set of recovery codes in place of the old one. Commits."""
    begin_write()
    codes = RecoveryCode.issue(who.id, now)
    Outbox.post("recovery-codes-new", who.email)
    db.session.commit()
    return codes
