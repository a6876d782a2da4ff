"""Standing pages: about, contact, privacy and whatever else the publisher wrote."""

from flask import abort
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from blueprints import login
from blueprints.magazine import metadata
from blueprints.magazine.area import bp, house, page
from models import Page
from models.article import Status


@bp.get("/<slug>")
def standing_page(slug: str) -> ResponseReturnValue:
    found, reader = Page.by_slug(slug), login.account()
    if found is None or not (found.status is Status.PUBLISHED or (reader and reader.is_staff)):
        abort(404)
    head = metadata.of_page(house(), found)
    return page(
        "magazine/page.html",
        page=found,
        body=Markup(found.body_html),  # noqa: S704 - cleaned when saved
        head=head if found.status is Status.PUBLISHED else metadata.hidden(head),
    )
