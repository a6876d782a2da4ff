"""A running sandbox for tests: the real server on a free port, the real client, a receiver of webhooks."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import stripe

from stripe_sandbox import create_sandbox
from stripe_sandbox.server import Server
from tests.sandbox_types import problems

KEY = "sk_test_sandbox"
CARD = {
    "email": "robin@example.org",
    "card_number": "4242 4242 4242 4242",
    "card_expiry": "12/34",
    "card_cvc": "123",
    "name": "Robin Aldermeer",
}


class Running:
    """The sandbox at `base`, and the client's `v1` pointed at it by address alone."""

    def __init__(self, state: Path, clock: Callable[[], float] = time.time, port: int = 0) -> None:
        self.app = create_sandbox(state, clock)
        self.server = Server(("127.0.0.1", port), self.app)
        self.port = self.server.server_port
        self.base = f"http://127.0.0.1:{self.port}"
        self.v1 = client(self.base).v1
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.app.close()

    def pay(self, url: str, **typed: str) -> requests.Response:
        return requests.post(url, CARD | typed, allow_redirects=False, timeout=10)

    def backstage(self, path: str, body: dict[str, Any] | None = None) -> Any:
        reply = requests.post(f"{self.base}/_sandbox/{path}", json=body or {}, timeout=10)
        reply.raise_for_status()
        return reply.json()


class Checked(stripe.RequestsClient):
    """The client's transport, which holds every good reply against the library's own types."""

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        body, status, reply_headers = super().request(method, url, headers, post_data)
        if status == 200:
            wrong = problems(json.loads(body))
            assert not wrong, wrong
        return body, status, reply_headers


def client(base: str, retries: int = 0, key: str = KEY) -> stripe.StripeClient:
    addresses = dict.fromkeys(("api", "files", "connect", "meter_events"), base)
    return stripe.StripeClient(key, base_addresses=addresses, max_network_retries=retries, http_client=Checked())


@contextmanager
def running(state: Path, **options: Any) -> Iterator[Running]:
    sandbox = Running(state, **options)
    try:
        yield sandbox
    finally:
        sandbox.close()


class Receiver:
    """Keeps what is posted to it; `answers` are the statuses it gives, 200 when they run out."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((body, self.headers["Stripe-Signature"]))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body, _ in self.got]

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def until(true: Callable[[], Any], seconds: float = 8.0) -> Any:
    """Waits for it; fails when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def session_data(**changes: Any) -> dict[str, Any]:
    """Parameters of a one-off sale of US$400.00."""
    product = {"name": "China Internet Report, Pro Edition"}
    line = {"price_data": {"currency": "usd", "unit_amount": 40000, "product_data": product}, "quantity": 1}
    return {
        "mode": "payment",
        "line_items": [line],
        "success_url": "http://127.0.0.1:9/orders/1?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/offers/report",
    } | changes


def gift_data(**changes: Any) -> dict[str, Any]:
    """Parameters of a monthly gift of €10.00."""
    price = {
        "currency": "eur",
        "unit_amount": 1000,
        "recurring": {"interval": "month"},
        "product_data": {"name": "Monthly gift"},
    }
    return session_data(mode="subscription", line_items=[{"price_data": price, "quantity": 1}]) | changes
