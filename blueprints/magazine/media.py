"""Pictures."""

from flask import abort, current_app, send_from_directory
from flask.typing import ResponseReturnValue

from blueprints.magazine.area import bp
from models import Picture

# A drawing may style itself, and nothing else.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@bp.get("/media/<key>")
def media(key: str) -> ResponseReturnValue:
    """A picture; what may be shown is what a Picture row names."""
    picture = Picture.by_key(key) or abort(404)
    folder = current_app.config["DATA"] / "media"
    name = picture.file_name
    response = send_from_directory(folder.resolve(), name, mimetype=picture.content_type, max_age=86400)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return response
