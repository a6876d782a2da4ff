"""Whether the site lives, and whether it is ready for readers."""

from flask import Blueprint, current_app
from sqlalchemy import text

from blueprints.settings import missing_for_serving
from models import db

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> tuple[str, int, dict[str, str]]:
    """The process answers."""
    return "ok\n", 200, {"Cache-Control": "no-store", "Content-Type": "text/plain"}


@bp.get("/readyz")
def readyz() -> tuple[str, int, dict[str, str]]:
    """The database answers, with the schema this code expects, and payments are set up."""
    headers = {"Cache-Control": "no-store", "Content-Type": "text/plain"}
    if missing_for_serving(current_app):
        return "payments are not set up\n", 503, headers
    try:
        db.session.execute(text("SELECT version_num FROM alembic_version"))
    except Exception:
        current_app.logger.exception("The database is not ready")
        return "the database is not ready\n", 503, headers
    return "ready\n", 200, headers
