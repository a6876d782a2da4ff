"""Servers that a figure is taken from, and the load on them."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
SHIPPED = ROOT / "deploy" / "gunicorn.conf.py"
SECONDS = 4  # of load a figure; half of it where each story is asked for once
PATIENCE = 30  # seconds for a server to answer
TICKS = os.sysconf("SC_CLK_TCK")
PATHS = ROOT / "bench" / "paths.lua"


@dataclass(frozen=True, slots=True)
class Serving:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        return self.send("GET", path, **headers)

    def send(self, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def cpu(self) -> float:
        """Seconds of processor time that the server and its workers have used."""
        return sum(cpu_of(pid) for pid in family(self.process.pid))


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    below = [int(child) for child in children.read_text().split()] if children.exists() else []
    return [pid, *(each for child in below for each in family(child))]


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def serve(server: str, target: str, env: dict[str, str]) -> Iterator[Serving]:
    """Run `target` ("module:function" that makes the application) under "shipped" or "granian"."""
    port = free_port()
    if server == "shipped":
        command = [BIN / "gunicorn", "--config", SHIPPED, "--bind", f"127.0.0.1:{port}", f"{target}()"]
    else:
        command = [BIN / "granian", "--interface", "wsgi", "--workers", "2", "--port", str(port), "--no-log"]
        command += ["--factory", target]
    with running([str(part) for part in command], port, env) as served:
        yield served


@contextmanager
def running(command: list[str], port: int, env: dict[str, str]) -> Iterator[Serving]:
    process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
        command, env={**os.environ, **env}, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
    )
    served = Serving(port, process)
    try:
        wait(served)
        yield served
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(PATIENCE)


def wait(served: Serving) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            served.get("/")
            return
        except OSError:
            if time.monotonic() > end or served.process.poll() is not None:
                raise
            time.sleep(0.1)


def wrk(served: Serving, path: str, *more: str, seconds: int = SECONDS, after: Sequence[str] = ()) -> float:
    """Requests a second on one path, with 16 connections that take gzip. Raises on any answer that is not 2xx.

    `after`: arguments for the script.
    """
    url = f"http://127.0.0.1:{served.port}{path}"
    command = [
        str(shutil.which("wrk")),
        "-t2",
        "-c16",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-H",
        "Accept-Encoding: gzip",
        *more,
        url,
        *(["--", *after] if after else []),
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout  # noqa: S603
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    return float(found[1]) if found else 0.0


def each_once(served: Serving) -> float:
    """Requests a second over stories that nobody has asked for yet. Raises when there were too few: a 404 came."""
    return wrk(served, "/", "-s", str(PATHS), seconds=SECONDS // 2)


def median(figures: list[float]) -> float:
    return sorted(figures)[len(figures) // 2]
