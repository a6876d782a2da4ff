"""The magazine's blueprint. A visitor's page is the same for every visitor, so that caches may share it."""

from flask import Blueprint, Response, abort, current_app, make_response, render_template

from blueprints import login
from blueprints.magazine.furniture import furnish
from blueprints.magazine.metadata import House

bp = Blueprint("magazine", __name__)
furnish(bp)


def page(template: str, **values: object) -> Response:
    return login.share(make_response(render_template(template, **values)))


def house() -> House:
    return House(current_app.config["SITE_NAME"], current_app.config["SITE_URL"])


@bp.url_value_preprocessor
def refuse_nul(_endpoint: str | None, values: dict[str, object] | None) -> None:
    """PostgreSQL has no NUL in texts, so nothing is stored under such a name."""
    if any("\0" in str(value) for value in (values or {}).values()):
        abort(404)
