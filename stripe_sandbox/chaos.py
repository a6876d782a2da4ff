"""Switches that make the sandbox misbehave on purpose, as networks and payment services do.

Deliveries (`/_sandbox/chaos`), each kept until changed, and each for all events or for those whose type
begins with one of `types`:

    duplicate   true: every event is sent twice at the same moment
    reorder     true: events wait half a second and then go out newest first
    delay       seconds to wait before the first try
    drop        true: nothing is sent; the delivery counts as failed, as if all tries had been in vain
    tamper      true: one byte of the body is changed after signing
    stale       true: signed with a time stamp of an hour ago
    wrong_secret true: signed with a secret that nobody knows
    before_redirect  true: the hosted page sends the buyer back only when the events have been delivered
    times       how many more deliveries the switches hold for (left out: until cleared)

Calls (`/_sandbox/faults`): the next `remaining` calls that fit `method` and path `prefix` get one `kind` of

    status      answer `status` instead (after the parameters were checked; replayed for the same key)
    cut_before  close the connection before anything is done
    cut_after   close the connection after the commit: the caller cannot know that it worked
    slow        wait `seconds`, with the idempotency key held
"""

import json

from .store import Store, Transaction
from .wire import StripeError, Tree

DELIVERY_SWITCHES = ("duplicate", "reorder", "drop", "tamper", "stale", "wrong_secret", "before_redirect")
FAULTS = ("status", "cut_before", "cut_after", "slow")
LONGEST_DELAY = 3600


class CutConnection(Exception):
    """Raised to the server, which closes the socket without a reply."""


def settings(tx: Transaction) -> Tree:
    return {row["name"]: json.loads(row["value"]) for row in tx.sql("SELECT * FROM chaos").fetchall()}


def switch(tx: Transaction, given: Tree) -> Tree:
    """Replaces all switches of deliveries by those given; an empty set ends the chaos."""
    wanted: Tree = {}
    for name, value in given.items():
        if name in DELIVERY_SWITCHES:
            wanted[name] = truth(value)
        elif name == "delay":
            wanted[name] = _seconds(value)
        elif name == "times":
            wanted[name] = _count(value)
        elif name == "types":
            wanted[name] = value if isinstance(value, list) else str(value).replace(",", " ").split()
        else:
            raise StripeError(f"There is no switch {name}.", param=name)
    tx.sql("DELETE FROM chaos")
    for name, value in wanted.items():
        if value:
            tx.sql("INSERT INTO chaos (name, value) VALUES (?, ?)", (name, json.dumps(value)))
    return settings(tx)


def applying(tx: Transaction, type: str) -> Tree:
    """The switches for one delivery of an event of this type; counts `times` down."""
    found = settings(tx)
    if not found or not any(type.startswith(start) for start in found.get("types") or [""]):
        return {}
    if "times" in found:
        if found["times"] <= 1:
            tx.sql("DELETE FROM chaos")
        else:
            tx.sql("UPDATE chaos SET value = ? WHERE name = 'times'", (str(found["times"] - 1),))
    return found


def add_fault(tx: Transaction, given: Tree) -> Tree:
    unknown = given.keys() - {"kind", "status", "seconds", "method", "prefix", "remaining"}
    if unknown:
        raise StripeError(f"A fault has no {min(unknown)}.", param=min(unknown))
    kind = given.get("kind")
    if kind not in FAULTS:
        raise StripeError(f"`kind` is one of {', '.join(FAULTS)}.", param="kind")
    status = _count(given.get("status") or 500)
    if not 400 <= status <= 599:
        raise StripeError("`status` lies between 400 and 599.", param="status")
    values = (
        kind,
        str(given.get("method") or "").upper(),
        str(given.get("prefix") or ""),
        status,
        _seconds(given.get("seconds") or 1),
        _count(given.get("remaining") or 1),
    )
    tx.sql(
        "INSERT INTO fault (kind, method, prefix, status, seconds, remaining) VALUES (?, ?, ?, ?, ?, ?)",
        values,
    )
    return {"faults": faults(tx)}


def faults(tx: Transaction) -> list[Tree]:
    return [dict(row) for row in tx.sql("SELECT * FROM fault ORDER BY id").fetchall()]


def clear_faults(tx: Transaction) -> Tree:
    tx.sql("DELETE FROM fault")
    return {"faults": []}


def take_fault(store: Store, method: str, path: str) -> Tree | None:
    """The first fault that fits this call, used up by one."""
    with store.reading() as tx:
        if not _fitting(tx, method, path):
            return None
    with store.writing() as tx:
        found = _fitting(tx, method, path)
        if found:
            tx.sql("UPDATE fault SET remaining = remaining - 1 WHERE id = ?", (found["id"],))
            tx.sql("DELETE FROM fault WHERE remaining < 1")
        return found


def _fitting(tx: Transaction, method: str, path: str) -> Tree | None:
    for fault in faults(tx):
        if fault["method"] in ("", method) and path.startswith(fault["prefix"]):
            return fault
    return None


def truth(value: object) -> bool:
    return value in (True, 1, "1", "true", "on", "yes")


def _count(value: object) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if not 1 <= number <= 1_000_000:
        raise StripeError(f"'{value}' is not a count.")
    return number


def _seconds(value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0 <= number <= LONGEST_DELAY:
        raise StripeError(f"'{value}' is not a number of seconds up to {LONGEST_DELAY}.")
    return number
