"""Idempotency keys: the first reply to a key is the reply to all later calls with it.

A key belongs to one method, path and set of parameters for 24 hours. What changes state and the reply saved
for it commit together, so a crash leaves both or neither; a call under way is known to this process only.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .store import Transaction
from .wire import StripeError, Tree

KEPT_SECONDS = 24 * 3600
LONGEST = 255


def digest(tree: Tree) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


class InFlight:
    """The keys of calls that have not been answered yet."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._guard = threading.Lock()

    @contextmanager
    def claim(self, key: str | None) -> Iterator[None]:
        """Raises 409 while another call with this key runs."""
        if key is None:
            yield
            return
        with self._guard:
            if key in self._keys:
                raise StripeError(
                    f"Another call with the idempotency key '{key}' is still under way. Try again soon.",
                    status=409,
                    code="idempotency_key_in_use",
                )
            self._keys.add(key)
        try:
            yield
        finally:
            with self._guard:
                self._keys.discard(key)


def saved_reply(tx: Transaction, key: str, path: str, tree: Tree) -> tuple[int, str, str] | None:
    """Status, body and request id of the first reply; raises when the key was used for something else."""
    row = tx.sql("SELECT * FROM reply WHERE key = ?", (key,)).fetchone()
    if row is None or row["created"] <= tx.now - KEPT_SECONDS:
        return None
    if row["path"] != path:
        raise StripeError(
            f"The idempotency key '{key}' was first used for '{row['path']}' and cannot serve '{path}'.",
            type="idempotency_error",
        )
    if row["digest"] != digest(tree):
        raise StripeError(
            f"The idempotency key '{key}' was first used with other parameters.",
            type="idempotency_error",
        )
    return row["status"], row["body"], row["request"]


def save_reply(tx: Transaction, key: str, path: str, tree: Tree, status: int, body: str) -> None:
    tx.sql("DELETE FROM reply WHERE created <= ?", (tx.now - KEPT_SECONDS,))
    tx.sql(
        "INSERT OR REPLACE INTO reply (key, path, digest, status, body, request, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, path, digest(tree), status, body, tx.request, tx.now),
    )
