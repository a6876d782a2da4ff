"""How the person who is signed in here has shown who they are: how long ago, and by how much."""

from datetime import datetime, timedelta

from blueprints.login import account
from models import Account, Passkey, Publication, SecondFactor, SignIn, begin_write, db
from models.sign_in import Here

FRESH = timedelta(minutes=10)  # after showing who one is, keys and factors may be changed


def note(who: Account, here: Here | None, now: datetime, *, two_factors: bool) -> bool:
    """They showed it anew in this sign-in; False when that has ended meanwhile. Commits."""
    if here is None:
        return False
    begin_write()
    who.here = SignIn.prove(here, now, two_factors=two_factors)
    db.session.commit()
    return who.here is not None


def is_fresh(now: datetime) -> bool:
    """Whether who is signed in has shown so a short while ago."""
    who = account()
    return bool(who and who.here and timedelta(0) <= now - who.here.proved_at < FRESH)


def by_two_factors() -> bool:
    """Whether a passkey was used in this sign-in, or a code after the password or the letter."""
    who = account()
    return bool(who and who.here and who.here.two_factors)


def is_asked_of(who: Account) -> bool:
    """Whether the magazine wants a second factor of them."""
    return who.is_staff and Publication.get().staff_second_factor


def has_factor(who: Account) -> bool:
    return SecondFactor.is_on(who.id) or Passkey.has(who.id)
