"""Delete an account. Whoever is signed in must also know the password, or read the mail of its address."""

import logging
from datetime import timedelta
from typing import Any

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import logout_user
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import func, select
from wtforms import PasswordField, RadioField, SelectChoice

from blueprints import metering
from blueprints.accounts import entering, history, limits
from blueprints.accounts.forms import PASSWORD_NEEDED
from blueprints.accounts.own_views import bp, reader
from blueprints.forms import Form
from blueprints.login import password_matches, signed_in_only
from models import Account, Comment, Outbox, begin_write, db, utcnow
from models.leaving import MayNotLeave, hindrance, leave, running_gifts
from models.own_rows import theirs
from models.patronage import is_patron

log = logging.getLogger(__name__)
LINK_LIFE = timedelta(minutes=60)
WRONG = "This is not your password. Try again, or sign out and ask for a new one."


class LeavingForm(Form):
    replies = RadioField(
        "Your replies under stories",
        choices=[SelectChoice("remove", "Remove them"), SelectChoice("keep", "Leave them, without a name")],
        default="remove",
    )
    password = PasswordField("Your password", [PASSWORD_NEEDED], render_kw={"autocomplete": "current-password"})


def asked(who: Account, *, by_letter: bool) -> LeavingForm:
    """The form as this reader needs it: a letter stands for the password."""
    form = LeavingForm.posted()
    if by_letter or not who.password_hash:
        del form.password
    return form


def shown(who: Account, form: LeavingForm, *, proven: bool, refused: str = "", status: int = 200) -> Any:
    """The page. `proven`: the button deletes; else it asks for the letter, unless there is a password to give."""
    now = utcnow()
    written = db.session.scalar(select(func.count()).select_from(Comment).where(theirs(Comment, who))) or 0
    body = render_template(
        "accounts/delete.html",
        who=who,
        form=form,
        proven=proven or "password" in form,
        refused=refused,
        hindrance=hindrance(who, now),
        gifts=running_gifts(who),
        rhythm=history.RHYTHM,
        history=history.of_account(who.id),
        patron=is_patron(who, now),
        written=written,
        lasts=int(LINK_LIFE.total_seconds()) // 60,
    )
    return body, status


@bp.route("/delete", methods=["GET", "POST"])
@signed_in_only
def delete() -> ResponseReturnValue:
    """What goes and what stays; then the password, or without one a letter with a link."""
    who, now = reader(), utcnow()
    form = asked(who, by_letter=False)
    if request.method == "GET":
        return shown(who, form, proven=False)
    if not form.validate():
        return shown(who, form, proven=False, status=422)
    if "password" not in form:
        return send_link(who)
    limits.count_password(who.email, now)
    if not password_matches(who, form.password.data):
        form.refuse("password", WRONG)
        return shown(who, form, proven=False, status=422)
    entering.pass_the_door(who, form.password.data, now)
    return erase(who, form)


@bp.route("/delete/<token>", methods=["GET", "POST"])
@signed_in_only
def delete_by_link(token: str) -> ResponseReturnValue:
    """The link of the letter, in the browser that is signed in: looking changes nothing, its button deletes."""
    who = reader()
    if not is_link_of(who, token):
        return render_template("accounts/over.html", again=url_for("own.delete")), 410
    form = asked(who, by_letter=True)
    if request.method == "GET":
        return shown(who, form, proven=True)
    return erase(who, form) if form.validate() else shown(who, form, proven=True, status=422)


def send_link(who: Account) -> ResponseReturnValue:
    now = utcnow()
    limits.count_letter(who.email, now)
    link = current_app.config["SITE_URL"] + url_for("own.delete_by_link", token=_serializer(who).dumps(who.public_id))
    begin_write()
    Outbox.post("delete-account", who.email, link=link, lasts=f"{int(LINK_LIFE.total_seconds()) // 60} minutes")
    db.session.commit()
    flash(f"We sent a letter to {who.email}. Its link leads to the last step; open it in this browser.", "good")
    return redirect(url_for("own.delete"), code=303)


def is_link_of(who: Account, token: str) -> bool:
    try:
        named = _serializer(who).loads(token, max_age=int(LINK_LIFE.total_seconds()))
    except BadData:
        return False
    return bool(named == who.public_id)


def _serializer(who: Account) -> URLSafeTimedSerializer:
    """A link of this address only: after a change of it the letters before open nothing."""
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=f"delete-account:{who.email}")


def erase(who: Account, form: LeavingForm) -> ResponseReturnValue:
    account_id, email, readings = who.id, who.email, metering.key_of(who)
    begin_write()
    try:
        leave(account_id, utcnow(), keeps_words=form.replies.data == "keep")
    except MayNotLeave as why:
        db.session.rollback()
        return shown(who, form, proven=True, refused=str(why), status=409)
    db.session.commit()
    forget_readings(readings)
    session.clear()
    logout_user()  # after clear(): it leaves a word in the session to take the remember cookie away
    return render_template("accounts/deleted.html", email=email)


def forget_readings(key: str) -> None:
    """The meter's count of who has left. Its ledger may be elsewhere, so not in the transaction of the rest."""
    begin_write()
    try:
        metering.ledger().erase(key, keep_count=False)
    except metering.LedgerAway:
        log.warning("The meter's ledger does not answer: what %s read is kept until its period is over.", key)
    db.session.commit()
