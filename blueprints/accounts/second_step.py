"""The one door in: whoever has a second factor is asked for it here, and until then nobody is signed in."""

import json
from dataclasses import dataclass
from datetime import timedelta

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from blueprints import proofs
from blueprints.accounts.cookies import SignedCookie
from blueprints.accounts.entering import LONGEST_NEXT, onward, start_session
from blueprints.login import account, safe_next
from blueprints.security import bucket
from models import Account, SecondFactor, utcnow

ASKED = SignedCookie("masthead_step", "/account", timedelta(minutes=10))


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody who has shown the first thing and not yet the second."""

    who: Account
    remember: bool
    next_path: str


def wants_second(who: Account) -> bool:
    """Whether the password or a letter is not enough: the app is set up, or the magazine asks more of its staff.

    A reader's passkey alone asks for nothing more: it is another way in, and there are no recovery codes for it.
    """
    return SecondFactor.is_on(who.id) or (proofs.is_asked_of(who) and proofs.has_factor(who))


def admit(who: Account, *, remember: bool = True, next_path: str | None = "", two_factors: bool = False) -> Response:
    """Let in whoever showed the first thing, or both: signed in and on their way, or asked for the second."""
    if not two_factors and wants_second(who):
        return _ask(who, remember, safe_next(next_path)[:LONGEST_NEXT])
    to = redirect(onward(next_path), code=303)
    enter(who, remember=remember, two_factors=two_factors)
    return leave(to)


def enter(who: Account, *, remember: bool, two_factors: bool) -> None:
    """Sign in. Who is signed in here already keeps the session, and has shown anew who they are."""
    before = account()
    here = before.here if before else None  # plain values: the account itself may be gone by now
    if not here or here.account_id != who.id or not proofs.note(who, here, utcnow(), two_factors=two_factors):
        start_session(who, remember=remember, two_factors=two_factors)


def pending() -> Pending | None:
    """Who was asked for the second thing in this browser. A new password or a lapse of time ends it."""
    kept = ASKED.read()
    if not kept:
        return None
    public_id, password, remember, next_path = json.loads(kept)
    who = Account.by_public_id(public_id)
    return Pending(who, remember, next_path) if who and _password_of(who) == password else None


def was_asked() -> bool:
    return ASKED.name in request.cookies


def leave(response: Response) -> Response:
    """The question is answered, or given up."""
    if was_asked():
        response.delete_cookie(ASKED.name, path=ASKED.path)
    return response


def _ask(who: Account, remember: bool, next_path: str) -> Response:
    response = redirect(url_for("second_factor.step"), code=303)
    return ASKED.set(response, json.dumps([who.public_id, _password_of(who), remember, next_path]))


def _password_of(who: Account) -> str:
    """Which password it is, and nothing about it."""
    return bucket("password", who.password_hash or "")
