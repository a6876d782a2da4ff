"""The nginx file of deploy/ before the site, against nginx's own static speed; and how soon an edit shows there."""

import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.corpus import slug
from bench.pages import ROUNDS, STORY, Row, ratio, site_env
from bench.serving import ROOT, Serving, free_port, running, serve, wrk

EDIT_PATIENCE = 15.0  # seconds, the start of the process that edits among them
NGINX = """{user}
worker_processes 2;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{ worker_connections 512; }}
http {{
  include /etc/nginx/mime.types;
  access_log off;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/f;
  uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  include {home}/masthead.conf;
  server {{
    listen 127.0.0.1:{plain};
    location / {{ root {home}/plain; default_type text/html; gzip_static always; try_files /page.html =404; }}
  }}
}}
"""


def as_shipped(port: int, site: int, home: Path) -> str:
    """deploy/nginx.conf with its marked places filled in; without TLS, which would be measured instead of the cache."""
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    text = re.sub(r"server \{\n    listen 80;.*?\n\}\n", "", text, count=1, flags=re.S)
    text = re.sub(r"listen 443 ssl[^;]*;", f"listen 127.0.0.1:{port};", text)
    text = re.sub(r"\n\s*(?:ssl_certificate(?:_key)?|http2)\s[^;]*;", "", text)
    text = text.replace("magazine.example", "127.0.0.1").replace("127.0.0.1:5000", f"127.0.0.1:{site}")
    text = text.replace("/srv/masthead/crawlers.conf", f"{home}/crawlers.conf")
    text = text.replace("/var/log/nginx/masthead.log", f"{home}/access")
    return text.replace("/var/cache/nginx/masthead", f"{home}/cache").replace(
        "/srv/masthead/static/", f"{ROOT}/static/"
    )


@contextmanager
def edge(site: Serving, page: bytes) -> Iterator[tuple[Serving, Serving]]:
    """nginx with our file before the site, and the same nginx with the same bytes as a file."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        home, port, plain = Path(folder), free_port(), free_port()
        home.chmod(0o755)
        (home / "plain").mkdir()
        (home / "plain" / "page.html.gz").write_bytes(page)
        (home / "plain" / "page.html").write_bytes(gzip.decompress(page))
        (home / "crawlers.conf").touch()  # `flask crawlers` writes it
        # Neither writes a log: of the two, only ours would be measured with its log as well.
        quiet = re.sub(r"access_log [^;]* masthead;", "access_log off;", as_shipped(port, site.port, home))
        (home / "masthead.conf").write_text(quiet)
        user = "user root;" if os.geteuid() == 0 else ""
        (home / "nginx.conf").write_text(NGINX.format(home=home, plain=plain, user=user))
        command = [str(shutil.which("nginx") or "/usr/sbin/nginx"), "-c", f"{home}/nginx.conf", "-g", "daemon off;"]
        with running(command, port, {}) as served:
            yield served, Serving(plain, served.process)


def cached(data: Path, count: int) -> Iterator[Row]:
    """One page from nginx's cache and from its disk, in turns; then an edit, and how long until it shows."""
    path = STORY.format(slug(count - 1))
    with serve("shipped", "app:create_app", {**site_env(data), "SITE_URL": "http://127.0.0.1"}) as site:
        page = site.get(path, **{"Accept-Encoding": "gzip", "Host": "127.0.0.1"})[2]
        with edge(site, page) as (ours, plain):
            ours.get(path, **{"Accept-Encoding": "gzip"})
            pairs = [(wrk(plain, path), wrk(ours, path)) for _ in range(ROUNDS)]
            yield ratio("article behind nginx", pairs, "90 %")
            waited = [edited(data, ours, path) for _ in range(ROUNDS)]
            yield "an edit shows behind nginx after, slowest", f"{max(waited):.2f} s", "at most 1 s"


EDIT = """
import sys, time
from app import create_app
from models import Article, begin_write, db
with create_app().app_context():
    begin_write()
    Article.by_slug(sys.argv[1]).title = sys.argv[2]
    db.session.commit()
    print(time.time())
"""


def edited(data: Path, ours: Serving, path: str) -> float:
    """Seconds from the commit of a change, by another process, until a visitor who asks all the time gets it."""
    title = f"Edited at {time.time():.0f}"
    command = [sys.executable, "-c", EDIT, path.rpartition("/")[2], title]
    with subprocess.Popen(  # noqa: S603 - our own
        command, env={**os.environ, **site_env(data)}, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as editing:
        end = time.monotonic() + EDIT_PATIENCE
        while time.monotonic() < end:
            shown = title in ours.get(path)[2].decode()
            if shown:
                committed = float(editing.communicate()[0])
                return max(0.0, time.time() - committed)
            time.sleep(0.02)
    raise RuntimeError("the edit did not show")
