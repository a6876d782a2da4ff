"""Style and script, packed once for everybody. nginx does the same before us; a site alone has it from here."""

import gzip
import mimetypes
import os
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.security import safe_join

from blueprints.caching.entry import takes_gzip

PACKED = {".css", ".js", ".svg"}


@lru_cache(maxsize=100)
def packed(path: str, _changed: float) -> bytes:
    return gzip.compress(Path(path).read_bytes(), mtime=0)  # as small as it gets: once for each process


def init_app(app: Flask) -> None:
    def static(filename: str) -> Response:
        """A file of static/, packed for who takes it so."""
        if Path(filename).suffix not in PACKED:
            return app.send_static_file(filename)
        path = safe_join(str(app.static_folder), filename)
        if path is None or not os.path.isfile(path) or not takes_gzip(request.headers.get("Accept-Encoding", "")):
            response = app.send_static_file(filename)
        else:
            response = Response(packed(path, os.stat(path).st_mtime), mimetype=mimetypes.guess_type(path)[0])
            response.headers["Content-Encoding"] = "gzip"
            response.cache_control.public, response.cache_control.max_age = True, app.get_send_file_max_age(filename)
            response.add_etag()
            response.make_conditional(request)
        response.vary.add("Accept-Encoding")
        return response

    app.view_functions["static"] = static
