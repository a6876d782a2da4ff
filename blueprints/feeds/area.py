"""The feeds' blueprint, and how its answers go out: the same for everybody, shared, with 304 for what is known."""

import re

from flask import Blueprint, Response, current_app

from blueprints import login

bp = Blueprint("feeds", __name__)

# What XML 1.0 cannot hold, not even as a reference (section 2.2, Char).
NO_XML = re.compile("[^\\t\\n\\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def for_xml(text: str) -> str:
    return NO_XML.sub("", text)


def render(template: str, **values: object) -> str:
    """A template with its values alone: what pages are given about the reader is no business of a feed."""
    return current_app.jinja_env.get_template(f"feeds/{template}").render(**values)


def answer(body: str, kind: str) -> Response:
    """Known again by its ETag alone: a date cannot tell that a story was taken back or an author renamed."""
    return login.share(Response(body, content_type=f"{kind}; charset=utf-8"))
