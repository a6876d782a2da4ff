"""Addresses that are keys never stand in a log: with a real gunicorn and a real nginx, in answers and in errors."""

import logging
import runpy
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.edge import as_shipped
from tests.launched import DEPLOY, free_ports, surroundings

KEY = "kEy-" + "k" * 28
ASKED = [
    f"/articles/a-story?gift={KEY}",
    f"/articles/a-story?utm_source=mail&gift={KEY}&x=1",
    f"/feeds/{KEY}/feed.xml",
    f"/feeds/{KEY}/no-such-format",
]


@contextmanager
def running(command: list[Any], log: Path, **given: Any) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=subprocess.STDOUT, **given)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def get(port: int, path: str, host: str) -> int:
    """The status, once somebody listens."""
    headers = {"Host": host, **({"Referer": f"http://{host}/articles/a-story?gift={KEY}"} if KEY in path else {})}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    for _ in range(300):
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError("nobody listens")


def test_neither_the_access_log_nor_the_error_log_of_gunicorn_has_a_key(tmp_path: Path) -> None:
    [port] = free_ports(1)
    given = surroundings(DATA=tmp_path / "data", SECRET_KEY="for tests only", SITE_URL=f"http://127.0.0.1:{port}")
    given |= {
        "STRIPE_SECRET_KEY": "sk_test_x",
        "STRIPE_WEBHOOK_SECRETS": "whsec_x",
        "STRIPE_API_BASE": "http://127.0.0.1:1",
    }
    config, lines = DEPLOY / "gunicorn.conf.py", "%(r)s | %(U)s | %(q)s | %(f)s | %({raw_uri}e)s"
    command = [sys.executable, "-m", "gunicorn", "-c", config, "-b", f"127.0.0.1:{port}", "--workers", "1"]
    command += ["--access-logfile", "-", "--access-logformat", lines, "--log-level", "debug", "app:create_app()"]
    log = tmp_path / "log"
    with running(command, log, cwd=DEPLOY.parent, env=given):
        statuses = [get(port, path, f"127.0.0.1:{port}") for path in ASKED]
    said = log.read_text()
    assert statuses == [500] * 4, "there is no database: each is an error, which the log tells of"
    assert "Exception on /feeds/.../feed.xml [GET]" in said and "Exception on /articles/a-story [GET]" in said
    assert said.count("GET /articles/a-story?gift=... HTTP/1.1") == 1 and "&gift=...&x=1" in said
    assert KEY not in said


def test_errors_of_gunicorn_itself_have_no_key() -> None:
    """They tell of an address when the connection breaks under an answer, which no test can time."""
    config = runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))

    record = logging.LogRecord("gunicorn.error", 40, "", 1, "Error handling request %s %s", ("GET", ASKED[1]), None)
    assert config["Masked"]().filter(record)
    assert record.getMessage() == "Error handling request GET /articles/a-story?utm_source=mail&gift=...&x=1"


@pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx on this machine")
def test_neither_log_of_nginx_has_a_key(tmp_path: Path) -> None:
    """With the shipped file, TLS taken out, and nobody behind it, so that each answer is an error too."""
    port, nobody = free_ports()
    (tmp_path / "site.conf").write_text(as_shipped(port, nobody, tmp_path))
    (tmp_path / "crawlers.conf").touch()
    main = tmp_path / "nginx.conf"

    temp = "".join(
        f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main.write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/errors info; events {{}}"
        f"http {{ {temp} include {tmp_path}/site.conf; }}"
    )
    with running(["nginx", "-c", main, "-e", tmp_path / "errors"], tmp_path / "said"):
        assert get(port, "/about", "127.0.0.1") == 502, (tmp_path / "said").read_text()
        assert [get(port, path, "127.0.0.1") for path in ASKED] == [502] * 4
    access, errors = (tmp_path / "access").read_text(), (tmp_path / "errors").read_text()
    assert "GET /articles/a-story?gift=... HTTP/1.1" in access and "gift=...&x=1" in access
    assert "GET /feeds/.../feed.xml HTTP/1.1" in access
    assert "GET /about" in errors, "other errors are written as ever"
    assert KEY not in access + errors + (tmp_path / "said").read_text()
