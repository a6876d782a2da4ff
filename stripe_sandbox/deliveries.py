"""Sends events to webhook endpoints, after the commit and from threads of its own.

A delivery row is written with its event. A thread for each endpoint takes what is due, oldest first, signs it
with all live secrets and posts it. Anything but a 2xx within TIMEOUT is tried again after RETRY_AFTER; after
the last of those the delivery has failed, and `resend` is left. What was not delivered when the process ended
is delivered when it starts again.
"""

import contextlib
import hashlib
import hmac
import http.client
import json
import socket
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from .chaos import applying
from .objects.endpoints import live_secrets
from .registry import show
from .store import Store, Transaction
from .wire import Tree

TIMEOUT = 10.0  # seconds for the endpoint's answer, as Stripe's rule of thumb
# Seconds from one try to the next. Stripe takes hours and days; a developer does not want to wait for that.
RETRY_AFTER = (1, 2, 4, 8, 15, 30, 60, 120, 300)
GATHER = 0.5  # seconds that events wait for one another when chaos reorders them
IDLE = 1.0  # seconds between looks at the clock


def signature(payload: bytes, secrets: list[str], at: int) -> str:
    """The Stripe-Signature header."""
    signed = f"{at}.".encode() + payload
    marks = [f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}" for secret in secrets]
    return ",".join([f"t={at}", *marks])


