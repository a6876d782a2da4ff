"""The second factor: asked for at the door, set up with an app, turned off. All of it works without script."""

from io import BytesIO

import pyotp
import segno
from flask import Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import proofs
from blueprints.accounts import area, codes, page, relying_party, second_step
from blueprints.accounts.confirming import fresh_only, myself
from blueprints.accounts.forms import AppForm, StepForm
from blueprints.login import safe_next, signed_in_only
from models import Account, Passkey, RecoveryCode, SecondFactor, utcnow

bp = area("second_factor")
REFUSED = "This code does not fit. It may be mistyped, over, or used before; look for the next one."
TOO_LATE = "That took more than ten minutes. Sign in once more."


@bp.route("/second-step", methods=["GET", "POST"])
def step() -> ResponseReturnValue:
    """After the password or the letter. Until the code is right nobody is signed in; every refusal reads the same."""
    waiting = second_step.pending()
    if waiting is None:
        if second_step.was_asked():
            flash(TOO_LATE, "error")
        return second_step.leave(redirect(url_for("accounts.login"), code=303))
    form, now, who = StepForm.posted(), utcnow(), waiting.who
    if not form.submitted():
        return ask(form, waiting)
    taken = codes.take_recovery(who, form.recovery.data, now) if form.recovery.data else False
    if not taken and not (form.code.data and codes.take_code(who, form.code.data, now)):
        return ask(form, waiting, REFUSED)
    return second_step.admit(who, remember=waiting.remember, next_path=waiting.next_path, two_factors=True)


def ask(form: StepForm, waiting: second_step.Pending, refused: str = "") -> ResponseReturnValue:
    who = waiting.who
    party = relying_party.here() if Passkey.has(who.id) else None
    return page("second_step", form, refused, waiting=waiting, party=party, has_app=SecondFactor.is_on(who.id))


@bp.get("/second-factor")
@signed_in_only
def home() -> ResponseReturnValue:
    who = myself()
    return render_template(
        "accounts/second_factor.html",
        who=who,
        factor=SecondFactor.of(who.id),
        left=RecoveryCode.left(who.id),
        asked=proofs.is_asked_of(who),
    )


@bp.get("/second-factor/needed")
@signed_in_only
def needed() -> ResponseReturnValue:
    """Where the desk leads those who work here and have no second factor yet."""
    onward = safe_next(request.args.get("next"))
    return render_template("accounts/second_factor_needed.html", onward=onward, has=proofs.has_factor(myself()))


@bp.post("/second-factor/begin")
@fresh_only(back="second_factor.home")
def begin() -> ResponseReturnValue:
    codes.begin(myself())
    return redirect(url_for("second_factor.set_up"), code=303)


@bp.route("/second-factor/set-up", methods=["GET", "POST"])
@fresh_only(back="second_factor.set_up")
def set_up() -> ResponseReturnValue:
    """The secret, as a picture and as text, and the first code that proves it arrived."""
    who, form = myself(), AppForm.posted()
    secret = waiting_secret(who)
    if secret is None:
        return redirect(url_for("second_factor.home"), code=303)
    if not form.submitted():
        return page("second_factor_set_up", form, secret=secret, address=address(who, secret))
    fresh = codes.turn_on(who, form.code.data, utcnow())
    if fresh is None:
        return page("second_factor_set_up", form, REFUSED, secret=secret, address=address(who, secret))
    proofs.note(who, who.here, utcnow(), two_factors=True)
    return render_template("accounts/recovery_codes.html", codes=fresh, just_on=True)


@bp.get("/second-factor/qr.svg")
@fresh_only(back="second_factor.set_up")
def qr() -> ResponseReturnValue:
    """What the app scans. Black on white by night too, for cameras."""
    who = myself()
    secret = waiting_secret(who) or abort(404)
    drawn = BytesIO()
    segno.make(address(who, secret), error="m").save(drawn, kind="svg", scale=5, border=4, dark="#000", light="#fff")
    return Response(drawn.getvalue(), content_type="image/svg+xml")


@bp.post("/second-factor/codes")
@fresh_only(back="second_factor.home")
def renew_codes() -> ResponseReturnValue:
    """Ten new recovery codes; the old ones open nothing any more."""
    who = myself()
    if not SecondFactor.is_on(who.id):
        return redirect(url_for("second_factor.home"), code=303)
    return render_template("accounts/recovery_codes.html", codes=codes.renew_recovery(who, utcnow()), just_on=False)


@bp.post("/second-factor/codes.txt")
@signed_in_only
def download_codes() -> ResponseReturnValue:
    """The codes as a file. The page sends them along, for we have only hashes; nothing else comes back this way."""
    given = request.form.getlist("codes")
    if not RecoveryCode.are_all(myself().id, given):
        abort(410, "These are not your recovery codes any more. Ask for new ones on the page of the second factor.")
    text = render_template("accounts/recovery_codes.txt", codes=given, who=myself(), now=utcnow())
    name = 'attachment; filename="recovery-codes.txt"'
    return Response(text, content_type="text/plain; charset=utf-8", headers={"Content-Disposition": name})


@bp.post("/second-factor/off")
@fresh_only(back="second_factor.home")
def off() -> ResponseReturnValue:
    codes.turn_off(myself())
    flash("The second factor is off, and its recovery codes are gone.", "good")
    return redirect(url_for("second_factor.home"), code=303)


def waiting_secret(who: Account) -> str | None:
    factor = SecondFactor.of(who.id)
    return factor.pending_secret(codes.site_key()) if factor else None


def address(who: Account, secret: str) -> str:
    """What apps read: otpauth://totp/Upstairs:name@example.org?secret=…"""
    return pyotp.TOTP(secret).provisioning_uri(name=who.email, issuer_name=current_app.config["SITE_NAME"])
