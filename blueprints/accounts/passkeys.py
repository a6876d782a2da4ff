"""Passkeys: sign in with one, and keep the list of one's own. What the script asks is answered in JSON."""

import secrets
from collections.abc import Callable

from flask import Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from blueprints import errors, proofs
from blueprints.accounts import area, ceremonies, limits, page, relying_party, second_step
from blueprints.accounts.ceremonies import ADD, ENTER, NotSigned
from blueprints.accounts.confirming import fresh_only, myself, wants_json
from blueprints.accounts.cookies import SignedCookie
from blueprints.accounts.entering import onward
from blueprints.accounts.forms import PasskeyForm
from blueprints.accounts.relying_party import RelyingParty
from blueprints.filters import day
from blueprints.login import account, signed_in_only
from models import Account, Outbox, Passkey, begin_write, db, utcnow
from models.passkey import MOST

bp = area("passkeys")
BROWSER = SignedCookie("masthead_passkey", "/account/passkeys", ceremonies.LIFE)  # ties a challenge to who asked
ANOTHERS = "This passkey belongs to another account than the one that is signed in here. Choose another, or sign out."
KNOWN = "This passkey is on your list already."
TOO_MANY = f"You have {MOST} passkeys, which is the most we keep. Remove one that you do not use."


@bp.errorhandler(HTTPException)
def say(error: HTTPException) -> ResponseReturnValue:
    """The script shows a sentence, people without it a page."""
    if not wants_json() or (error.code or 500) < 400:
        return errors.say(error)
    kept = [(name, value) for name, value in error.get_headers() if name == "Retry-After"]
    return {"error": error.description}, error.code or 500, kept


@bp.errorhandler(NotSigned)
def refuse(error: NotSigned) -> ResponseReturnValue:
    db.session.rollback()
    return {"error": str(error)}, 422


def party() -> RelyingParty:
    """For whom is signed here. Aborts where the site has no name."""
    return relying_party.here() or abort(404, "Passkeys need a site with a name, and this one has a number.")


def question(purpose: str, whose: str, make: Callable[[bytes], str]) -> Response:
    """Options with a new challenge, for this browser."""
    mark = BROWSER.read() or secrets.token_urlsafe(16)
    challenge = ceremonies.new_challenge(purpose, whose, mark, utcnow())
    return BROWSER.set(Response(make(challenge), content_type="application/json"), mark)


# Signing in


def expected() -> Account | None:
    """Who should sign, where we know: who is signed in, or has taken the first step."""
    waiting = second_step.pending() if request.form.get("step") else None
    return account() or (waiting.who if waiting else None)


@bp.post("/passkeys/ask")
def ask() -> ResponseReturnValue:
    """What a device is asked to sign. Where we know who should sign, only their keys will do."""
    who, rp = expected(), party()
    keys = Passkey.of(who.id) if who else []
    return question(ENTER, "", lambda challenge: ceremonies.options_to_enter(rp, challenge, keys))


@bp.post("/passkeys/enter")
def enter() -> ResponseReturnValue:
    """Sign in: a passkey is something one holds and something one is or knows, so there is no second step."""
    now, limited, rp, known = utcnow(), limits.passkey_limits(), party(), expected()
    limits.count_try(limited, now)
    credential, challenge = ceremonies.read(request.form.get("credential"))
    ceremonies.spend_challenge(challenge, ENTER, "", BROWSER.read(), now)
    key, counter = ceremonies.signed_by(credential, challenge, rp, is_known=known is not None)
    if known and key.account_id != known.id:
        raise NotSigned(ANOTHERS)
    begin_write()
    who = ceremonies.count(key.credential_id, counter, now)
    limits.forgive_try(limited, now)
    db.session.commit()
    answer = jsonify(to=onward(request.form.get("next")))
    second_step.enter(who, remember=bool(request.form.get("remember")), two_factors=True)
    answer.delete_cookie(BROWSER.name, path=BROWSER.path)
    return second_step.leave(answer)


# One's own


def own(public_id: str) -> Passkey:
    key = Passkey.by_public_id(public_id)
    return key if key and key.account_id == myself().id else abort(404)


@bp.get("/passkeys")
@signed_in_only
def home() -> ResponseReturnValue:
    return render_template(
        "accounts/passkeys.html",
        who=myself(),
        keys=Passkey.of(myself().id),
        form=PasskeyForm(),
        party=relying_party.here(),
        is_fresh=proofs.is_fresh(utcnow()),
        asked=proofs.is_asked_of(myself()),
        most=MOST,
    )


@bp.post("/passkeys/new")
@fresh_only(back="passkeys.home")
def begin() -> ResponseReturnValue:
    """What a device is asked in order to make a key."""
    who, rp = myself(), party()
    if len(Passkey.of(who.id)) >= MOST:
        raise NotSigned(TOO_MANY)
    return question(ADD, who.get_id(), lambda challenge: ceremonies.options_to_add(who, rp, challenge))


@bp.post("/passkeys")
@fresh_only(back="passkeys.home")
def add() -> ResponseReturnValue:
    """Keep the key that was made. The person has then shown a second factor, too."""
    who, now, form = myself(), utcnow(), PasskeyForm.posted()
    if not form.submitted():
        return {"error": form.name.errors[0]}, 422
    credential, challenge = ceremonies.read(request.form.get("credential"))
    ceremonies.spend_challenge(challenge, ADD, who.get_id(), BROWSER.read(), now)
    key = ceremonies.made(credential, challenge, party(), who)
    key.name = form.name.data or f"Passkey of {day(now)}"
    begin_write()
    db.session.add(key)
    Outbox.post("passkey-added", who.email, name=key.name)
    try:
        db.session.commit()
    except IntegrityError as error:  # this account's, or somebody else's: neither may have it twice
        raise NotSigned(KNOWN) from error
    proofs.note(who, who.here, now, two_factors=True)
    flash("Your passkey is kept. From now on it signs you in.", "good")
    return {"to": url_for("passkeys.home")}


@bp.route("/passkeys/<public_id>", methods=["GET", "POST"])
@signed_in_only
def one(public_id: str) -> ResponseReturnValue:
    """Rename it; the page also has the button that removes it."""
    key = own(public_id)
    form = PasskeyForm.posted(name=key.name)
    if not form.submitted():
        return page("passkey", form, key=key)
    begin_write()
    key.name = form.name.data or key.name
    db.session.commit()
    flash("The name is changed.", "good")
    return redirect(url_for("passkeys.home"), code=303)


@bp.post("/passkeys/<public_id>/remove")
@fresh_only(back="passkeys.home")
def remove(public_id: str) -> ResponseReturnValue:
    key, who = own(public_id), myself()
    begin_write()
    Outbox.post("passkey-removed", who.email, name=key.name)
    db.session.delete(key)
    db.session.commit()
    flash("The passkey is removed: it signs in no more. Delete it on your device, too.", "good")
    return redirect(url_for("passkeys.home"), code=303)