class Courier:
    """Runs until `stop`. `tick` is called about once a second, for what time alone makes due."""

    def __init__(self, store: Store, tick: Any) -> None:
        self.store, self.tick = store, tick
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._busy: set[str] = set()
        self._live: set[http.client.HTTPConnection] = set()
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="courier")
        self._thread = threading.Thread(target=self._watch, name="courier-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        """Ends at once: an endpoint that is waited for is hung up on, and asked again after a restart."""
        self._stopping.set()
        self._wake.set()
        with self._guard:
            for connection in self._live:
                if connection.sock is not None:
                    with contextlib.suppress(OSError):
                        connection.sock.shutdown(socket.SHUT_RDWR)
        if self._thread.is_alive():
            self._thread.join(TIMEOUT + 1)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.tick()
                self._dispatch()
                pause = self._pause()
            except Exception:  # one bad object must not end all deliveries
                traceback.print_exc()
                pause = IDLE
            self._wake.wait(pause)
        self.store.forget_thread()

    def _dispatch(self) -> None:
        for endpoint in self._due_endpoints():
            with self._guard:
                if endpoint in self._busy:
                    continue
                self._busy.add(endpoint)
            self._pool.submit(self._drain, endpoint)

    def _due_endpoints(self) -> list[str]:
        with self.store.reading() as tx:
            rows = tx.sql("SELECT DISTINCT endpoint FROM delivery WHERE state = 'pending' AND due <= ?", (tx.time,))
            return [row["endpoint"] for row in rows.fetchall()]

    def _pause(self) -> float:
        with self.store.reading() as tx:
            row = tx.sql(
                "SELECT min(due) AS due FROM delivery WHERE state = 'pending' AND due > ?", (tx.time,)
            ).fetchone()
            return IDLE if row["due"] is None else max(0.02, min(IDLE, row["due"] - tx.time))

    def _drain(self, endpoint: str) -> None:
        try:
            while not self._stopping.is_set() and self._send_next(endpoint):
                pass
        except Exception:
            traceback.print_exc()
            self._stopping.wait(IDLE)
        finally:
            with self._guard:
                self._busy.discard(endpoint)
            self._wake.set()

    def _send_next(self, endpoint: str) -> bool:
        with self.store.writing(tell=False) as tx:
            row = tx.sql(
                "SELECT * FROM delivery WHERE endpoint = ? AND state = 'pending' AND due <= ? ORDER BY due, id LIMIT 1",
                (endpoint, tx.time),
            ).fetchone()
            if row is None:
                return False
            letter = self._letter(tx, dict(row))
        if letter is None:
            return True
        self._post(letter)
        return True

    def _letter(self, tx: Transaction, row: Tree) -> Tree | None:
        """What to send for this row, chaos applied; None when nothing is to be sent now."""
        endpoint, event = tx.find("webhook_endpoint", row["endpoint"]), tx.find("event", row["event"])
        if endpoint is None or event is None or endpoint["status"] != "enabled":
            _mark(tx, row, "failed", None, "the endpoint is gone or disabled")
            return None
        odd = {} if row["detail"] == "held" else applying(tx, event["type"])
        if odd.get("drop"):
            _mark(tx, row, "failed", None, "dropped by the chaos switch")
            return None
        if odd.get("delay") and row["tries"] == 0:
            tx.sql(
                "UPDATE delivery SET due = ?, detail = 'held' WHERE id = ?",
                (tx.time + odd["delay"], row["id"]),
            )
            return None
        if odd.get("reorder") and row["tries"] == 0:
            tx.sql(
                "UPDATE delivery SET due = ?, detail = 'held' WHERE id = ?",
                (_before_others(tx, row), row["id"]),
            )
            return None
        payload = json.dumps(show(tx, event), indent=2).encode()
        at = tx.now - 3600 if odd.get("stale") else tx.now
        secrets = ["whsec_nobody"] if odd.get("wrong_secret") else live_secrets(tx, endpoint)
        header = signature(payload, secrets, at)
        if odd.get("tamper"):
            payload = payload.replace(b'"object"', b'"Object"', 1)
        return {
            "row": row,
            "url": endpoint["url"],
            "payload": payload,
            "signature": header,
            "copies": 2 if odd.get("duplicate") else 1,
        }

    def _post(self, letter: Tree) -> None:
        twin = threading.Thread(target=self._send, args=(letter,), daemon=True)
        if letter["copies"] == 2:
            twin.start()
        status, detail = self._send(letter)
        if letter["copies"] == 2:
            twin.join()
        row = letter["row"]
        with self.store.writing(tell=False) as tx:
            tries = row["tries"] + 1
            if status is not None and 200 <= status < 300:
                _mark(tx, row, "delivered", status, "", tries)
            elif tries <= len(RETRY_AFTER):
                due = tx.time + RETRY_AFTER[tries - 1]
                _mark(tx, row, "pending", status, detail, tries, due)
            else:
                _mark(tx, row, "failed", status, detail, tries)

    def _send(self, letter: Tree) -> tuple[int | None, str]:
        """The status the endpoint answered with, and what went wrong. Redirects are not followed."""
        parts = urlsplit(letter["url"])
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port or (443 if secure else 80), timeout=TIMEOUT)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": letter["signature"],
            "User-Agent": "Stripe/1.0 (local sandbox)",
            "Accept": "*/*",
            "Connection": "close",
        }
        with self._guard:
            if self._stopping.is_set():
                return None, "stopped"
            self._live.add(connection)
        try:
            connection.request("POST", path, letter["payload"], headers)
            reply = connection.getresponse()
            text = reply.read(2000).decode("utf-8", "replace")
            return reply.status, "" if 200 <= reply.status < 300 else text[:200]
        except (OSError, http.client.HTTPException) as error:
            return None, f"{type(error).__name__}: {error}"[:200]
        finally:
            with self._guard:
                self._live.discard(connection)
            connection.close()


def _before_others(tx: Transaction, row: Tree) -> float:
    """A moment just before all that this endpoint already waits for, so that the newest goes out first."""
    first = tx.sql(
        "SELECT min(due) AS due FROM delivery WHERE endpoint = ? AND state = 'pending' AND detail = 'held' AND due > ?",
        (row["endpoint"], tx.time),
    ).fetchone()["due"]
    return first - 0.0001 if first else tx.time + GATHER


def _mark(
    tx: Transaction,
    row: Tree,
    state: str,
    status: int | None,
    detail: str,
    tries: int | None = None,
    due: float | None = None,
) -> None:
    tx.sql(
        "UPDATE delivery SET state = ?, status = ?, detail = ?, tries = ?, due = ?, changed = ? WHERE id = ?",
        (
            state,
            status,
            detail,
            row["tries"] if tries is None else tries,
            due or row["due"],
            tx.time,
            row["id"],
        ),
    )


def waiting(tx: Transaction) -> bool:
    """Whether a first try is still to be made."""
    row = tx.sql("SELECT 1 FROM delivery WHERE state = 'pending' AND tries = 0 LIMIT 1").fetchone()
    return row is not None


def resend(tx: Transaction, id: int) -> bool:
    """Puts a delivery back in the queue, delivered or not. False when there is none of this number."""
    found = tx.sql(
        "UPDATE delivery SET state = 'pending', tries = 0, due = ?, detail = 'held', changed = ? WHERE id = ?",
        (tx.time, tx.time, id),
    )
    return found.rowcount > 0
