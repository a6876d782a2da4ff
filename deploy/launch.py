"""`make run`: site, worker and Stripe sandbox, started with one command and ended with Ctrl-C.

Standard library only, because it runs before anything is installed, and no syntax newer than Python 3.6, so
that environment.py can tell an old Python so.
"""

import http.client
import json
import os
import re
import shlex
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from environment import ROOT, lock_now, prepare
from processes import Children, Failed, Refused, finish, say, step
from settings import DEMO_PASSWORDS, NAMED, Plan, plan, read_settings, readable_password, write_settings

PATIENCE = 60  # seconds a part may take until it answers
API_VERSION = "2026-10-28.endive"

SERVER = ["--config", ROOT / "deploy" / "gunicorn.conf.py"]
WEBHOOK = re.compile(r"http://127\.0\.0\.1:\d+/stripe/webhook")

ADDRESSES = """
The magazine   {site}/
Its desk       {site}/desk
"""
SANDBOX_ADDRESSES = """\
Its mail       {site}/mail
The sandbox    {sandbox}/_sandbox/ (stands in for Stripe: no real money moves)
"""
SIGN_INS = """
Sign in at {site}/account/login
  reader@upstairs.example   {DEMO_READER_PASSWORD}
  patron@upstairs.example   {DEMO_PATRON_PASSWORD}
  editor@upstairs.example   {DEMO_EDITOR_PASSWORD}
"""
THINGS_TO_TRY = """
Five things to try
  1. Read the lead story as a visitor: {site}/
  2. Give €10 each month with card 4242 4242 4242 4242, any later date, any CVC: {site}/donate
  3. Redeem a code: {site}/offers/china-internet-report?code=WHATSONWEIBO30
  4. Sign in as the patron and open a patrons’ story: {site}/
  5. Sign in as the editor and write a story: {site}/desk
"""
EMPTY = """
No demo magazine here. To make an account for the desk, in another terminal:
  DATA={data} {python} -m flask create-user you@example.org --role owner
"""


def run(children: Children) -> None:
    data = Path(ROOT, os.environ.get("DATA") or "instance").absolute()
    lock = open_data(data)
    try:
        file = data / "settings.env"
        kept = read_settings(file)
        now = plan(dict(os.environ), kept)
        refuse_busy_ports(now)
        python = prepare(children, ROOT / "requirements.txt")
        write_settings(file, now.kept)

        launch = Launch(children, python, data, now)
        if now.sandbox:
            launch.start_sandbox()
            write_settings(file, launch.connect_webhook())
        launch.command("Bringing the database up to date", "migrate", ["db", "upgrade"])
        sign_ins = launch.load_demo(file, kept) if now.demo else demo_passwords(kept)
        launch.start_site()
        say(launch.welcome(sign_ins))
        while True:
            children.pause(0.2)
    finally:
        children.stop()
        os.close(lock)  # only now may another launcher have the folder


def open_data(data: Path) -> int:
    """Make the folder where need be and take it for this process. Returns the open lock.

    Raises Refused where it cannot be written, or when another `make run` has it.
    """
    try:
        if not data.exists() or not any(data.iterdir()):
            data.mkdir(parents=True, exist_ok=True)
            data.chmod(0o700)  # a folder that was there with something in it keeps the mode it has
        (data / "logs").mkdir(exist_ok=True)
        handle = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        why = f"{data} cannot be written: {error.strerror}"
        raise Refused(f"{why}. Name another folder: make run DATA=…") from error
    if not lock_now(handle):
        raise Refused(f"Another make run is at work on {data}; stop it, or name another folder with DATA=…")
    return handle


def refuse_busy_ports(now: Plan) -> None:
    """Raise Refused, naming the port and the variable that changes it."""
    wanted = {"PORT": now.port, "SANDBOX_PORT": now.sandbox_port}
    for name, port in wanted.items():
        if name == "SANDBOX_PORT" and not now.sandbox:
            continue
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                door.bind(("127.0.0.1", port))
            except PermissionError as error:
                advice = f"choose one above 1023: make run {name}=…"
                raise Refused(f"Port {port} needs more rights than you have; {advice}") from error
            except OSError as error:
                raise Refused(f"Port {port} is in use; choose another: make run {name}=…") from error


