"""One way to fail for each reason, in the magazine's voice."""

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, SecurityError

from blueprints import login
from blueprints.moved import moved
from blueprints.payments import gateway
from models import db, lost_address, utcnow
from models.excerpt import Found, titles

MEANT = 5  # stories on the page of a wrong address
LOST = (404, 410)  # errors of who looked for something
TITLES = {
    403: "This door is not yours.",
    404: "The lift does not stop here.",
    405: "This address does not take that.",
    410: "This was here once.",
    413: "That is more than we can take.",
    429: "One moment, please.",
    500: "Something broke on our side.",
    503: "Not just now.",
}
TEXTS = {
    404: "There is no page at this address. It may have moved, or never have been.",
    413: "The form or file was too large. Make it smaller and send it again.",
    500: "We have a note of it. Nothing was charged by this page; try again in a minute.",
}


def page(code: int, text: str = "") -> tuple[str, int]:
    title = TITLES.get(code, "This did not work.")
    words, meant = look_for() if code in LOST else ("", [])
    text = text or TEXTS.get(code, "")
    return render_template("errors/error.html", code=code, title=title, text=text, words=words, meant=meant), code


def look_for() -> tuple[str, list[Found]]:
    """The words of a wrong address, and stories that they find; nothing for a form that was sent to it."""
    words = lost_address.words_of(request.path) if request.method in ("GET", "HEAD") else ""
    now = utcnow()
    found, asked = lost_address.meant(words, now, MEANT)
    return words, titles(found, asked, login.visitor(now), now)


def payments_down(error: Exception) -> ResponseReturnValue:
    """The answer to a payer when Stripe did not open a checkout: nothing was taken, and how to go on."""
    title, text = "Payments are not answering just now.", "The payment service did not take our call."
    if isinstance(error, gateway.QuoteMismatch):
        title = "The sums did not agree, so we stopped."
        text = "The payment service would have charged another sum than we showed. We have been told of it."
    return render_template("errors/payments_down.html", title=title, text=text), 503


def say(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error.get_response()  # a redirect
    if code == 404 and (elsewhere := moved()):
        return elsewhere
    ours = error.description if error.description != type(error).description else ""
    kept = [(name, value) for name, value in error.get_headers() if name not in {"Content-Type", "Content-Length"}]
    return *page(code, ours or ""), kept


def refuse_host(_error: SecurityError) -> ResponseReturnValue:
    """Someone asked under a name that is not ours: no page could be made, as no address of ours fits it."""
    return "This host is not served here.\n", 400, {"Content-Type": "text/plain; charset=utf-8"}


def break_down(_error: Exception) -> ResponseReturnValue:
    """An error nobody foresaw: the transaction is undone, the log has the rest (Flask wrote it already)."""
    try:
        db.session.rollback()
        return page(500)
    except SQLAlchemyError:  # the database itself is away, and a page of ours needs it
        return f"{TITLES[500]} {TEXTS[500]}\n", 500, {"Content-Type": "text/plain; charset=utf-8"}


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, say)
    app.register_error_handler(SecurityError, refuse_host)
    app.register_error_handler(500, break_down)
