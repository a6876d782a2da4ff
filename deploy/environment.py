"""Makes .venv and installs into it exactly what a lock file names.

`python3 deploy/environment.py requirements-dev.txt` is what `make test` calls first. Standard library only,
and no syntax newer than Python 3.6, so that an old Python can be told so in a sentence.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the reader may well have an older one
    found = "{} is Python {}.{}".format(sys.executable, *sys.version_info[:2])
    sys.stderr.write("Masthead needs Python 3.11 or newer; " + found + ". Name one: make run PYTHON=python3.12\n")
    sys.exit(2)

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sysconfig
from contextlib import contextmanager
from pathlib import Path

from processes import Children, Failed, Refused, finish, last_line, say, step

ROOT = Path(__file__).resolve().parent.parent
UNFINISHED = ".masthead-unfinished"


def prepare(children: Children, lock: Path, venv: Path = ROOT / ".venv") -> Path:
    """Return a Python that has all that `lock` names, installing it first where need be.

    MASTHEAD_VENV names an environment to use as it is. Raises Refused or Failed with a sentence.
    """
    given = os.environ.get("MASTHEAD_VENV")
    if given:
        venv = Path(given).absolute()
        if not python_of(venv).exists():
            raise Refused(f"MASTHEAD_VENV is {given}, and there is no bin/python in it.")
        return python_of(venv)

    if not is_ready(venv, lock):
        with sole_installer(children, venv.parent):
            if not is_ready(venv, lock):  # another make may have done it while we waited
                install(children, venv, lock)
    return python_of(venv)


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def stamp(lock: Path) -> str:
    """Name the file that says: this lock is installed, for this Python on this kind of machine."""
    machine = f"{sys.version_info[:2]} {sysconfig.get_platform()}".encode()
    return ".masthead-" + hashlib.sha256(machine + lock.read_bytes()).hexdigest()[:16]


def is_ready(venv: Path, lock: Path) -> bool:
    return (venv / stamp(lock)).exists() and python_of(venv).exists() and not (venv / UNFINISHED).exists()


def is_sound(venv: Path) -> bool:
    """Say whether packages can be added to what is there: whole, and made by this version of Python."""
    if (venv / UNFINISHED).exists() or not python_of(venv).exists():
        return False
    question = "import pip, sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([python_of(venv), "-c", question], capture_output=True, text=True)  # noqa: S603
    except OSError:
        return False
    return answer.stdout.split() == [str(part) for part in sys.version_info[:2]]


@contextmanager
def sole_installer(children: Children, folder: Path):
    """Let one process at a time install."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        while not lock_now(handle):
            children.pause(0.2)
        yield
    finally:
        os.close(handle)


def lock_now(handle: int) -> bool:
    """Take the lock on an open file or folder, which ends with this process; False if another has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def install(children: Children, venv: Path, lock: Path) -> None:
    """Bring the environment to what `lock` names; a broken or unfinished one is made again."""
    log = venv / "install.log"
    try:
        if not is_sound(venv):
            make(children, venv, log)
        (venv / UNFINISHED).touch()
        current = {stamp(each) for each in lock.parent.glob("requirements*.txt")}
        for old in venv.glob(".masthead-*"):  # a lock that comes back later must be installed again
            if old.name not in current | {UNFINISHED}:
                old.unlink()
    except OSError as error:
        raise Refused(f"{venv} cannot be written: {error.strerror}.") from error

    command = [python_of(venv), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    with step(f"Installing what {lock.name} names (once; a minute or less)"):
        try:
            children.run("Installing", [*command, "--require-hashes", "-r", lock], log)
        except Failed as failure:
            why = f"{last_line(log)} (the whole log: {log})"
            raise Refused(f"Installing failed; it needs the network this once. pip said: {why}") from failure
    (venv / stamp(lock)).touch()
    (venv / UNFINISHED).unlink()


def make(children: Children, venv: Path, log: Path) -> None:
    """Make an empty environment in place of whatever is there."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        how = "On Debian and Ubuntu: sudo apt install python3-venv"
        raise Refused(f"{sys.executable} cannot make a virtual environment. {how}")
    if venv.exists():
        shutil.rmtree(venv)
    venv.mkdir()
    (venv / UNFINISHED).touch()
    with step(f"Making {venv.name} with Python {sys.version.split()[0]}"):
        children.run("Making the virtual environment", [sys.executable, "-m", "venv", venv], log)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        say("Usage: python3 deploy/environment.py requirements.txt")
        sys.exit(2)
    sys.exit(finish(lambda children: prepare(children, ROOT / sys.argv[1]), when_stopped=130))
