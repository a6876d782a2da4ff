"""Whether the site lives, and whether it is ready for readers."""

from flask import Blueprint, current_app
from sqlalchemy import text

from models import db

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> tuple[str, int, dict[str, str]]:
    """The process answers."""
    return "ok\n", 200, {"Cache-Control": "no-store", "Content-Type": "text/plain"}


@bp.get("/readyz")
def readyz() -> tuple[str, int, dict[str, str]]:
    """The database answers and has a schema."""
    headers = {"Cache-Control": "no-store", "Content-Type": "text/plain"}
    try:
        db.session.execute(text("SELECT version_num FROM alembic_version"))
    except Exception:
        current_app.logger.exception("The database is not ready")
        return "the database is not ready\n", 503, headers
    return "ready\n", 200, headers
