"""The buyer's page of one order, and the file. Who knows the order's id may see it; the page is never shared."""

import logging
from datetime import timedelta

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from blueprints import errors
from blueprints.offers.placing import open_checkout
from blueprints.payments import checkouts, gateway
from models import Order, Payment, Picture, Redemption, begin_write, db, utcnow
from models.order import OrderStatus
from models.payment import PaymentKind
from models.slug import slugify

LINK_LIFE = timedelta(hours=72)
bp = Blueprint("orders", __name__)
log = logging.getLogger(__name__)


@bp.get("/orders/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    """Reads only, and grants nothing: it waits for the webhook, and says so. `?back=1` is the way back from Stripe."""
    order, now = Order.by_public_id(public_id) or abort(404), utcnow()
    movements = Payment.of_order(order.id)
    return _private(
        render_template(
            "offers/order.html",
            order=order,
            state=order.status.value,
            offer=order.edition.offer,
            back="back" in request.args,
            cover=Picture.by_key(order.edition.offer.cover_key),
            size=_size(order.edition.file),
            now=now,
            link_ends=now + LINK_LIFE,
            token=_serializer().dumps(order.public_id) if order.is_paid else "",
            charge=next((m for m in movements if m.kind is PaymentKind.CHARGE), None),
            refunds=[m for m in movements if m.kind is PaymentKind.REFUND],
            is_open=order.status is OrderStatus.PENDING
            and order.checkout_expires_at
            and now < order.checkout_expires_at,
        )
    )


@bp.post("/orders/<public_id>/resume")
def resume(public_id: str) -> ResponseReturnValue:
    """On to the payment page again: the same checkout."""
    order, now = Order.by_public_id(public_id) or abort(404), utcnow()
    if order.status is not OrderStatus.PENDING or not order.checkout_expires_at or order.checkout_expires_at <= now:
        return _to_order(public_id)
    try:
        return redirect(open_checkout(order), code=303)
    except (gateway.GatewayUnavailable, gateway.QuoteMismatch) as error:
        return errors.payments_down(error)


@bp.post("/orders/<public_id>/cancel")
def cancel(public_id: str) -> ResponseReturnValue:
    """Let the order go. The code's use is free again once Stripe has said that the checkout is over."""
    order, now = Order.by_public_id(public_id) or abort(404), utcnow()
    if order.status is not OrderStatus.PENDING:
        return _to_order(public_id)
    session_id = order.checkout_session
    db.session.commit()
    if session_id:
        try:
            session = gateway.current().expire_session(session_id)
        except gateway.GatewayUnavailable as error:
            return errors.payments_down(error)
        begin_write()
        checkouts.apply(session, now)  # it may have been paid a moment ago
    else:  # nobody was given an address to pay at
        begin_write()
        order = Order.by_public_id(public_id, lock=True) or abort(404)
        if order.checkout_session is None and order.mark_expired():
            Redemption.release(order.id)
    db.session.commit()
    return _to_order(public_id)


@bp.get("/downloads/<token>")
def download(token: str) -> ResponseReturnValue:
    """The file behind a link that ends after LINK_LIFE; the order's page makes a new one."""
    try:
        public_id = _serializer().loads(token, max_age=int(LINK_LIFE.total_seconds()))
    except SignatureExpired as expired:
        page = render_template("offers/link_ended.html", public_id=_serializer().load_payload(expired.payload or b""))
        return _private(page, 410)
    except BadSignature:
        abort(404)
    order = Order.by_public_id(public_id) or abort(404)
    if not order.is_paid:
        return _to_order(public_id)
    name = order.edition.file
    folder = (current_app.config["DATA"] / "files").resolve()
    if not (folder / name).is_file():
        log.error("The sold file %s is not in %s", name, folder)
        abort(503, "The file is not in its place. We have a note of it; try again in an hour, or write to us.")
    if request.method == "GET" and request.headers.get("Range", "bytes=0-").startswith("bytes=0-"):
        _count(public_id)
    response = send_from_directory(
        folder, name, as_attachment=True, max_age=0, download_name=slugify(order.title) + (folder / name).suffix
    )
    return _mark_private(response)


def _count(public_id: str) -> None:
    begin_write()
    order = Order.by_public_id(public_id, lock=True)
    if order:
        order.downloads += 1
    db.session.commit()


def _size(name: str) -> str:
    """As buyers read it: 11.4 MB. Empty when the file is not there."""
    file = current_app.config["DATA"] / "files" / name
    if not file.is_file():
        return ""
    size = file.stat().st_size
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(size // 1000, 1)} kB"


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="download")


def _to_order(public_id: str) -> ResponseReturnValue:
    return redirect(url_for(".show", public_id=public_id), code=303)


def _private(page: str, code: int = 200) -> Response:
    return _mark_private(make_response(page, code))


def _mark_private(response: Response) -> Response:
    """The address is the key: nobody stores the page, no search engine lists it, no other site is told of it."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
