"""The file of deploy/ in a real nginx: a crawler's address reaches the site, and what it gets is given to nobody else.

Skips visibly where there is no nginx; it is no service that README asks for.
"""

import http.client
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from bench.edge import NGINX, as_shipped
from models import db
from models.metering import Access
from tests.conftest import open_site
from tests.live import free_port
from tests.makers import make_article
from tests.test_crawlers import FIREFOX, GOOGLEBOT, SECRET, TEXT, let_in

PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
CRAWLER, VISITOR = "127.0.0.66", "127.0.0.1"  # Linux has all of 127.0.0.0/8; elsewhere there may be one alone
Ask = Callable[..., tuple[int, dict[str, str], str]]


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[tuple[Ask, str]]:
    """Ask nginx for an address, as from another one; and the path of a metered story."""
    if PROGRAM is None or not Path("/proc/self").exists():
        pytest.skip("no nginx on this machine (or no Linux)")
    port, site_port = free_port(), free_port()
    site = open_site(
        {
            "DATA": tmp_path / "data",
            "DATABASE_URL": "",
            "SECRET_KEY": "for tests only",
            "SITE_URL": "http://127.0.0.1",
            "STRIPE_SECRET_KEY": "sk_test_masthead",  # no sandbox: the site believes the proxy before it
            "STRIPE_WEBHOOK_SECRETS": "whsec_for_tests",
            "STRIPE_API_BASE": "",
            "TESTING": True,
        }
    )
    (tmp_path / "data" / "crawlers.txt").write_text(f"{CRAWLER}/32 Googlebot\n")
    with site.app_context():
        let_in()
        path = f"/articles/{make_article(TEXT, access=Access.METERED).slug}"
    server = make_server("127.0.0.1", site_port, site, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    home = Path(tempfile.mkdtemp(prefix="nginx-"))
    assert site.test_cli_runner().invoke(args=["crawlers", "--write", str(home / "crawlers.conf")]).exit_code == 0
    (home / "masthead.conf").write_text(as_shipped(port, site_port, home).replace("valid 200 1s", "valid 200 1h"))
    user = "user root;" if os.geteuid() == 0 else ""
    (home / "nginx.conf").write_text(NGINX.format(home=home, plain=free_port(), user=user))
    command = [PROGRAM, "-c", str(home / "nginx.conf"), "-e", str(home / "error.log"), "-g", "daemon off;"]
    nginx = subprocess.Popen(command)

    def ask(agent: str, address: str, **headers: str) -> tuple[int, dict[str, str], str]:
        wire = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=(address, 0))
        wire.request("GET", path, headers={"User-Agent": agent, **headers})
        reply = wire.getresponse()
        said = reply.status, dict(reply.getheaders()), reply.read().decode()
        wire.close()
        return said

    try:
        wait_for(lambda: ask(FIREFOX, "127.0.0.99"), nginx)
        yield ask, path
    finally:
        nginx.terminate()
        nginx.wait(10)
        server.shutdown()
        server.server_close()
        shutil.rmtree(home, ignore_errors=True)
        with site.app_context():
            db.session.remove()
            db.engine.dispose()


def wait_for(ask: Callable[[], object], process: subprocess.Popen) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            ask()
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < end, "nginx did not start"
            time.sleep(0.05)


def test_a_crawlers_address_gets_the_text_and_the_next_visitor_the_shell(behind):
    ask, _ = behind
    status, headers, text = ask(GOOGLEBOT, CRAWLER)
    assert status == 200 and SECRET in text and headers["Cache-Control"] == "private, no-store"
    status, headers, text = ask(FIREFOX, VISITOR)
    assert status == 200 and SECRET not in text and headers["Cache-Control"].startswith("public")
    assert SECRET in ask(GOOGLEBOT, CRAWLER)[2], "also now that the shell is in nginx's cache"
    assert ask(GOOGLEBOT, VISITOR)[2] == ask(FIREFOX, CRAWLER)[2] == text
    assert SECRET not in ask(GOOGLEBOT, VISITOR, **{"X-Forwarded-For": CRAWLER})[2], "nginx passes on no such header"
