"""The sandbox's letter box: what would have been sent. Sandbox mode only, to this machine only."""

import email
import email.policy
from pathlib import Path

from flask import Blueprint, abort, current_app, render_template, request

from blueprints.settings import is_loopback

bp = Blueprint("mail", __name__)


@bp.before_request
def only_here() -> None:
    """Letters hold sign-in links: shown to loopback, never through a proxy."""
    proxied = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"))
    here = is_loopback(f"http://{_bracketed(request.remote_addr or '')}")
    if not current_app.config["SANDBOX"] or current_app.config["MAIL_URL"] or proxied or not here:
        abort(404)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _read(file: Path) -> dict[str, str]:
    with file.open("rb") as opened:
        letter = email.message_from_binary_file(opened, policy=email.policy.default)
    body = letter.get_body(("plain",))
    return {
        "name": file.stem,
        "to": str(letter["To"]),
        "subject": str(letter["Subject"]),
        "date": str(letter["Date"]),
        "text": body.get_content() if body else "",
    }


@bp.get("/mail")
def index() -> tuple[str, int, dict[str, str]]:
    """The newest hundred letters, newest first."""
    files = sorted((current_app.config["DATA"] / "mail").glob("*.eml"), key=lambda f: f.stat().st_mtime, reverse=True)
    page = render_template("mail_box/index.html", letters=[_read(file) for file in files[:100]])
    return page, 200, {"Cache-Control": "private, no-store"}


@bp.get("/mail/<name>")
def show(name: str) -> tuple[str, int, dict[str, str]]:
    """One letter, its links made to be followed."""
    file = current_app.config["DATA"] / "mail" / f"{name}.eml"
    if not name.replace("-", "").replace("_", "").isalnum() or not file.is_file():
        abort(404)
    return render_template("mail_box/show.html", letter=_read(file)), 200, {"Cache-Control": "private, no-store"}