class Launch:
    """The parts of one run, in the order they are started."""

    def __init__(self, children: Children, python: Path, data: Path, now: Plan) -> None:
        self.children, self.python, self.data, self.now = children, python, data, now
        self.bare = {name: value for name, value in os.environ.items() if name not in NAMED}
        self.bare.pop("GUNICORN_CMD_ARGS", None)
        local = [self.bare.get("no_proxy") or self.bare.get("NO_PROXY") or "", "127.0.0.1", "localhost"]
        self.bare["no_proxy"] = self.bare["NO_PROXY"] = ",".join(filter(None, local))
        self.bare["PYTHONUNBUFFERED"] = "1"  # so that a log is whole when a part dies
        self.env = {**self.bare, **now.passed, "DATA": str(data), "FLASK_APP": "app.py", "FLASK_DEBUG": "0"}

    def log(self, name: str) -> Path:
        return self.data / "logs" / f"{name}.log"

    def command(self, title: str, name: str, arguments: list[str], **more: str) -> str:
        """Run `flask …` to its end and return what it printed."""
        log, flask = self.log(name), [self.python, "-m", "flask"]
        with step(title):
            self.children.run(title, [*flask, *arguments], log, cwd=ROOT, env={**self.env, **more})
        return log.read_text("utf-8", "replace")

    def start(self, name: str, *arguments: str | Path, env: dict[str, str]) -> None:
        self.children.start(name, [self.python, "-m", *arguments], self.log(name), cwd=ROOT, env=env)

    def start_sandbox(self) -> None:
        """Start Stripe's stand-in, which is told nothing of the magazine."""
        port, state = self.now.sandbox_port, self.data / "sandbox"
        with step("Starting the Stripe sandbox"):
            self.start("sandbox", "stripe_sandbox", "--port", str(port), "--state", state, env=self.bare)
            self.wait_for("sandbox", lambda: status(port, "/", f"127.0.0.1:{port}") is not None)

    def connect_webhook(self) -> dict[str, str]:
        """See that the sandbox delivers to this run's address; returns the secret it signs with."""
        url = f"http://127.0.0.1:{self.now.port}/stripe/webhook"
        secret = self.env.get("STRIPE_WEBHOOK_SECRETS", "")
        connected = False
        for endpoint in self.stripe("GET", "/v1/webhook_endpoints?limit=100")["data"]:
            if endpoint["url"] == url and secret and endpoint["status"] == "enabled":
                connected = True
            elif WEBHOOK.fullmatch(endpoint["url"]):  # of an earlier port, or its secret is lost
                self.stripe("DELETE", "/v1/webhook_endpoints/" + endpoint["id"])
        if not connected:
            wish = {"url": url, "enabled_events[0]": "*", "api_version": API_VERSION}
            secret = self.stripe("POST", "/v1/webhook_endpoints", wish)["secret"]
        self.env["STRIPE_WEBHOOK_SECRETS"] = secret
        return {"STRIPE_WEBHOOK_SECRETS": secret}

    def stripe(self, method: str, path: str, form: dict[str, str] | None = None) -> dict:
        """Call the sandbox as Stripe's API is called. Raises Failed with its answer when it says no."""
        headers = {"Authorization": "Bearer " + self.env["STRIPE_SECRET_KEY"]}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line = http.client.HTTPConnection("127.0.0.1", self.now.sandbox_port, timeout=PATIENCE)
        try:
            line.request(method, path, urlencode(form or {}), headers)
            reply = line.getresponse()
            answer = json.loads(reply.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            where = f"(its log: {self.log('sandbox')})"
            raise Failed(f"The sandbox did not answer {method} {path}: {error} {where}") from error
        finally:
            line.close()
        if reply.status != 200:
            raise Failed(f"The sandbox refused {method} {path}: {answer}")
        return answer

    def load_demo(self, file: Path, kept: dict[str, str]) -> dict[str, str]:
        """Load the demo magazine into an empty database; returns the passwords, or none if there is none."""
        passwords = {name: kept.get(name) or readable_password() for name in DEMO_PASSWORDS}
        write_settings(file, passwords)  # first: accounts whose passwords are lost could not be used
        said = self.command("Loading the demo magazine", "demo", ["demo", "--if-empty"], **passwords)
        if not said.strip() and not demo_passwords(kept):  # it found articles or accounts of the person's own
            write_settings(file, dict.fromkeys(passwords))
            return {}
        return passwords

    def start_site(self) -> None:
        """Start the worker, then the site, and wait until the site says that all it needs is there."""
        with step("Opening the site"):
            self.start("worker", "flask", "worker", env=self.env)
            address = f"127.0.0.1:{self.now.port}"
            self.start("site", "gunicorn", *SERVER, "--bind", address, "app:create_app()", env=self.env)
            host = urlsplit(self.env["SITE_URL"]).netloc
            self.wait_for("site", lambda: status(self.now.port, "/readyz", host) == 200)

    def wait_for(self, name: str, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not answers():
            if time.monotonic() > deadline:
                late = f"The {name} was not ready within {PATIENCE} seconds"
                raise Failed(f"{late} (its log: {self.log(name)})")
            self.children.pause()

    def welcome(self, sign_ins: dict[str, str]) -> str:
        text = ADDRESSES + (SANDBOX_ADDRESSES if self.now.sandbox else "") + (SIGN_INS if sign_ins else EMPTY)
        if sign_ins and self.now.sandbox:
            text += THINGS_TO_TRY
        text += "\nCtrl-C stops everything."
        return text.format(
            site=self.env["SITE_URL"].rstrip("/"),
            sandbox=self.env.get("STRIPE_API_BASE"),
            data=shlex.quote(str(self.data)),
            python=shlex.quote(str(self.python)),
            **sign_ins,
        )


def demo_passwords(kept: dict[str, str]) -> dict[str, str]:
    """Return the demo's passwords where an earlier run loaded it, or nothing."""
    found = {name: kept[name] for name in DEMO_PASSWORDS if kept.get(name)}
    return found if len(found) == len(DEMO_PASSWORDS) else {}


def status(port: int, path: str, host: str) -> int | None:
    """Return the status of a GET to this machine, or None where nobody answers."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", path, headers={"Host": host})
        return line.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        line.close()


if __name__ == "__main__":
    sys.exit(finish(run, when_stopped=0))
