"""The sandbox as a process of its own: started, stopped, killed, started again."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests
import stripe

from tests.sandbox_tools import KEY, Receiver, client, running, session_data, until

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def process(state: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "stripe_sandbox", "--port", str(port), "--state", str(state)]
    started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        assert started.stdout.readline() == f"Stripe sandbox on http://127.0.0.1:{port}/\n"
        yield started
    finally:
        if started.poll() is None:
            started.kill()
        started.communicate(timeout=10)


def test_it_says_when_it_is_ready_survives_a_kill_and_stops_at_once(tmp_path: Path) -> None:
    port = free_port()
    v1 = client(f"http://127.0.0.1:{port}").v1
    receiver = Receiver()
    receiver.answers = [500]
    with process(tmp_path / "state", port) as first:
        made = v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
        session = v1.checkout.sessions.create(session_data(), {"idempotency_key": "order:pay:1"})
        until(lambda: receiver.got)
        first.kill()
    with process(tmp_path / "state", port) as second:
        again = v1.checkout.sessions.create(session_data(), {"idempotency_key": "order:pay:1"})
        assert again.id == session.id
        until(lambda: {"product.created", "price.created"} <= set(receiver.types))
        stripe.Webhook.construct_event(*receiver.got[-1], made.secret)
        begun = time.monotonic()
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=5) == 0
        assert time.monotonic() - begun < 3
        assert second.stderr is not None
        assert second.stderr.read() == ""
    receiver.close()


def test_what_was_not_delivered_goes_out_after_a_restart(tmp_path: Path) -> None:
    receiver = Receiver()
    with running(tmp_path) as sandbox:
        sandbox.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
        sandbox.backstage("chaos", {"delay": 1.5})
        sandbox.v1.customers.create({})
    assert receiver.got == []
    with running(tmp_path):
        until(lambda: receiver.got)
    receiver.close()


def test_it_does_not_wait_for_a_receiver_that_hangs(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with running(tmp_path) as sandbox:
            sandbox.v1.webhook_endpoints.create({"url": url, "enabled_events": ["*"]})
            sandbox.v1.customers.create({})
            caller, _ = silent.accept()
            begun = time.monotonic()
        assert time.monotonic() - begun < 3
        caller.close()
    with running(tmp_path) as sandbox:
        assert len(sandbox.v1.events.list({"delivery_success": False}).data) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--port", "0", "--host", "0.0.0.0"], "not a loopback address"),
        (["--port", "0", "--state", "/proc/none"], "cannot keep its state"),
    ],
)
def test_it_refuses_in_one_sentence(tmp_path: Path, options: list[str], said: str) -> None:
    command = [sys.executable, "-m", "stripe_sandbox", "--state", str(tmp_path), *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert ended.returncode != 0
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "stripe_sandbox", "--state", str(tmp_path), "--port", port]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Port {port} cannot be had")


def test_connections_are_kept_and_answers_have_a_length(tmp_path: Path) -> None:
    with running(tmp_path) as sandbox:
        connection = HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
        for _ in range(3):
            connection.request("GET", "/v1/customers", headers={"Authorization": f"Bearer {KEY}"})
            socket_used = connection.sock
            reply = connection.getresponse()
            assert reply.version == 11
            assert int(reply.headers["Content-Length"]) == len(reply.read())
            assert connection.sock is socket_used
        connection.close()


def test_many_callers_at_once(tmp_path: Path) -> None:
    """One account, one file: nobody meets a locked database."""
    import threading

    with running(tmp_path) as sandbox:
        wrong: list[BaseException] = []

        def work() -> None:
            try:
                v1 = client(sandbox.base).v1
                for _ in range(5):
                    v1.customers.create({"email": "a@b.example"})
                    v1.customers.list({"limit": 1})
            except BaseException as error:
                wrong.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(sandbox.v1.customers.list({"limit": 100}).data) == 40
        assert requests.get(f"{sandbox.base}/", timeout=10).status_code == 200
