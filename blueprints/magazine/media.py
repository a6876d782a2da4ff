"""Pictures and their smaller copies."""

import re

from flask import abort, current_app, send_from_directory
from flask.typing import ResponseReturnValue

from blueprints.magazine.area import bp
from models import Picture
from models.picture import COPIES

# A drawing may style itself, and nothing else.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
A_DAY, A_YEAR = 86_400, 31_536_000  # seconds
COPY = re.compile(r"(?P<key>.+)-(?P<width>[1-9][0-9]{0,4})\.(?P<ending>avif|webp)")


@bp.get("/media/<key>")
def media(key: str) -> ResponseReturnValue:
    """A picture or a copy of one; what may be shown is what a Picture row names."""
    picture, name, content_type = named(key)
    response = send_from_directory(
        (current_app.config["DATA"] / "media").resolve(),
        name,
        mimetype=content_type,
        max_age=A_YEAR if picture.is_by_content else A_DAY,
    )
    response.cache_control.immutable = picture.is_by_content
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # readers of feeds show it on pages of their own
    response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return response


def named(key: str) -> tuple[Picture, str, str]:
    """The picture meant, the name of the file, and its type."""
    found = COPY.fullmatch(key)
    if found is None:
        picture = Picture.by_key(key) or abort(404)
        return picture, picture.file_name, picture.content_type
    picture = Picture.by_key(found["key"]) or abort(404)
    if int(found["width"]) not in picture.copy_widths:
        abort(404)
    return picture, picture.copy_name(int(found["width"]), found["ending"]), COPIES[found["ending"]]
