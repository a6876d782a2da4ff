"""Standing pages: about, contact, privacy and whatever else the publisher wrote."""

from flask import abort
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from blueprints import login
from blueprints.magazine.area import bp, page
from models import Page
from models.article import Status


@bp.get("/<slug>")
def standing_page(slug: str) -> ResponseReturnValue:
    found, reader = Page.by_slug(slug), login.account()
    if found is None or not (found.status is Status.PUBLISHED or (reader and reader.is_staff)):
        abort(404)
    return page("magazine/page.html", page=found, body=Markup(found.body_html))  # noqa: S704 - cleaned when saved
