"""Accounts: who a reader is, how they come in, and what they gave and bought."""

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from blueprints.forms import Form


def keep_private(response: Response) -> Response:
    """Nothing under /account is for caches or search engines, errors and empty forms included."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def area(name: str) -> Blueprint:
    """A blueprint under /account whose every answer is private."""
    bp = Blueprint(name, __name__, url_prefix="/account")
    bp.after_request(keep_private)
    return bp


def page(name: str, form: Form, refused: str = "", **values: object) -> ResponseReturnValue:
    """A form's page: as asked for, or once more with what was typed and why it was refused."""
    body = render_template(f"accounts/{name}.html", form=form, refused=refused, **values)
    return body, 422 if request.method == "POST" else 200
