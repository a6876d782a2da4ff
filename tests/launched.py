"""A running `make run`, for the tests that want the whole of it: site, worker and sandbox."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

DEPLOY = Path(__file__).parent.parent / "deploy"
UP = "Ctrl-C stops everything."
SETTINGS = ("PORT", "SANDBOX_PORT", "DATA", "DEMO", "SITE_URL", "SECRET_KEY", "DATABASE_URL", "MAIL_URL")


def free_ports(count=2):
    """Return ports nobody listens on at this moment."""
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [door.getsockname()[1] for door in doors]
    for door in doors:
        door.close()
    return ports


def surroundings(**settings):
    """The environment of a newcomer's terminal, with the packages these tests run on."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in SETTINGS and not name.startswith(("STRIPE_", "MAKE", "PYTEST_"))
    }
    return {**clean, "MASTHEAD_VENV": sys.prefix, **{name: str(value) for name, value in settings.items()}}


class Magazine:
    """A running `make run`."""

    def __init__(self, data, port, sandbox_port, **more):
        self.data, self.port, self.sandbox_port = data, port, sandbox_port
        self.process = subprocess.Popen(
            [sys.executable, DEPLOY / "launch.py"],
            env=surroundings(DATA=data, PORT=port, SANDBOX_PORT=sandbox_port, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()  # the others follow it
        self.process.stdout.close()
        self.process.wait()

    def wait_until_open(self):
        for line in self.process.stdout:
            self.said += line
            if UP in line:
                return
        raise AssertionError(self.said + self.logs())

    def logs(self):
        return "\n".join(f"{log.name}: {log.read_text()}" for log in self.data.glob("logs/*.log"))

    def kept(self):
        """What the launcher wrote to DATA/settings.env: secrets, addresses, the demo's passwords."""
        lines = (self.data / "settings.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def stop(self, *signals):
        for number in signals:
            self.process.send_signal(number)
            time.sleep(0.1)
        self.said += self.process.stdout.read()
        return self.process.wait(timeout=20)
