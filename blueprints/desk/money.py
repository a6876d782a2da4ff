"""Codes, and the last movements of money."""

from datetime import datetime

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.desk.area import bp
from blueprints.desk.forms import CodeForm
from models import Code, begin_write, db, utcnow
from models.books import (
    code_named,
    code_uses,
    is_claimed,
    latest_gifts,
    latest_orders,
    latest_payments,
    priced_editions,
)
from models.order import OrderStatus
from models.patronage import DonationStatus, Frequency
from models.payment import PaymentKind
from models.pricing import normal_code

SHOWN = 100  # rows of each list
ORDER_WORDS = {
    OrderStatus.PENDING: "At the checkout",
    OrderStatus.PAID: "Paid",
    OrderStatus.EXPIRED: "Left unpaid",
    OrderStatus.REFUNDED: "Paid back",
}
GIFT_WORDS = {
    DonationStatus.PENDING: "At the checkout",
    DonationStatus.PAID: "Paid",
    DonationStatus.EXPIRED: "Left unpaid",
    DonationStatus.ENDED: "Stopped",
    DonationStatus.REFUNDED: "Paid back",
}
RHYTHMS = {Frequency.ONCE: "once", Frequency.MONTH: "each month", Frequency.YEAR: "each year"}
KINDS = {PaymentKind.CHARGE: "Paid", PaymentKind.REFUND: "Paid back"}


@bp.route("/codes", methods=["GET", "POST"])
def codes() -> ResponseReturnValue:
    now, editions = utcnow(), priced_editions()
    form = CodeForm.of(editions)
    if not form.submitted() or not kept(form, now):
        return render_template("desk/codes.html", form=form, uses=code_uses(now), now=now)
    flash(f"The code {normal_code(form.text.data)} can be used now.", "good")
    return redirect(url_for("desk.codes"), code=303)


def kept(form: CodeForm, now: datetime) -> bool:
    """Save the new code; False, with a sentence beside the field, when a rule says no."""
    text = normal_code(form.text.data)
    if not text:
        form.refuse("text", "The code is empty. Write the word that readers will type.")
        return False
    begin_write()
    if Code.by_text(text) is not None:
        db.session.rollback()
        form.refuse("text", f"There is a code {text} already. Choose another word.")
        return False
    most = form.max_redemptions.data
    code = Code(
        text=text,
        basis_points=form.percent.data,
        note=form.note.data,
        ends_at=form.ends_at.instant(),
        max_redemptions=int(most) if most else None,
        created_at=now,
    )
    code.editions = [edition for edition in priced_editions() if edition.id in form.editions.data]
    db.session.add(code)
    db.session.commit()
    return True


@bp.post("/codes/<public_id>")
def change_code(public_id: str) -> ResponseReturnValue:
    """Switch a code on or off, or delete one that no order ever took."""
    begin_write()
    code, action = code_named(public_id) or abort(404), request.form.get("action")
    if action == "delete" and is_claimed(code):
        db.session.rollback()
        flash("Orders have taken this code, so it stays in the books. Switch it off instead.", "error")
        return redirect(url_for("desk.codes"), code=303)
    if action == "delete":
        db.session.delete(code)
    elif action in {"on", "off"}:
        code.is_active = action == "on"
    text = code.text
    db.session.commit()
    done = {"delete": "deleted", "on": "switched on", "off": "switched off"}.get(action or "", "as it was")
    flash(f"The code {text} is {done}.", "good")
    return redirect(url_for("desk.codes"), code=303)


@bp.get("/money")
def money() -> ResponseReturnValue:
    return render_template(
        "desk/money.html",
        shown=SHOWN,
        payments=latest_payments(SHOWN),
        orders=latest_orders(SHOWN),
        gifts=latest_gifts(SHOWN),
        kinds=KINDS,
        order_words=ORDER_WORDS,
        gift_words=GIFT_WORDS,
        rhythms=RHYTHMS,
    )
